// The peer of bench/tasks/keel in Go: the same rows, the same operations, measured the same way.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

const longEnough = 100 * time.Millisecond

type row struct {
	name     string
	run      func(uint64)
	first    uint64 // operations of the first run; each further run has twice as many
	fixed    uint64 // not 0: this many, run twice, the second time counts
	once     bool   // run once only, and prints its figures itself
	isShared bool   // an operation's time is that of one worker
}

var rows = []row{
	{name: "switch", run: yields, first: 4096, isShared: true},
	{name: "spawn-await", run: spawnAndAwait, first: 1000},
	{name: "spawn-million", run: spawnAll, fixed: million},
	{name: "await-million", run: spawnAll, fixed: million},
	{name: "fib", run: fibByTasks, fixed: fibTasks},
	{name: "ping-pong", run: pingPong, first: 1000},
	{name: "buffered", run: buffered, first: 1000},
	{name: "threadring", run: threadRing, first: 1000},
	{name: "skynet", run: skynet, fixed: leaves},
	{name: "sleepers", run: sleepAll, fixed: sleepers * sleepsEach, once: true},
	{name: "fan-out", run: fanOut, first: 1},
}

func timeOf(run func(uint64), count uint64) time.Duration {
	before := time.Now()
	run(count)
	return time.Since(before)
}

func measure(row row) {
	count := row.first
	if row.fixed != 0 {
		count = row.fixed
	}
	took := timeOf(row.run, count)
	if row.once {
		return
	}
	if row.fixed != 0 {
		took = timeOf(row.run, count)
	}
	for row.fixed == 0 && took < longEnough {
		count *= 2
		took = timeOf(row.run, count)
	}
	each := float64(took.Nanoseconds()) / float64(count)
	if row.isShared {
		each *= float64(runtime.GOMAXPROCS(0))
	}
	fmt.Printf("time %.3f\n", each)
}

func main() {
	for _, row := range rows {
		if len(os.Args) == 2 && os.Args[1] == "rows" {
			fmt.Println(row.name)
		} else if len(os.Args) == 3 && os.Args[1] == row.name {
			measure(row)
		}
	}
}
