// The peer of bench/stacks/keel in Go: goroutines that wait on one channel. They have no guards: each call
// asks whether the stack suffices, and a larger one is made when not.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "kinds" {
		fmt.Println("default")
		return
	}
	count, _ := strconv.Atoi(os.Args[2])
	input := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	input.ReadString('\n')

	gate := make(chan int)
	var unparked, unended sync.WaitGroup
	before := time.Now()
	unparked.Add(count)
	unended.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			unparked.Done()
			<-gate
			unended.Done()
		}()
	}
	unparked.Wait()
	fmt.Println("parked", time.Since(before).Microseconds())
	input.ReadString('\n')

	before = time.Now()
	close(gate)
	unended.Wait()
	fmt.Println("released", time.Since(before).Microseconds())
}
