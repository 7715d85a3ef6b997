// What bench/tasks/work.h computes, and the rows that need it.
package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	fanOutTasks  = 64
	fanOutRounds = 480 * 1000
	fanOutSum    = 0xE2DA477939007D72
	sleepers     = 100 * 1000
	sleepsEach   = 10
)

func mix(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB
	return x ^ (x >> 31)
}

func compute(x uint64) uint64 {
	for i := 0; i < fanOutRounds; i++ {
		x = (x^(x>>29))*0xBF58476D1CE4E5B9 + 1
	}
	return x
}

// 64 goroutines that compute for a millisecond each; an operation is all of them.
func fanOut(count uint64) {
	for ; count > 0; count-- {
		var group sync.WaitGroup
		var results [fanOutTasks]uint64
		group.Add(fanOutTasks)
		for i := range results {
			go func(i int) {
				results[i] = compute(uint64(i))
				group.Done()
			}(i)
		}
		group.Wait()
		sum := uint64(0)
		for _, result := range results {
			sum += result
		}
		if sum != fanOutSum {
			panic("the sum of the fan-out is another number")
		}
	}
}

type sleeper struct {
	late, latest time.Duration
}

func (s *sleeper) nap(number uint64, group *sync.WaitGroup) {
	for i := uint64(0); i < sleepsEach; i++ {
		length := time.Duration(mix(number*sleepsEach+i)%100+1) * time.Millisecond
		before := time.Now()
		time.Sleep(length)
		late := time.Since(before) - length
		if late < 0 {
			panic("a goroutine woke too early")
		}
		s.late += late
		if late > s.latest {
			s.latest = late
		}
	}
	group.Done()
}

// 100,000 goroutines of ten sleeps each: how late they wake.
func sleepAll(count uint64) {
	crowd := make([]sleeper, sleepers)
	var group sync.WaitGroup
	group.Add(sleepers)
	for i := range crowd {
		go crowd[i].nap(uint64(i), &group)
	}
	group.Wait()
	late, latest := time.Duration(0), time.Duration(0)
	for i := range crowd {
		late += crowd[i].late
		if crowd[i].latest > latest {
			latest = crowd[i].latest
		}
	}
	fmt.Printf("late %.3f\nlatest %d.000\n", float64(late.Nanoseconds())/float64(count), latest.Nanoseconds())
}
