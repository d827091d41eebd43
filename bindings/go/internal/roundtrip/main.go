// Roundtrip writes cases to a store, or reads them back and compares byte for byte: the Go side of
// tests/roundtrip/README.md.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	lgstore "lgstore/bindings/go"
)

// errOther is a value, or a number of items, that is not the one of the file.
var errOther = errors.New("not what was written")

func main() {
	err := errors.New("usage: roundtrip write|read CONFIG CASES WRITER")
	if len(os.Args) == 5 {
		err = run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	}
	switch {
	case errors.Is(err, errOther):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(ctx context.Context, command, config, file, writer string) (err error) {
	if command != "write" && command != "read" {
		return fmt.Errorf("unknown command %q", command)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	store, err := lgstore.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	namespace := lgstore.NS("roundtrip", writer)
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for _, line := range lines {
		var one struct{ Key, Value string }
		if err := json.Unmarshal(line, &one); err != nil {
			return err
		}
		if command == "write" {
			err = store.Put(ctx, namespace, one.Key, json.RawMessage(one.Value))
		} else {
			err = check(ctx, store, namespace, one.Key, one.Value)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", one.Key, err)
		}
	}
	if command == "write" {
		return nil
	}
	count, err := store.Count(ctx, namespace, nil)
	if err == nil && count != int64(len(lines)) {
		return fmt.Errorf("%w: %d items", errOther, count)
	}
	return err
}

func check(ctx context.Context, store *lgstore.Store, namespace lgstore.Namespace, key, value string) error {
	item, err := store.Get(ctx, namespace, key)
	if err != nil {
		return err
	}
	if string(item.Value) != value {
		return fmt.Errorf("%w: %.200s", errOther, item.Value)
	}
	return nil
}
