package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func Example() {
	main()
	// Output:
	// true 0s
	// true 0s
	// false 2s
	// false 1s
	// true 0s
}

// Many at once get exactly what there is.
func TestManyAtOnce(t *testing.T) {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	clock := time.Now()
	limiter := NewLimiter(store, "n", 1, 25)
	limiter.now = func() time.Time { return clock }
	var allowed atomic.Int64
	var group sync.WaitGroup
	for range 60 {
		group.Add(1)
		go func() {
			defer group.Done()
			switch _, err := limiter.Allow(ctx, "ada"); {
			case err == nil:
				allowed.Add(1)
			case !errors.Is(err, ErrLimited):
				t.Error(err)
			}
		}()
	}
	group.Wait()
	if allowed.Load() != 25 {
		t.Errorf("%d were allowed, not 25", allowed.Load())
	}
}
