// Roundtrip does the operations of its input's lines and writes their answers: the Go side of
// tests/roundtrip/README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	lgstore "lgstore/bindings/go"
)

// A request is a line of the input.
type request struct {
	Op        string            `json:"op"`
	Namespace lgstore.Namespace `json:"namespace"`
	Key       string            `json:"key"`
	Value     string            `json:"value"`
	// TTL is in whole seconds; 0 = none.
	TTL             int64  `json:"ttl"`
	ExpectedValue   string `json:"expected_value"`
	ExpectedVersion string `json:"expected_version"`
	Filter          string `json:"filter"`
	Order           string `json:"order"`
	Limit           int    `json:"limit"`
	Cursor          string `json:"cursor"`
}

// An item is one of an answer; its times are microseconds.
type item struct {
	Namespace lgstore.Namespace `json:"namespace"`
	Key       string            `json:"key"`
	Value     string            `json:"value"`
	Version   string            `json:"version"`
	CreatedAt int64             `json:"created_at"`
	UpdatedAt int64             `json:"updated_at"`
	ExpiresAt int64             `json:"expires_at,omitempty"`
}

func itemOf(from *lgstore.Item) *item {
	if from == nil {
		return nil
	}
	made := &item{
		Namespace: from.Namespace, Key: from.Key, Value: string(from.Value), Version: from.Version,
		CreatedAt: from.CreatedAt.UnixMicro(), UpdatedAt: from.UpdatedAt.UnixMicro(),
	}
	if !from.ExpiresAt.IsZero() {
		made.ExpiresAt = from.ExpiresAt.UnixMicro()
	}
	return made
}

func outcomeOf(outcome lgstore.Outcome, err error) (any, error) {
	made := map[string]any{"applied": outcome.Applied}
	if outcome.Version != "" {
		made["version"] = outcome.Version
	}
	if !outcome.Applied {
		made["current"] = itemOf(outcome.Current)
	}
	return made, err
}

func pageOf(name string, found any, cursor string, err error) (any, error) {
	made := map[string]any{name: found}
	if cursor != "" {
		made["cursor"] = cursor
	}
	return made, err
}

func (r *request) expected() lgstore.Expected {
	if r.ExpectedVersion != "" {
		return lgstore.ExpectVersion(r.ExpectedVersion)
	}
	return lgstore.ExpectValue(json.RawMessage(r.ExpectedValue))
}

func (r *request) run(ctx context.Context, store *lgstore.Store) (any, error) {
	value := json.RawMessage(r.Value)
	var options []lgstore.RequestOption
	if r.TTL != 0 {
		options = append(options, lgstore.TTL(time.Duration(r.TTL)*time.Second))
	}
	switch r.Op {
	case "put":
		return nil, store.Put(ctx, r.Namespace, r.Key, value, options...)
	case "get":
		found, err := store.Get(ctx, r.Namespace, r.Key)
		if errors.Is(err, lgstore.ErrNoItem) {
			return nil, nil
		}
		return itemOf(found), err
	case "put_if_absent":
		return outcomeOf(store.PutIfAbsent(ctx, r.Namespace, r.Key, value, options...))
	case "update_if_exists":
		return outcomeOf(store.UpdateIfExists(ctx, r.Namespace, r.Key, value, options...))
	case "compare_and_set":
		return outcomeOf(store.CompareAndSet(ctx, r.Namespace, r.Key, r.expected(), value, options...))
	case "delete_if_exists":
		return outcomeOf(store.DeleteIfExists(ctx, r.Namespace, r.Key))
	case "delete_if_value":
		return outcomeOf(store.DeleteIfValue(ctx, r.Namespace, r.Key, r.expected()))
	case "search":
		query := lgstore.SearchQuery{Order: r.Order, Limit: r.Limit, Cursor: r.Cursor}
		if r.Filter != "" {
			query.Filter = json.RawMessage(r.Filter)
		}
		found, cursor, err := store.SearchPage(ctx, r.Namespace, query)
		items := make([]*item, len(found))
		for i, one := range found {
			items[i] = itemOf(one)
		}
		return pageOf("items", items, cursor, err)
	case "list_namespaces":
		query := lgstore.NamespaceQuery{Prefix: r.Namespace, Limit: r.Limit, Cursor: r.Cursor}
		found, cursor, err := store.ListNamespacesPage(ctx, query)
		return pageOf("namespaces", found, cursor, err)
	}
	return nil, fmt.Errorf("unknown operation %q", r.Op)
}

func run(ctx context.Context, config string) (err error) {
	store, err := lgstore.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	lines, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var one request
		if err := lines.Decode(&one); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		answer, err := one.run(ctx, store)
		if err == nil {
			err = answers.Encode(answer)
		}
		if err != nil {
			return fmt.Errorf("%s of %q: %w", one.Op, one.Key, err)
		}
	}
}

func main() {
	err := errors.New("usage: roundtrip CONFIG")
	if len(os.Args) > 1 {
		err = run(context.Background(), os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
