package main

import (
	"context"
	"encoding/json"
	"fmt"

	lgstore "lgstore/bindings/go"
)

var namespace = lgstore.NS("users", "u0001", "memories")

// keys are all keys, one after the other: they are there before, as in a service, which gets them from elsewhere.
var keys = func() string {
	var all []byte
	for n := range items {
		all = fmt.Appendf(all, "memory-%05d", n)
	}
	return string(all)
}()

func keyOf(n int) string {
	const length = len("memory-00000")
	return keys[length*n : length*(n+1)]
}

// valueOf gives item n's value of 45 bytes, what the ceilings are about, or with large of about 1 KB.
func valueOf(n int, large bool) json.RawMessage {
	if !large {
		return fmt.Appendf(nil, `{"kind":"event","score":%d.%03d,"user":"u0001"}`, n%7, n%1000)
	}
	text := fmt.Appendf(nil, `{"kind":"event","score":%d.%03d,"user":"u0001"`, n%7, n%1000)
	for paragraph := range 8 {
		text = fmt.Appendf(text, `,"text_%d":"The user said in conversation %d that item %d of the list matters to them, and asked to be reminded of it."`, paragraph, n, paragraph)
	}
	return append(text, '}')
}

// largeValues are values of 1 KB, made before: what it costs to write one down is not what is measured.
var largeValues = func() (all [1000]json.RawMessage) {
	for n := range all {
		all[n] = valueOf(n, true)
	}
	return all
}()

func largeOf(n int) json.RawMessage { return largeValues[n%len(largeValues)] }

func scattered(i int) int { return i * 7919 % items }

// openGo opens a store that holds all items.
func openGo(config string, large bool) (*lgstore.Store, error) {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	for first := 0; first < items; first += 500 {
		var batch lgstore.Batch
		for n := first; n < first+500; n++ {
			batch.Put(namespace, keyOf(n), valueOf(n, large))
		}
		if _, err := store.Batch(ctx, &batch); err != nil {
			return nil, err
		}
	}
	return store, nil
}

func gets(store *lgstore.Store, goroutines int) func(int, *latencies) error {
	ctx := context.Background()
	return func(n int, kept *latencies) error {
		return together(n, goroutines, kept, func(i int) error {
			_, err := store.Get(ctx, namespace, keyOf(scattered(i)))
			return err
		})
	}
}

func puts(store *lgstore.Store, goroutines int) func(int, *latencies) error {
	ctx := context.Background()
	return func(n int, kept *latencies) error {
		return together(n, goroutines, kept, func(i int) error {
			return store.Put(ctx, namespace, keyOf(scattered(i)), valueOf(i, false))
		})
	}
}

const acceptedConfig = `{"backend":"embedded","immediate":false}`

// againstC compares gets in memory with the C library's own, and says whether the ceilings hold.
func againstC(size, rounds int) (bool, error) {
	good := true
	for _, large := range []bool{false, true} {
		held, err := againstCWith(large, size, rounds)
		if err != nil {
			return false, err
		}
		good = good && held
	}
	return good, nil
}

func againstCWith(large bool, size, rounds int) (bool, error) {
	memory, err := openGo("memory:", large)
	if err != nil {
		return false, err
	}
	defer memory.Close()
	accepting, err := openGo(acceptedConfig, large)
	if err != nil {
		return false, err
	}
	defer accepting.Close()
	c, err := openC("memory:", large)
	if err != nil {
		return false, err
	}
	defer c.close()
	cAccepting, err := openC(acceptedConfig, large)
	if err != nil {
		return false, err
	}
	defer cAccepting.close()

	cImmediate := &workload{name: "C, get, immediate", n: 4 * size, run: func(n int, _ *latencies) error { return c.immediate(n) }}
	goImmediate := &workload{name: "Go, get, immediate", n: 4 * size, run: gets(memory, 1)}
	cAccepted := &workload{name: "C, get, accepted, 64 in flight", n: size, run: func(n int, _ *latencies) error { return cAccepting.accepted(n, 64) }}
	goAccepted := &workload{name: "Go, get, accepted, 64 in flight", n: size, run: gets(accepting, 64)}
	cOne := &workload{name: "C, get, accepted, 1 in flight", n: size / 10, run: func(n int, _ *latencies) error { return cAccepting.accepted(n, 1) }}
	goOne := &workload{name: "Go, get, accepted, 1 in flight", n: size / 10, run: gets(accepting, 1)}
	goPut := &workload{name: "Go, put, 64 in flight", n: size / 2, run: puts(memory, 64)}
	workloads := []*workload{cImmediate, goImmediate, cAccepted, goAccepted, cOne, goOne, goPut}
	if err := measure(workloads, rounds); err != nil {
		return false, err
	}
	if large {
		show("The binding beside the C library, in memory, values of 1 KB", workloads)
		return true, nil
	}
	show("The binding beside the C library, in memory, values of 45 bytes", workloads)
	good := ceiling("CPU beyond C of a get, immediate, us", goImmediate.cpu-cImmediate.cpu, 1)
	good = ceiling("CPU beyond C of a get, accepted at 64, us", goAccepted.cpu-cAccepted.cpu, 3) && good
	good = ceiling("allocations of a get, immediate", goImmediate.allocs, 3.05) && good
	return ceiling("allocations of a get, accepted at 64", goAccepted.allocs, 3.05) && good, nil
}

func ceiling(what string, got, most float64) bool {
	verdict := "holds"
	if got > most {
		verdict = "DOES NOT HOLD"
	}
	fmt.Printf("%s: %.2f, at most %.2f: %s\n", what, got, most, verdict)
	return got <= most
}
