package lgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	lgstore "lgstore/bindings/go"
)

// What docs/go.md shows, piece by piece.
func Example_page() {
	ctx := context.Background()
	store, err := lgstore.Open(ctx, "memory:") // or "file:memory.db", "scylla://h1,h2/keyspace", a JSON document, ""
	check(err)
	defer store.Close()

	type Theme struct {
		Mode string `json:"mode"`
		Size int    `json:"size"`
	}
	ada := lgstore.NS("users", "ada")
	err = store.Put(ctx, ada, "theme", Theme{"dark", 14})
	check(err)
	item, err := store.Get(ctx, ada, "theme")
	check(err)
	fmt.Println(string(item.Value), item.CreatedAt.Equal(item.UpdatedAt)) // {"mode":"dark","size":14} true
	_, err = store.Get(ctx, ada, "nothing")
	fmt.Println(errors.Is(err, lgstore.ErrNoItem)) // true
	err = store.Delete(ctx, ada, "nothing")        // no error
	check(err)

	themes := lgstore.Typed[Theme](store, "users", "ada")
	theme, err := themes.Get(ctx, "theme")
	fmt.Println(theme.Size, err) // 14 <nil>

	type Visits struct{ N int }
	made, err := store.PutIfAbsent(ctx, ada, "visits", Visits{1})
	check(err)
	_, err = store.CompareAndSet(ctx, ada, "visits", lgstore.ExpectVersion(made.Version), Visits{2})
	check(err)
	refused, err := store.DeleteIfValue(ctx, ada, "visits", lgstore.ExpectValue(Visits{1}))
	fmt.Println(refused.Applied, string(refused.Current.Value), err) // false {"N":2} <nil>

	// Reads, changes, writes; again if it must.
	visits := lgstore.Typed[Visits](store, "users", "ada")
	now, err := visits.Update(ctx, "visits", func(old Visits) (Visits, error) { return Visits{old.N + 1}, nil })
	fmt.Println(now.N, err) // 3 <nil>

	notes := lgstore.NS("notes", "ada")
	for number := range 25 {
		value := map[string]any{"number": number, "even": number%2 == 0}
		check(store.Put(ctx, notes, fmt.Sprintf("n%02d", number), value))
	}

	filter := map[string]any{"even": true, "number": map[string]any{"$gte": 20}}
	var keys []string
	for found, err := range store.Search(ctx, notes, lgstore.SearchQuery{Filter: filter, Order: "key desc"}) {
		check(err)
		keys = append(keys, found.Key)
	}
	fmt.Println(keys) // [n24 n22 n20]

	page, cursor, err := store.SearchPage(ctx, notes, lgstore.SearchQuery{Limit: 20})
	check(err)
	rest, last, err := store.SearchPage(ctx, notes, lgstore.SearchQuery{Limit: 20, Cursor: cursor})
	fmt.Println(len(page), len(rest), last == "", err) // 20 5 true <nil>

	for namespace, err := range store.ListNamespaces(ctx, lgstore.NamespaceQuery{MaxDepth: 1}) {
		check(err)
		keys = append(keys, namespace.String())
	}
	fmt.Println(keys[3:]) // [notes users]
	count, err := store.Count(ctx, notes, map[string]any{"even": true})
	fmt.Println(count, err) // 13 <nil>

	err = store.Put(ctx, ada, "session", Visits{1}, lgstore.TTL(time.Hour))
	check(err)
	session, err := store.Get(ctx, ada, "session", lgstore.RefreshTTL(true)) // lives an hour from now
	check(err)
	fmt.Println(session.ExpiresAt.After(session.UpdatedAt))          // true
	err = store.Put(ctx, ada, "session", Visits{1}, lgstore.NoTTL()) // for ever, also where the store has a default
	check(err)

	var batch lgstore.Batch
	batch.Put(ada, "theme", Theme{"light", 14})
	batch.Get(ada, "theme")
	batch.Count(notes, nil)
	results, err := store.Batch(ctx, &batch)
	check(err)
	before, err := results[1].Item()
	check(err)
	many, err := results[2].Count()
	fmt.Println(results[0].Err, string(before.Value), many, err) // <nil> {"mode":"dark","size":14} 25 <nil>

	var both lgstore.Batch
	both.Put(ada, "a", Visits{1})
	both.Put(ada, "b", Visits{1})
	_, err = store.Batch(ctx, &both, lgstore.Logged()) // all or nothing
	check(err)

	late, cancel := context.WithTimeout(ctx, time.Nanosecond)
	defer cancel()
	err = store.Put(late, ada, "late", Visits{1})
	fmt.Println(errors.Is(err, context.DeadlineExceeded)) // true

	err = store.Put(ctx, lgstore.NS("no.dots"), "k", Visits{1})
	var wrong *lgstore.Error
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Code == lgstore.ErrInvalidArg, wrong.Field) // true namespace[0]
	}

	err = store.Put(ctx, ada, "theme", Theme{"dark", 14}, lgstore.Retry(3, 100*time.Millisecond, 2))
	if errors.Is(err, lgstore.ErrUnknownOutcome) {
		// Read before writing again.
		item, err = store.Get(ctx, ada, "theme", lgstore.Profile("lwt_operations"))
	}
	check(err)

	cluster, err := lgstore.New(`{"backend": "cql", "contact_points": ["10.0.0.1", "10.0.0.2"], "keyspace": "memory",
		"connect": {"lazy": true}}`) // checked; nothing was sent yet, and it would open although the cluster is away
	check(err)
	check(cluster.Close())

	err = store.Put(ctx, ada, "balance", Visits{1}, lgstore.Serial()) // in one order with conditional writes
	check(err)
	_, err = store.Get(ctx, ada, "balance", lgstore.Profile("strong_reads"))
	check(err)

	logged, err := lgstore.Open(ctx, "memory:", lgstore.WithLogger(slog.Default()))
	check(err)
	defer logged.Close()

	health, err := store.Health(ctx)
	fmt.Println(health.Status, err) // healthy <nil>
	metrics, err := store.Metrics()
	fmt.Println(metrics.Batches.TotalBatches, err) // 2 <nil>

	err = store.Close() // waits up to 10 seconds for what is under way: WithDrainTimeout
	check(err)
	_, err = store.Get(ctx, ada, "theme")
	fmt.Println(errors.Is(err, lgstore.ErrClosed)) // true
	// Output:
	// {"mode":"dark","size":14} true
	// true
	// 14 <nil>
	// false {"N":2} <nil>
	// 3 <nil>
	// [n24 n22 n20]
	// 20 5 true <nil>
	// [notes users]
	// 13 <nil>
	// true
	// <nil> {"mode":"dark","size":14} 25 <nil>
	// true
	// true namespace[0]
	// healthy <nil>
	// 2 <nil>
	// true
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
