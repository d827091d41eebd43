package lgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	lgstore "lgstore/bindings/go"
)

// Stores an item, reads it back, and finds it by a filter.
func Example() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:") // or "file:memory.db", or "scylla://h1,h2/keyspace"
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	type Theme struct {
		Mode string
		Size int
	}
	ada := lgstore.NS("users", "ada")
	if err := store.Put(ctx, ada, "theme", Theme{"dark", 14}); err != nil {
		log.Fatal(err)
	}
	item, err := store.Get(ctx, ada, "theme")
	fmt.Println(item.Key, string(item.Value), err)
	// Output: theme {"Mode":"dark","Size":14} <nil>
}

func ExampleStore_Get() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	_, err = store.Get(ctx, lgstore.NS("users", "ada"), "theme")
	fmt.Println(errors.Is(err, lgstore.ErrNoItem))
	// Output: true
}
