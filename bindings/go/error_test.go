package lgstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func TestErrors(t *testing.T) {
	failing := open(t, `{"backend":"fault","fault":{"fail_every":1}}`)
	failure := wantCode(t, failing.Put(background, place, "k", struct{}{}), lgstore.ErrUnavailable)
	if !failure.Retryable || !failure.Temporary() || failure.Op != lgstore.OpPut || failure.Timeout() {
		t.Errorf("%#v", failure)
	}
	if errors.Is(failure, lgstore.ErrBusy) || errors.Is(failure, context.Canceled) || errors.Is(failure, context.DeadlineExceeded) {
		t.Errorf("matches what it is not: %v", failure)
	}
	wantEqual(t, fmt.Sprintf("%.26s", failure.Error()), "lgstore: put: unavailable:")

	limited := open(t, `{"rate_limit":{"operations":{"put":{"requests_per_minute":1,"burst":1}}}}`)
	must(t, limited.Put(background, place, "k", struct{}{}))
	failure = wantCode(t, limited.Put(background, place, "k", struct{}{}), lgstore.ErrRateLimited)
	if failure.RetryAfter < 30*time.Second || failure.RetryAfter > time.Minute {
		t.Errorf("retry after %v", failure.RetryAfter)
	}

	breaking := open(t, `{"backend":"fault","fault":{"fail_first":1},"breaker":{"enabled":true,"failure_threshold":1,"timeout":3600}}`)
	wantCode(t, breaking.Put(background, place, "k", struct{}{}), lgstore.ErrUnavailable)
	wantCode(t, breaking.Put(background, place, "k", struct{}{}), lgstore.ErrCircuitOpen)
	must(t, breaking.ResetBreaker())
	must(t, breaking.Put(background, place, "k", struct{}{}))

	// A panic inside is an error, and the store goes on.
	panics := open(t, panicking)
	for range 3 {
		wantCode(t, panics.Put(background, place, "k", struct{}{}), lgstore.ErrPanic)
	}
	busy := open(t, `{"backend":"fault","fault":{"delay_us":3600000000},"limits":{"inflight_operations":1}}`, lgstore.WithDrainTimeout(0))
	ctx, cancel := context.WithCancel(background)
	first := make(chan error)
	go func() { first <- busy.Put(ctx, place, "k", struct{}{}) }()
	waitInFlight(t, busy, 1)
	wantEqual(t, wantCode(t, busy.Put(background, place, "k", struct{}{}), lgstore.ErrBusy).Retryable, true)
	cancel()
	wantCode(t, <-first, lgstore.ErrCancelled)
	_, err := busy.Call(background, 4711, nil)
	wantCode(t, err, lgstore.ErrUnsupported)
}

// Every code has the name that the library knows it by, and no two share one.
func TestCodes(t *testing.T) {
	names := map[string]lgstore.Code{}
	for number := range lgstore.Code(1000) {
		if name := number.String(); name != "unknown" {
			names[name] = number
		}
	}
	for name, code := range map[string]lgstore.Code{
		"ok": 0, "invalid_arg": lgstore.ErrInvalidArg, "utf8": lgstore.ErrUTF8, "json": lgstore.ErrJSON,
		"unsupported": lgstore.ErrUnsupported, "abi_mismatch": lgstore.ErrABIMismatch,
		"would_deadlock": lgstore.ErrWouldDeadlock, "closed": lgstore.ErrClosed, "forked": lgstore.ErrForked,
		"busy": lgstore.ErrBusy, "timeout": lgstore.ErrTimeout, "cancelled": lgstore.ErrCancelled,
		"not_found": lgstore.ErrNotFound, "conflict": lgstore.ErrConflict, "corrupt": lgstore.ErrCorrupt,
		"unavailable": lgstore.ErrUnavailable, "rate_limited": lgstore.ErrRateLimited,
		"unknown_outcome": lgstore.ErrUnknownOutcome, "full": lgstore.ErrFull, "read_only": lgstore.ErrReadOnly,
		"backend": lgstore.ErrBackend, "unauthorized": lgstore.ErrUnauthorized, "overloaded": lgstore.ErrOverloaded,
		"circuit_open": lgstore.ErrCircuitOpen, "panic": lgstore.ErrPanic, "poisoned": lgstore.ErrPoisoned,
	} {
		if names[name] != code {
			t.Errorf("%s is %d, not %d", name, names[name], code)
		}
		delete(names, name)
	}
	if len(names) != 0 {
		t.Errorf("codes without a constant: %v", names)
	}
	wantEqual(t, lgstore.ErrUnknownOutcome.Error(), "lgstore: unknown outcome")
}

