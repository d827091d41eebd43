package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func Example() {
	main()
	// Output:
	// ada: 1 <nil>
	// bob: another one holds the lock
	// bob: 2 <nil>
	// bob writes: true
	// ada writes: false
	// the register: bob's
}

// Of many that want it at once one at a time has it, and no token is given twice.
func TestManyOwners(t *testing.T) {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var mu sync.Mutex
	tokens, inside := map[int64]bool{}, 0
	var group sync.WaitGroup
	for worker := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			lock := NewLock(store, "l", fmt.Sprint(worker))
			for rounds := 0; rounds < 20; {
				token, err := lock.Acquire(ctx, time.Hour)
				if errors.Is(err, ErrTaken) {
					continue
				}
				rounds++
				mu.Lock()
				if inside++; err != nil || tokens[token] || inside != 1 {
					t.Errorf("token %d, %d inside, %v", token, inside, err)
				}
				tokens[token] = true
				inside--
				mu.Unlock()
				if err := lock.Release(ctx, token); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
}
