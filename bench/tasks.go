// The peer of bench/tasks.c: the same rows, the same operations, in Go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	longEnough       = 200 * time.Millisecond
	firstCount       = 1000
	million          = 1000 * 1000
	bufferedCapacity = 1024
)

// Two goroutines yield to each other; an operation is one yield.
func yields(count uint64) {
	var group sync.WaitGroup
	group.Add(2)
	for task := 0; task < 2; task++ {
		go func() {
			for i := count / 2; i > 0; i-- {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
}

// Goroutines one by one, each started and awaited.
func spawnAndAwait(count uint64) {
	var group sync.WaitGroup
	for i := uint64(0); i < count; i++ {
		group.Add(1)
		go func() { group.Done() }()
		group.Wait()
	}
}

var crowd struct {
	left int64
	done chan uint64
}

func countDown() {
	if atomic.AddInt64(&crowd.left, -1) == 0 {
		crowd.done <- 1
	}
}

// A million goroutines that nobody awaits, until all have run.
func spawnAll(count uint64) {
	crowd.left = int64(count)
	crowd.done = make(chan uint64)
	for i := uint64(0); i < count; i++ {
		go countDown()
	}
	<-crowd.done
}

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
		<-back
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

var rows = map[string]struct {
	run        func(uint64)
	fixedCount uint64
}{
	"switch":        {yields, 0},
	"spawn-await":   {spawnAndAwait, 0},
	"spawn-million": {spawnAll, million},
	"ping-pong":     {pingPong, 0},
	"buffered":      {buffered, 0},
}

func timeOf(run func(uint64), count uint64) time.Duration {
	before := time.Now()
	run(count)
	return time.Since(before)
}

func main() {
	row, known := rows[os.Args[len(os.Args)-1]]
	if !known {
		fmt.Fprintln(os.Stderr, "bench: which row?")
		os.Exit(2)
	}
	count := uint64(firstCount)
	if row.fixedCount != 0 {
		count = row.fixedCount
	}
	took := timeOf(row.run, count)
	if row.fixedCount != 0 {
		took = timeOf(row.run, count)
	}
	for row.fixedCount == 0 && took < longEnough {
		count *= 2
		took = timeOf(row.run, count)
	}
	fmt.Printf("%.2f\n", float64(took.Nanoseconds())/float64(count))
}
