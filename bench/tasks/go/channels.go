// Rows of goroutines with channels.
package main

import "sync"

const (
	bufferedCapacity = 1024
	ringTasks        = 503
	children         = 10
	leaves           = 1000 * 1000
)

// Two channels between two goroutines; an operation is there and back.
func pingPong(count uint64) {
	there, back := make(chan uint64), make(chan uint64)
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		for number := range there {
			back <- number
		}
		group.Done()
	}()
	for i := uint64(0); i < count; i++ {
		there <- i
		if <-back != i {
			panic("another message came back")
		}
	}
	close(there)
	group.Wait()
}

// One sender, one receiver; an operation is one message.
func buffered(count uint64) {
	there := make(chan uint64, bufferedCapacity)
	go func() {
		for i := uint64(0); i < count; i++ {
			there <- i
		}
		close(there)
	}()
	sum := uint64(0)
	for number := range there {
		sum += number
	}
	if sum != count*(count-1)/2 {
		panic("a message was lost")
	}
}

// Who receives 0 reports itself; the others pass on one less, until their channel is closed.
func passOn(in, out, end chan uint64, number uint64, group *sync.WaitGroup) {
	for hops := range in {
		if hops == 0 {
			end <- number
			continue
		}
		out <- hops - 1
	}
	group.Done()
}

// A token goes round a ring of 503 goroutines; an operation is one hop.
func threadRing(count uint64) {
	var chans [ringTasks]chan uint64
	for i := range chans {
		chans[i] = make(chan uint64)
	}
	end := make(chan uint64)
	var group sync.WaitGroup
	group.Add(ringTasks)
	for i := range chans {
		go passOn(chans[i], chans[(i+1)%ringTasks], end, uint64(i+1), &group)
	}
	chans[0] <- count
	if <-end != count%ringTasks+1 {
		panic("the token ended with another task")
	}
	for i := range chans {
		close(chans[i])
	}
	group.Wait()
}

func sky(up chan uint64, number, size uint64) {
	if size == 1 {
		up <- number
		return
	}
	below := make(chan uint64)
	size /= children
	for i := uint64(0); i < children; i++ {
		go sky(below, number+i*size, size)
	}
	sum := uint64(0)
	for i := 0; i < children; i++ {
		sum += <-below
	}
	up <- sum
}

// Skynet: ten children a node, a million leaves, each sends its number up; an operation is a leaf.
func skynet(count uint64) {
	up := make(chan uint64)
	go sky(up, 0, count)
	if <-up != count*(count-1)/2 {
		panic("the sum of skynet is another number")
	}
}
