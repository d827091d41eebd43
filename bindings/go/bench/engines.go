package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble"
	"github.com/dgraph-io/badger/v4"
	"go.etcd.io/bbolt"

	lgstore "lgstore/bindings/go"
)

// An engine is an embedded store as a Go author would use it: values come back as bytes of one's own, and
// writes are on disk when they are acknowledged.
type engine struct {
	name  string
	get   func(key string) error
	put   func(key string, value []byte) error
	close func() error
}

var errEmpty = errors.New("nothing was found")

func found(value []byte, err error) error {
	if err == nil && len(value) == 0 {
		return errEmpty
	}
	return err
}

func openLgstore(folder string) (engine, error) {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "file:"+filepath.Join(folder, "lgstore.db"))
	if err != nil {
		return engine{}, err
	}
	raw := func(value []byte) any { return rawMessage(value) }
	return engine{
		"lgstore, file",
		func(key string) error { _, err := store.Get(ctx, namespace, key); return err },
		func(key string, value []byte) error { return store.Put(ctx, namespace, key, raw(value)) },
		store.Close,
	}, nil
}

func openBbolt(folder string) (engine, error) {
	db, err := bbolt.Open(filepath.Join(folder, "bbolt.db"), 0o600, nil)
	if err != nil {
		return engine{}, err
	}
	bucket := []byte(namespace.String())
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucketIfNotExists(bucket); return err })
	return engine{
		"bbolt",
		func(key string) (err error) {
			var value []byte
			err = db.View(func(tx *bbolt.Tx) error {
				value = append(value, tx.Bucket(bucket).Get([]byte(key))...)
				return nil
			})
			return found(value, err)
		},
		func(key string, value []byte) error {
			return db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), value) })
		},
		db.Close,
	}, err
}

func openBadger(folder string) (engine, error) {
	options := badger.DefaultOptions(filepath.Join(folder, "badger")).WithSyncWrites(true).WithLogger(nil)
	db, err := badger.Open(options)
	if err != nil {
		return engine{}, err
	}
	prefix := namespace.String() + "/"
	return engine{
		"badger",
		func(key string) (err error) {
			var value []byte
			err = db.View(func(tx *badger.Txn) error {
				item, err := tx.Get([]byte(prefix + key))
				if err == nil {
					value, err = item.ValueCopy(nil)
				}
				return err
			})
			return found(value, err)
		},
		func(key string, value []byte) error {
			return db.Update(func(tx *badger.Txn) error { return tx.Set([]byte(prefix+key), value) })
		},
		db.Close,
	}, nil
}

func openPebble(folder string) (engine, error) {
	db, err := pebble.Open(filepath.Join(folder, "pebble"), &pebble.Options{Logger: silent{}})
	if err != nil {
		return engine{}, err
	}
	prefix := namespace.String() + "/"
	return engine{
		"pebble",
		func(key string) error {
			borrowed, closer, err := db.Get([]byte(prefix + key))
			if err != nil {
				return err
			}
			value := append([]byte(nil), borrowed...)
			return found(value, closer.Close())
		},
		func(key string, value []byte) error { return db.Set([]byte(prefix+key), value, pebble.Sync) },
		db.Close,
	}, nil
}

type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

// besideEngines compares the durable file with embedded engines written in Go.
func besideEngines(size, rounds int) (err error) {
	folder, err := os.MkdirTemp("", "lgstore-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var workloads []*workload
	for _, open := range []func(string) (engine, error){openLgstore, openBbolt, openBadger, openPebble} {
		e, err := open(folder)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, e.close()) }()
		if err := together(items, 64, &latencies{}, func(i int) error { return e.put(keyOf(i), largeOf(i)) }); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		gets := func(goroutines int) func(int, *latencies) error {
			return func(n int, kept *latencies) error {
				return together(n, goroutines, kept, func(i int) error { return e.get(keyOf(scattered(i))) })
			}
		}
		workloads = append(workloads,
			&workload{name: e.name + ", get, 1 goroutine", n: size, run: gets(1)},
			&workload{name: e.name + ", get, 64 goroutines", n: size, run: gets(64)},
			&workload{name: e.name + ", durable put, 64 goroutines", n: max(size/20, 64), run: func(n int, kept *latencies) error {
				return together(n, 64, kept, func(i int) error { return e.put(keyOf(scattered(i)), largeOf(i)) })
			}})
	}
	if err := measure(workloads, rounds); err != nil {
		return err
	}
	show("The durable file beside embedded engines, values of 1 KB", workloads)
	return nil
}

// pause lets what a cluster does after writes come to its end.
func pause() { time.Sleep(2 * time.Second) }
