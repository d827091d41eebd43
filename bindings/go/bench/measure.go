package main

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// held is 64 MB that live for as long as the program, as in a service: with less the collector, which starts at a
// heap of 4 MB, would run all the time.
var held = func() (all [64 << 10][]byte) {
	for i := range all {
		all[i] = make([]byte, 1<<10)
	}
	return all
}()

// A workload is one line of the table: run does n operations and fills latencies, if it keeps them.
type workload struct {
	name string
	n    int
	run  func(n int, latencies *latencies) error

	cpu, wall, allocs float64 // Microseconds and allocations per operation, of the round with least CPU.
	p50, p99          float64 // Microseconds.
	ops               float64 // Operations per second of wall.
}

// latencies of one round, in nanoseconds.
type latencies struct {
	all  []int64
	next atomic.Int64
}

func (l *latencies) add(d time.Duration) {
	if at := l.next.Add(1) - 1; int(at) < len(l.all) {
		l.all[at] = int64(d)
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs each workload rounds times, interleaved, because machines are shared, and keeps the round with
// the least CPU.
func measure(workloads []*workload, rounds int) error {
	for _, w := range workloads {
		w.cpu = math.Inf(1)
	}
	for range rounds {
		for _, w := range workloads {
			if err := w.round(); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return nil
}

func (w *workload) round() error {
	kept := &latencies{all: make([]int64, w.n)}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun, cpu := time.Now(), cpuTime()
	if err := w.run(w.n, kept); err != nil {
		return err
	}
	cpu, wall := cpuTime()-cpu, time.Since(begun)
	runtime.ReadMemStats(&after)
	n := float64(w.n)
	used := float64(cpu.Nanoseconds()) / 1e3 / n
	if used >= w.cpu {
		return nil
	}
	w.cpu, w.wall, w.ops = used, float64(wall.Nanoseconds())/1e3/n, n/wall.Seconds()
	w.allocs = float64(after.Mallocs-before.Mallocs) / n
	sorted := kept.all[:min(int(kept.next.Load()), len(kept.all))]
	slices.SortFunc(sorted, cmp.Compare[int64])
	if len(sorted) > 0 {
		w.p50, w.p99 = float64(sorted[len(sorted)/2])/1e3, float64(sorted[len(sorted)*99/100])/1e3
	}
	return nil
}

// together runs one over the numbers 0 to n-1 by so many goroutines.
func together(n, goroutines int, kept *latencies, one func(i int) error) error {
	var next atomic.Int64
	var failure atomic.Pointer[error]
	var group sync.WaitGroup
	for range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				i := int(next.Add(1) - 1)
				if i >= n || failure.Load() != nil {
					return
				}
				// Only some are timed: the clock costs a tenth of the fastest workloads.
				timed := i%16 == 0
				var begun time.Time
				if timed {
					begun = time.Now()
				}
				if err := one(i); err != nil {
					failed := err // Its own variable: only this one is allocated.
					failure.Store(&failed)
					return
				}
				if timed {
					kept.add(time.Since(begun))
				}
			}
		}()
	}
	group.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

func show(title string, workloads []*workload) {
	fmt.Printf("\n## %s\n| workload | CPU us/op | wall us/op | allocations/op | p50 us | p99 us |\n|---|---|---|---|---|---|\n", title)
	for _, w := range workloads {
		fmt.Printf("| %s | %.2f | %.2f | %.1f | %.1f | %.1f |\n", w.name, w.cpu, w.wall, w.allocs, w.p50, w.p99)
	}
}
