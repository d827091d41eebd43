package lgstore_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// resident gives the bytes of the process that lie in memory, after the garbage is gone.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	must(t, err)
	return pages * os.Getpagesize()
}

// Operations of all ways leave less than a byte each behind. LGSTORE_OPERATIONS says how many (default: 20,000).
func TestFlatMemory(t *testing.T) {
	operations, _ := strconv.Atoi(os.Getenv("LGSTORE_OPERATIONS"))
	if operations == 0 {
		operations = 20_000
	}
	store, accepted := open(t, memory), open(t, accepting)
	round := func(n int) {
		for i := range n / 4 {
			key := strconv.Itoa(i % 100)
			must(t, store.Put(background, place, key, user{"Ada", i}))
			if _, err := store.Get(background, place, key); err != nil {
				t.Fatal(err)
			}
			if _, err := accepted.Get(background, place, key); err == nil {
				t.Fatal("an item in an empty store")
			}
			if err := store.Put(background, nil, key, user{}); err == nil {
				t.Fatal("an item in no namespace")
			}
		}
	}
	round(operations / 2) // Pools and caches fill.
	before := resident(t)
	round(operations)
	grown := resident(t) - before
	// What allocators keep for themselves does not depend on how many there were.
	const slack = 4 << 20
	t.Logf("%d operations, %d bytes more", operations, grown)
	if grown > operations+slack {
		t.Errorf("%d operations left %d bytes", operations, grown)
	}
}
