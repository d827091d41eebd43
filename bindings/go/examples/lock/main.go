// Lock guards a resource that several processes share: one of them holds the lock for a while, and a number
// that grows with every holder, the fencing token, keeps out those that think they still hold it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	lgstore "lgstore/bindings/go"
)

// state is the lock's item. It never expires: the token must not begin anew.
type state struct {
	Owner string    `json:"owner"` // "" = nobody
	Until time.Time `json:"until"`
	Token int64     `json:"token"`
}

// ErrTaken says that another one holds the lock.
var ErrTaken = errors.New("another one holds the lock")

// A Lock is a lock by its name, for one owner.
type Lock struct {
	locks lgstore.TypedStore[state]
	name  string
	owner string
	// now may be replaced by tests.
	now func() time.Time
}

// NewLock names a lock and who wants it. Owners must differ.
func NewLock(store *lgstore.Store, name, owner string) *Lock {
	return &Lock{lgstore.Typed[state](store, "locks"), name, owner, time.Now}
}

// Acquire takes the lock for d if nobody holds it, or its time is over, and gives the fencing token. Clocks of
// hosts may differ, so d may turn out shorter for others: the token is what keeps the resource safe. After
// lgstore.ErrUnknownOutcome it is not known whether the lock was taken; Acquire may be called again.
func (l *Lock) Acquire(ctx context.Context, d time.Duration) (int64, error) {
	taken, err := l.locks.Update(ctx, l.name, func(before state) (state, error) {
		if before.Owner != "" && before.Owner != l.owner && l.now().Before(before.Until) {
			return state{}, ErrTaken
		}
		return state{l.owner, l.now().Add(d), before.Token + 1}, nil
	})
	return taken.Token, err
}

// Release gives the lock back. It is no error if it was lost meanwhile.
func (l *Lock) Release(ctx context.Context, token int64) error {
	_, err := l.locks.Update(ctx, l.name, func(before state) (state, error) {
		if before.Token != token {
			return state{}, ErrTaken
		}
		return state{Token: token}, nil
	})
	if errors.Is(err, ErrTaken) {
		return nil
	}
	return err
}

// A Register is the resource: it takes no write with a token older than one that it has seen.
type Register struct {
	seen  int64
	value string
}

// Write says whether the write was taken.
func (r *Register) Write(token int64, value string) bool {
	if token < r.seen {
		return false
	}
	r.seen, r.value = token, value
	return true
}

func main() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	var register Register
	clock := time.Now()
	ada, bob := NewLock(store, "register", "ada"), NewLock(store, "register", "bob")
	ada.now = func() time.Time { return clock }
	bob.now = ada.now

	first, err := ada.Acquire(ctx, time.Minute)
	fmt.Println("ada:", first, err)
	_, err = bob.Acquire(ctx, time.Minute)
	fmt.Println("bob:", err)
	clock = clock.Add(2 * time.Minute) // Ada sleeps too long.
	second, err := bob.Acquire(ctx, time.Minute)
	fmt.Println("bob:", second, err)
	fmt.Println("bob writes:", register.Write(second, "bob's"))
	fmt.Println("ada writes:", register.Write(first, "ada's"))
	fmt.Println("the register:", register.value)
	if err := errors.Join(ada.Release(ctx, first), bob.Release(ctx, second)); err != nil {
		log.Fatal(err)
	}
}
