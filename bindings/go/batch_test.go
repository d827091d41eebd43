package lgstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func split(labels string) lgstore.Namespace { return strings.Split(labels, "/") }

func TestBatch(t *testing.T) {
	store := open(t, memory)
	must(t, store.Put(background, place, "old", struct{ N int }{1}))
	var batch lgstore.Batch
	batch.Put(place, "new", json.RawMessage(`{"n":2}`), lgstore.TTL(time.Minute))
	batch.Get(place, "old")
	batch.Get(place, "new")
	batch.Delete(place, "old")
	batch.Search(place, lgstore.SearchQuery{Limit: 5})
	batch.ListNamespaces(lgstore.NamespaceQuery{})
	batch.Count(nil, nil)
	wantEqual(t, batch.Len(), 7)
	results, err := store.Batch(background, &batch)
	must(t, err)
	wantEqual(t, len(results), 7)
	wantEqual(t, string(results[0].Raw()), "null")
	item, err := results[1].Item()
	must(t, err)
	wantEqual(t, string(item.Value), `{"N":1}`)
	_, err = results[2].Item()
	wantEqual(t, err, lgstore.ErrNoItem)
	found, cursor, err := results[4].Page()
	must(t, err)
	wantEqual(t, fmt.Sprint(len(found), found[0].Key, cursor), "1old")
	namespaces, _, err := results[5].Namespaces()
	must(t, err)
	wantEqual(t, fmt.Sprint(namespaces), "[go.tests]")
	count, err := results[6].Count()
	must(t, err)
	wantEqual(t, count, 1)

	// The same once more, each operation seeing the ones before.
	results, err = store.Batch(background, &batch, lgstore.Sequential())
	must(t, err)
	item, err = results[2].Item()
	must(t, err)
	wantEqual(t, item.ExpiresAt.Sub(item.UpdatedAt), time.Minute)
	results, err = store.Batch(background, new(lgstore.Batch), lgstore.Logged())
	must(t, err)
	wantEqual(t, len(results), 0)
}

// One wrong operation rejects the batch; one that fails leaves the others.
func TestBatchErrors(t *testing.T) {
	store := open(t, memory)
	var wrong lgstore.Batch
	wrong.Put(place, "k", struct{}{})
	wrong.Get(lgstore.NS("a.b"), "k")
	_, err := store.Batch(background, &wrong)
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "ops[1].namespace[0]")
	var unwritable lgstore.Batch
	unwritable.Put(place, "k", make(chan int))
	unwritable.Put(place, "l", struct{}{})
	_, err = store.Batch(background, &unwritable)
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Op, lgstore.OpBatch)
	_, err = store.Get(background, place, "l")
	wantEqual(t, err, lgstore.ErrNoItem)
	_, err = store.Batch(background, &wrong, lgstore.Sequential(), lgstore.Logged())
	wantCode(t, err, lgstore.ErrInvalidArg)

	result := lgstore.Result{Err: errors.New("it failed")}
	if _, err := result.Item(); err != result.Err {
		t.Error(err)
	}
	if _, err := result.Count(); err != result.Err {
		t.Error(err)
	}
}
