package lgstore_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	lgstore "lgstore/bindings/go"
)

func TestConditionalWrites(t *testing.T) {
	store := open(t, memory)
	type n struct {
		N int `json:"n"`
	}
	no, err := store.UpdateIfExists(background, place, "k", n{0})
	must(t, err)
	if no.Applied || no.Current != nil {
		t.Fatalf("update_if_exists made an item: %+v", no)
	}
	made, err := store.PutIfAbsent(background, place, "k", n{1})
	must(t, err)
	if !made.Applied || made.Version == "" {
		t.Fatalf("put_if_absent: %+v", made)
	}
	no, err = store.PutIfAbsent(background, place, "k", n{2})
	must(t, err)
	if no.Applied || no.Current == nil || string(no.Current.Value) != `{"n":1}` || no.Current.Version != made.Version {
		t.Fatalf("put_if_absent over an item: %+v", no)
	}
	set, err := store.CompareAndSet(background, place, "k", lgstore.ExpectValue(json.RawMessage(`{ "n" : 1.0 }`)), n{3})
	must(t, err)
	wantEqual(t, set.Applied, true)
	set, err = store.CompareAndSet(background, place, "k", lgstore.ExpectVersion(set.Version), n{4})
	must(t, err)
	wantEqual(t, set.Applied, true)
	no, err = store.CompareAndSet(background, place, "k", lgstore.ExpectVersion(made.Version), n{5})
	must(t, err)
	wantEqual(t, no.Applied, false)
	no, err = store.DeleteIfValue(background, place, "k", lgstore.ExpectValue(n{3}))
	must(t, err)
	wantEqual(t, no.Applied, false)
	wantEqual(t, string(no.Current.Value), `{"n":4}`)
	gone, err := store.DeleteIfValue(background, place, "k", lgstore.ExpectValue(n{4}))
	must(t, err)
	wantEqual(t, gone.Applied, true)
	gone, err = store.DeleteIfExists(background, place, "k")
	must(t, err)
	wantEqual(t, gone.Applied, false)
	_, err = store.CompareAndSet(background, place, "k", lgstore.ExpectValue(make(chan int)), n{})
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "expected_value")
	_, err = store.DeleteIfValue(background, place, "k", lgstore.ExpectValue(json.RawMessage(`{},"x":1`)))
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "expected_value")
}

// A counter that many raise at a time counts every one of them.
func TestUpdateLosesNothing(t *testing.T) {
	type counter struct{ Count int }
	counters := lgstore.Typed[counter](open(t, accepting), "go", "counters")
	const workers, rounds = 8, 50
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for range rounds {
				_, err := counters.Update(background, "hits", func(c counter) (counter, error) { return counter{c.Count + 1}, nil })
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	got, err := counters.Get(background, "hits")
	must(t, err)
	wantEqual(t, got.Count, workers*rounds)
	enough := errors.New("enough")
	if _, err = counters.Update(background, "hits", func(counter) (counter, error) { return counter{}, enough }); err != enough {
		t.Fatalf("the error of change: %v", err)
	}
}
