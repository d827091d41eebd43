package lgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

// endings are ways in which a process ends; each is run in a child of its own, which must end with 7.
var endings = map[string]func(){
	"exit-with-operations-pending": func() {
		store := mustOpen(stuck)
		for range 500 {
			go func() { _ = store.Put(background, place, "k", struct{}{}) }()
		}
		for {
			if metrics, err := store.Metrics(); err == nil && metrics.InFlight == 500 {
				os.Exit(7)
			}
			time.Sleep(time.Millisecond)
		}
	},
	"exit-while-completions-come": func() {
		store := mustOpen(accepting)
		for range 32 {
			go func() {
				for {
					_ = store.Put(background, place, "k", struct{}{})
				}
			}()
		}
		for {
			if metrics, err := store.Metrics(); err == nil && metrics.TotalOperations > 2000 {
				os.Exit(7)
			}
		}
	},
	"exit-while-closing": func() {
		store := mustOpen(stuck, lgstore.WithDrainTimeout(time.Hour))
		go func() { _ = store.Put(background, place, "k", struct{}{}) }()
		for {
			if metrics, err := store.Metrics(); err == nil && metrics.InFlight == 1 {
				break
			}
		}
		go func() { _ = store.Close() }()
		// Closing has begun once the store takes nothing more.
		for {
			ctx, cancel := context.WithTimeout(background, time.Millisecond)
			err := store.Put(ctx, place, "k", struct{}{})
			cancel()
			if failure, is := err.(*lgstore.Error); is && failure.Code == lgstore.ErrClosed {
				os.Exit(7)
			}
		}
	},
	"exit-in-a-log-handler": func() {
		store, err := lgstore.Open(background, `{"limits":{"warn_value_bytes":1}}`, lgstore.WithLogger(slog.New(exiting{})))
		if err != nil {
			panic(err)
		}
		_ = store.Put(background, place, "k", map[string]int{"n": 1})
		select {}
	},
	"a-forgotten-store-is-reported": func() {
		kept := &records{level: slog.LevelWarn, came: make(chan slog.Record, 100)}
		slog.SetDefault(slog.New(kept))
		_ = mustOpen(memory).Close() // Says nothing.
		for _, options := range [][]lgstore.Option{nil, {lgstore.WithLogger(slog.New(kept))}} {
			func() {
				store := mustOpen(memory, options...)
				_ = store.Put(background, place, "k", struct{}{})
			}()
			collectUntil(kept.came, "without Close")
		}
		if len(kept.came) == 0 {
			os.Exit(7)
		}
	},
	"exit-with-a-store-forgotten": func() {
		store := mustOpen(accepting)
		_ = store.Put(background, place, "k", struct{}{})
		os.Exit(7)
	},
}

// collectUntil collects garbage until a record with this text has come, and panics when that takes too long.
func collectUntil(came <-chan slog.Record, text string) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); runtime.GC() {
		select {
		case record := <-came:
			if strings.Contains(record.Message, text) {
				return
			}
		case <-time.After(time.Millisecond):
		}
	}
	panic("no record says " + text)
}

type exiting struct{}

func (exiting) Enabled(context.Context, slog.Level) bool  { return true }
func (exiting) Handle(context.Context, slog.Record) error { os.Exit(7); return nil }
func (e exiting) WithAttrs([]slog.Attr) slog.Handler      { return e }
func (e exiting) WithGroup(string) slog.Handler           { return e }

func mustOpen(config string, options ...lgstore.Option) *lgstore.Store {
	store, err := lgstore.New(config, options...)
	if err != nil {
		panic(err)
	}
	return store
}

// The end of a process asks nothing of the library.
func TestExit(t *testing.T) {
	for name := range endings {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				ctx, cancel := context.WithTimeout(background, time.Minute)
				output, err := exec.CommandContext(ctx, os.Args[0], name).CombinedOutput()
				cancel()
				if ended, is := err.(*exec.ExitError); !is || ended.ExitCode() != 7 {
					t.Fatalf("%v\n%s", err, output)
				}
			}
		})
	}
}

// early is what an initialiser of this package made of its stores, in a child of TestPackageInitialisation.
var early = func() error {
	if len(os.Args) != 2 || os.Args[1] != "initialise" {
		return nil
	}
	store, err := lgstore.Open(background, accepting)
	if err != nil {
		return err
	}
	if err := store.Put(background, place, "k", struct{}{}); err != nil {
		return err
	}
	if _, err := store.Get(background, place, "k"); err != nil {
		return err
	}
	hanging, err := lgstore.New(stuck, lgstore.WithDrainTimeout(0))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(time.Millisecond, cancel)
	if err := hanging.Put(ctx, place, "k", struct{}{}); !errors.Is(err, lgstore.ErrCancelled) {
		return fmt.Errorf("cancelled: %w", err)
	}
	return errors.Join(hanging.Close(), store.Close())
}()

func init() {
	endings["initialise"] = func() {
		if early != nil {
			panic(early)
		}
		os.Exit(7)
	}
}
