// Ratelimit counts what each user may still do, over all processes that share a store: a token bucket whose
// state is one item, changed by compare_and_set.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	lgstore "lgstore/bindings/go"
)

// bucket is a user's item: how many tokens there were, and when.
type bucket struct {
	Tokens float64   `json:"tokens"`
	At     time.Time `json:"at"`
}

// ErrLimited says that the rate is used up; Wait says for how long.
var ErrLimited = errors.New("rate limit reached")

// A Limiter allows burst actions at once and rate per second after that.
type Limiter struct {
	buckets     lgstore.TypedStore[bucket]
	rate, burst float64
	now         func() time.Time
}

// NewLimiter keeps its buckets in the store below ("limits", name).
func NewLimiter(store *lgstore.Store, name string, rate, burst float64) *Limiter {
	return &Limiter{lgstore.Typed[bucket](store, "limits", name), rate, burst, time.Now}
}

// Allow takes one token, or gives ErrLimited and the time until there is one.
func (l *Limiter) Allow(ctx context.Context, user string) (wait time.Duration, err error) {
	// A bucket that nobody has touched until it was full again is the same as none.
	full := time.Duration(l.burst / l.rate * float64(time.Second))
	_, err = l.buckets.Update(ctx, user, func(before bucket) (bucket, error) {
		now := l.now()
		tokens := l.burst
		if !before.At.IsZero() {
			tokens = min(l.burst, before.Tokens+max(now.Sub(before.At), 0).Seconds()*l.rate)
		}
		if tokens < 1 {
			wait = time.Duration((1 - tokens) / l.rate * float64(time.Second))
			return bucket{}, ErrLimited
		}
		return bucket{tokens - 1, now}, nil
	}, lgstore.TTL(full+time.Second))
	return wait, err
}

func main() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	clock := time.Now()
	limiter := NewLimiter(store, "mails", 0.5, 2)
	limiter.now = func() time.Time { return clock }
	for _, pause := range []time.Duration{0, 0, 0, time.Second, time.Second} {
		clock = clock.Add(pause)
		wait, err := limiter.Allow(ctx, "ada")
		fmt.Println(err == nil, wait)
	}
}
