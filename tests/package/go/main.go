// A program of somebody else that uses lgstore.
package main

import (
	"context"
	"fmt"
	"os"

	lgstore "lgstore/bindings/go"
)

func main() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:")
	if err == nil {
		defer store.Close()
		err = store.Put(ctx, lgstore.NS("users", "ada"), "theme", map[string]string{"mode": "dark"})
	}
	var item *lgstore.Item
	if err == nil {
		item, err = store.Get(ctx, lgstore.NS("users", "ada"), "theme")
	}
	if err == nil && string(item.Value) != `{"mode":"dark"}` {
		err = fmt.Errorf("got %s", item.Value)
	}
	if err == nil {
		err = other()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("lgstore", lgstore.Version(), "works")
}
