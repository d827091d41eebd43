package lgstore_test

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	lgstore "lgstore/bindings/go"
)

// resident gives the bytes of the process that lie in memory, after the garbage is gone.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	must(t, err)
	return pages * os.Getpagesize()
}

// Operations of all ways leave less than a byte each behind. LGSTORE_OPERATIONS says how many.
func TestFlatMemory(t *testing.T) {
	operations, _ := strconv.Atoi(os.Getenv("LGSTORE_OPERATIONS"))
	if operations == 0 {
		// A slope over few operations says nothing; the test command gives 500,000, the preset soak 10 million.
		t.Skip("LGSTORE_OPERATIONS does not say how many operations")
	}
	const tunables = "GLIBC_TUNABLES"
	if os.Getenv(tunables) == "" {
		// C's allocator keeps memory back for its threads, which fills slowly and looks like a leak: in a process
		// of its own it must not.
		child := exec.Command(os.Args[0], "-test.v", "-test.timeout=4h", "-test.run=^TestFlatMemory$")
		child.Env = append(os.Environ(),
			tunables+"=glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0")
		said, err := child.CombinedOutput()
		t.Logf("%s", said)
		must(t, err)
		return
	}
	threads, err := lgstore.NewRuntime(lgstore.RuntimeOptions{Workers: 2, MaxBlockingThreads: 2})
	must(t, err)
	defer threads.Close()
	store, accepted := open(t, memory, lgstore.WithRuntime(threads)), open(t, accepting, lgstore.WithRuntime(threads))
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
	// The least of each tenth counts: what is in use for a moment is no growth.
	least := [10]int{}
	for tenth := range least {
		for part := range 10 {
			round(operations / 100)
			if now := resident(t); part == 0 || now < least[tenth] {
				least[tenth] = now
			}
		}
	}
	slope := float64(least[9]-least[2]) / (float64(operations) * 0.7)
	t.Logf("%d operations, %.3f bytes more each: %d", operations, slope, least)
	if slope >= 1 {
		t.Errorf("each operation leaves %.3f bytes", slope)
	}
}
