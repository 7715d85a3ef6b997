// Rows of goroutines alone. Go has no handles: who waits for many uses a wait group.
package main

import (
	"runtime"
	"sync"
)

const (
	million  = 1000 * 1000
	fibOf    = 30
	fibValue = 832040
	fibTasks = 2692537 // calls of fib(30)
)

// Two goroutines a worker yield to each other; an operation is one yield.
func yields(count uint64) {
	number := 2 * runtime.GOMAXPROCS(0)
	each := count / uint64(number)
	var group sync.WaitGroup
	group.Add(number)
	for task := 0; task < number; task++ {
		go func() {
			for i := each; i > 0; i-- {
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
		go group.Done()
		group.Wait()
	}
}

// A million goroutines, until all have run.
func spawnAll(count uint64) {
	var group sync.WaitGroup
	group.Add(int(count))
	for i := uint64(0); i < count; i++ {
		go group.Done()
	}
	group.Wait()
}

// What a call and its caller share: one allocation for both children.
type calls struct {
	group  sync.WaitGroup
	values [2]uint64
}

func fib(n uint64, parent *calls, child int) {
	value := n
	if n >= 2 {
		var below calls
		below.group.Add(2)
		go fib(n-1, &below, 0)
		go fib(n-2, &below, 1)
		below.group.Wait()
		value = below.values[0] + below.values[1]
	}
	parent.values[child] = value
	parent.group.Done()
}

// fib(30), every call a goroutine; an operation is one of them.
func fibByTasks(uint64) {
	var root calls
	root.group.Add(1)
	go fib(fibOf, &root, 0)
	root.group.Wait()
	if root.values[0] != fibValue {
		panic("fib(30) is another number")
	}
}
