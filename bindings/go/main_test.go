package lgstore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

// TestMain says which library is tested, and fails when goroutines are left behind.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && endings[os.Args[1]] != nil {
		endings[os.Args[1]]() // The child of a test of process exit.
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "lgstore %s, %s\n", lgstore.Version(), libraryPath())
	code := m.Run()
	if stacks := leaked(); stacks != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", stacks)
		code = 1
	}
	os.Exit(code)
}

// libraryPath gives the file that the library was loaded from.
func libraryPath() string {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err.Error()
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if at := strings.IndexByte(lines.Text(), '/'); at >= 0 && strings.Contains(lines.Text(), "liblgstore.so") {
			return lines.Text()[at:]
		}
	}
	return "linked statically"
}

// leaked gives the stacks of goroutines other than this one and the runtime's own that do not end soon.
func leaked() string {
	var others string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		others = ""
		for i, stack := range bytes.Split(stacks, []byte("\n\n")) {
			if i > 0 && !bytes.Contains(stack, []byte("os/signal.")) && !bytes.Contains(stack, []byte("runtime.ensureSigM")) {
				others += string(stack) + "\n\n"
			}
		}
		if others == "" {
			return ""
		}
	}
	return others
}

const (
	memory    = `{"backend":"embedded","test_clock":true,"ttl":{"refresh_slack":0,"sweep_interval":null}}`
	accepting = `{"backend":"embedded","immediate":false}`
	stuck     = `{"backend":"fault","fault":{"delay_us":3600000000}}`
	panicking = `{"backend":"fault","fault":{"panic_every":1}}`
)

var (
	background = context.Background()
	place      = lgstore.NS("go", "tests")
)

// open makes a store that ends with the test. It is New, as faults would meet the opening, too.
func open(t testing.TB, config string, options ...lgstore.Option) *lgstore.Store {
	t.Helper()
	store, err := lgstore.New(config, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks that the error is an *Error with this code, and gives it.
func wantCode(t testing.TB, err error, code lgstore.Code) *lgstore.Error {
	t.Helper()
	var failure *lgstore.Error
	if !errors.As(err, &failure) || failure.Code != code || !errors.Is(err, code) {
		t.Fatalf("expected %v, got %v", code, err)
	}
	return failure
}

func wantEqual[T comparable](t testing.TB, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Fatalf("expected %v, got %v", wanted, got)
	}
}
