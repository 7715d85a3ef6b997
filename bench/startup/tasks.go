// Two goroutines exchange a message.
package main

import "os"

func main() {
	messages := make(chan string)
	go func() { messages <- "hello\n" }()
	os.Stdout.WriteString(<-messages)
}
