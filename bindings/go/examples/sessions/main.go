// Sessions is a cache of web sessions: each lives for a while after it was last used, and goes by itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	lgstore "lgstore/bindings/go"
)

// A Session is what a visitor leaves with us.
type Session struct {
	User string   `json:"user"`
	Cart []string `json:"cart"`
}

// Sessions keeps them for idle after they were last used.
type Sessions struct {
	items lgstore.TypedStore[Session]
	idle  time.Duration
}

// Save stores a session, whose time begins anew.
func (s Sessions) Save(ctx context.Context, id string, session Session) error {
	return s.items.Put(ctx, id, session, lgstore.TTL(s.idle))
}

// Load gives a session and prolongs it. The second value says whether there was one.
func (s Sessions) Load(ctx context.Context, id string) (Session, bool, error) {
	session, err := s.items.Get(ctx, id, lgstore.RefreshTTL(true))
	if errors.Is(err, lgstore.ErrNoItem) {
		return Session{}, false, nil
	}
	return session, err == nil, err
}

// End forgets a session.
func (s Sessions) End(ctx context.Context, id string) error { return s.items.Delete(ctx, id) }

func main() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:?test_clock")
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	sessions := Sessions{lgstore.Typed[Session](store, "web", "sessions"), 30 * time.Minute}

	if err := sessions.Save(ctx, "abc", Session{"ada", []string{"tea"}}); err != nil {
		log.Fatal(err)
	}
	// Minutes pass, as far as the store is concerned.
	for _, pause := range []time.Duration{20 * time.Minute, 25 * time.Minute, 31 * time.Minute} {
		if err := store.Advance(ctx, pause); err != nil {
			log.Fatal(err)
		}
		session, found, err := sessions.Load(ctx, "abc")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("after", pause, "of silence:", found, session.User)
	}
}
