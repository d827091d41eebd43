package main

import (
	"context"
	"log"
)

func Example() {
	if err := run(context.Background(), "memory:"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// get: dark 14
	// search: users.ada.preferences theme {"mode":"dark","size":14}
}