func TestOpenErrors(t *testing.T) {
	_, err := lgstore.Open(background, `{"durabilty":"full"}`)
	failure := wantCode(t, err, lgstore.ErrInvalidArg)
	wantEqual(t, failure.Field, "durabilty")
	_, err = lgstore.Open(background, "gopher:hole")
	wantCode(t, err, lgstore.ErrInvalidArg)
	// What is wrong with the file is known when Open returns.
	_, err = lgstore.Open(background, "file:"+filepath.Join(t.TempDir(), "no", "such", "folder", "x.db"))
	if err == nil {
		t.Fatal("a store in no folder")
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	must(t, os.WriteFile(foreign, []byte("this is no database of anybody, however long one looks at it"), 0o600))
	if _, err = lgstore.Open(background, "file:"+foreign); err == nil {
		t.Fatal("a foreign file was opened")
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	_, err = lgstore.Open(ended, "memory:")
	if wantCode(t, err, lgstore.ErrCancelled); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_, err = lgstore.NewRuntime(lgstore.RuntimeOptions{Workers: -1})
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "Workers")
}

// Whatever ends a request by its context says so in Go's words and in the library's.
func TestContextErrors(t *testing.T) {
	store := open(t, stuck, lgstore.WithDrainTimeout(0))
	reason := errors.New("the user has left")
	for _, one := range []struct {
		name  string
		begin func() (context.Context, func())
		is    []error
		isNot []error
	}{
		{"deadline", func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
			return ctx, func() { <-ctx.Done(); cancel() }
		}, []error{context.DeadlineExceeded}, []error{context.Canceled}},
		{"cancel", func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(background)
			return ctx, cancel
		}, []error{context.Canceled, lgstore.ErrCancelled}, []error{context.DeadlineExceeded}},
		{"cause", func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(background)
			return ctx, func() { cancel(reason) }
		}, []error{context.Canceled, reason}, []error{context.DeadlineExceeded}},
		{"over", func() (context.Context, func()) {
			ctx, cancel := context.WithDeadline(background, time.Unix(0, 0))
			return ctx, cancel
		}, []error{context.DeadlineExceeded, lgstore.ErrTimeout}, []error{context.Canceled}},
	} {
		ctx, end := one.begin()
		result := make(chan error)
		go func() { result <- store.Put(ctx, place, "k", struct{}{}) }()
		if ctx.Err() == nil {
			waitInFlight(t, store, 1)
		}
		end()
		err := <-result
		for _, target := range one.is {
			if !errors.Is(err, target) {
				t.Errorf("%s: not %v: %v", one.name, target, err)
			}
		}
		for _, target := range one.isNot {
			if errors.Is(err, target) {
				t.Errorf("%s: also %v: %v", one.name, target, err)
			}
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || timeout.Timeout() != errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: as a net.Error: %v", one.name, err)
		}
		waitInFlight(t, store, 0) // The slot in the library is free again.
	}
}

// The library's own deadline counts, without any in the context.
func TestStoreTimeout(t *testing.T) {
	store := open(t, `{"backend":"fault","timeout":0.02,"fault":{"delay_us":3600000000}}`)
	err := store.Put(background, place, "k", struct{}{})
	if wantCode(t, err, lgstore.ErrTimeout); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

// waitInFlight waits until so many requests are on their way.
func waitInFlight(t testing.TB, store *lgstore.Store, wanted uint64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		metrics, err := store.Metrics()
		must(t, err)
		if metrics.InFlight == wanted {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d requests are in flight, not %d", metrics.InFlight, wanted)
		}
	}
}
