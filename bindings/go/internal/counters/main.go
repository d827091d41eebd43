// Counters adds to counters beside programs of other languages, or checks them: the Go side of
// tests/counters/README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"

	lgstore "lgstore/bindings/go"
)

var (
	errUsage = errors.New("usage: counters add CONFIG RUN KEYS TIMES NAME, or counters check CONFIG RUN KEYS TIMES NAMES")
	errOther = errors.New("other counts")
)

// settled reads see what an unknown outcome has become.
var settled = lgstore.Profile("lwt_operations")

// A counter is one of the store.
type counter struct {
	store     *lgstore.Store
	namespace lgstore.Namespace
	key       string
}

// read gives the counter's item, nil where there is none.
func (c *counter) read(ctx context.Context) (*lgstore.Item, error) {
	item, err := c.store.Get(ctx, c.namespace, c.key, settled)
	if errors.Is(err, lgstore.ErrNoItem) {
		return nil, nil
	}
	return item, err
}

func countsOf(item *lgstore.Item) (map[string]int, error) {
	counts := map[string]int{}
	if item == nil {
		return counts, nil
	}
	return counts, item.Decode(&counts)
}

func (c *counter) write(ctx context.Context, item *lgstore.Item, counts map[string]int) (lgstore.Outcome, error) {
	if item == nil {
		return c.store.PutIfAbsent(ctx, c.namespace, c.key, counts)
	}
	return c.store.CompareAndSet(ctx, c.namespace, c.key, lgstore.ExpectVersion(item.Version), counts)
}

// add adds 1 to the count of this name, and returns only when it is there.
func (c *counter) add(ctx context.Context, name string) error {
	item, err := c.read(ctx)
	for wanted := 0; err == nil; {
		counts, wrong := countsOf(item)
		if wrong != nil {
			return wrong
		}
		if wanted == 0 {
			wanted = counts[name] + 1
		}
		if counts[name] >= wanted {
			return nil
		}
		counts[name] = wanted
		outcome, failed := c.write(ctx, item, counts)
		var failure *lgstore.Error
		switch {
		case failed == nil && outcome.Applied:
			return nil
		case failed == nil:
			item = outcome.Current
		case errors.Is(failed, lgstore.ErrUnknownOutcome), errors.As(failed, &failure) && failure.Retryable:
			item, err = c.read(ctx)
		default:
			return failed
		}
	}
	return err
}

func (c *counter) check(ctx context.Context, times int, names []string) error {
	item, err := c.read(ctx)
	if err != nil {
		return err
	}
	counts, err := countsOf(item)
	wanted := map[string]int{}
	for _, name := range names {
		wanted[name] = times
	}
	if err == nil && !maps.Equal(counts, wanted) {
		return fmt.Errorf("%w: %s: %v", errOther, c.key, counts)
	}
	return err
}

func run(ctx context.Context, command, config, label string, keys, times int, names []string) (err error) {
	store, err := lgstore.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	turns := 1
	if command == "add" {
		turns = times
	}
	for range turns {
		for n := range keys {
			one := &counter{store, lgstore.NS("counters", label), "c" + strconv.Itoa(n)}
			if command == "add" {
				err = one.add(ctx, names[0])
			} else {
				err = one.check(ctx, times, names)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func runArguments(arguments []string) error {
	if len(arguments) < 6 || (arguments[0] == "add" && len(arguments) > 6) {
		return errUsage
	}
	keys, wrongKeys := strconv.Atoi(arguments[3])
	times, wrongTimes := strconv.Atoi(arguments[4])
	if err := errors.Join(wrongKeys, wrongTimes); err != nil {
		return err
	}
	if arguments[0] != "add" && arguments[0] != "check" {
		return errUsage
	}
	return run(context.Background(), arguments[0], arguments[1], arguments[2], keys, times, arguments[5:])
}

func main() {
	if err := runArguments(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errOther) {
			os.Exit(1)
		}
		os.Exit(2)
	}
}
