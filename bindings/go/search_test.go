package lgstore_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	lgstore "lgstore/bindings/go"
)

// keysOf collects what a search finds.
func keysOf(t *testing.T, store *lgstore.Store, prefix lgstore.Namespace, query lgstore.SearchQuery, options ...lgstore.RequestOption) []string {
	t.Helper()
	keys := []string{}
	for item, err := range store.Search(background, prefix, query, options...) {
		must(t, err)
		keys = append(keys, item.Key)
	}
	return keys
}

func fill(t *testing.T, store *lgstore.Store, count int) {
	t.Helper()
	var batch lgstore.Batch
	for i := range count {
		batch.Put(lgstore.NS("n", fmt.Sprintf("g%d", i%3)), fmt.Sprintf("k%04d", i), map[string]int{"i": i})
	}
	results, err := store.Batch(background, &batch)
	must(t, err)
	wantEqual(t, len(results), count)
}

func TestSearchPages(t *testing.T) {
	for _, config := range []string{memory, accepting} {
		store := open(t, config)
		fill(t, store, 250)
		all := keysOf(t, store, nil, lgstore.SearchQuery{})
		wantEqual(t, len(all), 250)
		for _, size := range []int{1, 7, 100, 249, 250, 251, 1000} {
			if paged := keysOf(t, store, nil, lgstore.SearchQuery{PageSize: size}); !slices.Equal(paged, all) {
				t.Fatalf("pages of %d give another listing", size)
			}
		}
		for _, limit := range []int{1, 99, 100, 101, 250, 9999} {
			if some := keysOf(t, store, nil, lgstore.SearchQuery{Limit: limit}); !slices.Equal(some, all[:min(limit, 250)]) {
				t.Fatalf("a limit of %d gives %d", limit, len(some))
			}
		}
		if rest := keysOf(t, store, nil, lgstore.SearchQuery{Offset: 240, PageSize: 3}); !slices.Equal(rest, all[240:]) {
			t.Fatalf("an offset gives %v", rest)
		}
		wantEqual(t, len(keysOf(t, store, lgstore.NS("n", "g1"), lgstore.SearchQuery{})), 83)
		page, cursor, err := store.SearchPage(background, nil, lgstore.SearchQuery{})
		must(t, err)
		wantEqual(t, len(page), 10)
		next, _, err := store.SearchPage(background, nil, lgstore.SearchQuery{Cursor: cursor, Limit: 5})
		must(t, err)
		wantEqual(t, next[0].Key, all[10])
		wantEqual(t, len(next), 5)
		n, err := store.Count(background, lgstore.NS("n"), map[string]any{"i": map[string]any{"$lt": 10}})
		must(t, err)
		wantEqual(t, n, 10)
		n, err = store.DeletePrefix(background, lgstore.NS("n", "g0"), json.RawMessage(`{"i":{"$gte":100}}`))
		must(t, err)
		wantEqual(t, n, 50)
		wantEqual(t, len(keysOf(t, store, nil, lgstore.SearchQuery{})), 200)
	}
}

func TestSearchFiltersAndOrders(t *testing.T) {
	store := open(t, memory)
	fill(t, store, 20)
	query := lgstore.SearchQuery{Filter: map[string]any{"i": map[string]any{"$gte": 17}}, Order: "created_at desc", PageSize: 1}
	if keys := keysOf(t, store, nil, query); !slices.Equal(keys, []string{"k0019", "k0018", "k0017"}) &&
		len(keys) != 3 { // Items of one batch may share their time.
		t.Fatalf("got %v", keys)
	}
	query = lgstore.SearchQuery{Filter: json.RawMessage(`{"i":{"$in":[3,5]}}`), Order: "key desc"}
	if keys := keysOf(t, store, nil, query); !slices.Equal(keys, []string{"k0005", "k0003"}) {
		t.Fatalf("got %v", keys)
	}
	count := 0
	for range store.Search(background, nil, lgstore.SearchQuery{PageSize: 1}) {
		if count++; count == 3 {
			break
		}
	}
	wantEqual(t, count, 3)
	for _, one := range []struct {
		query lgstore.SearchQuery
		field string
	}{
		{lgstore.SearchQuery{Filter: map[string]any{"i": map[string]any{"$near": 1}}}, "filter.i.$near"},
		{lgstore.SearchQuery{Filter: make(chan int)}, "filter"},
		{lgstore.SearchQuery{Filter: json.RawMessage(`{},"limit":5`)}, "filter"},
		{lgstore.SearchQuery{Order: "value"}, "order"},
		{lgstore.SearchQuery{Limit: -1}, "limit"},
		{lgstore.SearchQuery{PageSize: -5}, "limit"},
		{lgstore.SearchQuery{Offset: -1}, "offset"},
		{lgstore.SearchQuery{Cursor: "nonsense"}, "cursor"},
	} {
		met := 0
		for item, err := range store.Search(background, nil, one.query) {
			met++
			if failure := wantCode(t, err, lgstore.ErrInvalidArg); item != nil || failure.Op != lgstore.OpSearch ||
				failure.Field != one.field {
				t.Errorf("%+v: %v %#v", one.query, item, failure)
			}
		}
		wantEqual(t, met, 1)
	}
	_, err := store.Count(background, nil, json.RawMessage(`1 2`))
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "filter")
}

func TestListNamespaces(t *testing.T) {
	store := open(t, memory)
	for _, labels := range []string{"a/x/m", "a/x/n", "a/y/m", "b/x/m", "b"} {
		must(t, store.Put(background, split(labels), "k", struct{}{}))
	}
	list := func(query lgstore.NamespaceQuery) string {
		t.Helper()
		text := ""
		for namespace, err := range store.ListNamespaces(background, query) {
			must(t, err)
			text += namespace.String() + " "
		}
		return text
	}
	wantEqual(t, list(lgstore.NamespaceQuery{}), "a.x.m a.x.n a.y.m b b.x.m ")
	wantEqual(t, list(lgstore.NamespaceQuery{PageSize: 1}), "a.x.m a.x.n a.y.m b b.x.m ")
	wantEqual(t, list(lgstore.NamespaceQuery{Limit: 2, Offset: 1}), "a.x.n a.y.m ")
	wantEqual(t, list(lgstore.NamespaceQuery{Prefix: split("a"), MaxDepth: 2}), "a.x a.y ")
	wantEqual(t, list(lgstore.NamespaceQuery{Prefix: split("*/x"), Suffix: split("m")}), "a.x.m b.x.m ")
	page, cursor, err := store.ListNamespacesPage(background, lgstore.NamespaceQuery{Limit: 4})
	must(t, err)
	wantEqual(t, len(page), 4)
	page, cursor, err = store.ListNamespacesPage(background, lgstore.NamespaceQuery{Cursor: cursor})
	must(t, err)
	wantEqual(t, fmt.Sprint(page, cursor), "[b.x.m]")
	for _, err := range store.ListNamespaces(background, lgstore.NamespaceQuery{MaxDepth: -1}) {
		wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "max_depth")
	}
}
