// Quickstart stores one memory, reads it back, and finds it by a filter.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	lgstore "lgstore/bindings/go"
)

func main() {
	config := "file:quickstart.db" // or "memory:", or "scylla://10.0.0.1,10.0.0.2/memory"
	if len(os.Args) > 1 {
		config = os.Args[1]
	}
	if err := run(context.Background(), config); err != nil {
		log.Fatal(err)
	}
}

type theme struct {
	Mode string `json:"mode"`
	Size int    `json:"size"`
}

func run(ctx context.Context, config string) error {
	store, err := lgstore.Open(ctx, config)
	if err != nil {
		return err
	}
	defer store.Close()

	preferences := lgstore.Typed[theme](store, "users", "ada", "preferences")
	if err := preferences.Put(ctx, "theme", theme{"dark", 14}); err != nil {
		return err
	}
	got, err := preferences.Get(ctx, "theme")
	if err != nil {
		return err
	}
	fmt.Println("get:", got.Mode, got.Size)

	large := lgstore.SearchQuery{Filter: map[string]any{"size": map[string]any{"$gte": 12}}}
	for item, err := range store.Search(ctx, lgstore.NS("users"), large) {
		if err != nil {
			return err
		}
		fmt.Println("search:", item.Namespace, item.Key, string(item.Value))
	}
	return nil
}
