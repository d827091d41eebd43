package lgstore_test

import (
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

type user struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

func TestTyped(t *testing.T) {
	users := lgstore.Typed[user](open(t, memory), "users")
	ada := user{"Ada", 36}
	must(t, users.Put(background, "ada", ada, lgstore.TTL(time.Hour)))
	got, err := users.Get(background, "ada")
	must(t, err)
	wantEqual(t, got, ada)
	item, err := users.GetItem(background, "ada")
	must(t, err)
	wantEqual(t, item.ExpiresAt.Sub(item.UpdatedAt), time.Hour)
	applied, err := users.PutIfAbsent(background, "ada", user{})
	must(t, err)
	wantEqual(t, applied, false)
	applied, err = users.CompareAndSet(background, "ada", ada, user{"Ada", 37})
	must(t, err)
	wantEqual(t, applied, true)
	must(t, users.At("guests").Put(background, "bob", user{"Bob", 12}))
	wantEqual(t, users.Namespace().String(), "users")
	for item, err := range users.Search(background, lgstore.SearchQuery{Filter: map[string]any{"age": 12}}) {
		must(t, err)
		wantEqual(t, item.Value, user{"Bob", 12})
		wantEqual(t, item.Namespace.String(), "users.guests")
	}
	must(t, users.Delete(background, "ada"))
	if _, err := users.Get(background, "ada"); err != lgstore.ErrNoItem {
		t.Fatal(err)
	}
}

// A value of another type is an error with its item, and the search goes on.
func TestTypedForeignValues(t *testing.T) {
	store := open(t, memory)
	users := lgstore.Typed[user](store, "users")
	must(t, store.Put(background, users.Namespace(), "a", map[string]any{"age": "old"}))
	must(t, users.Put(background, "b", user{"Bob", 1}))
	if _, err := users.Get(background, "a"); err == nil {
		t.Fatal("a text was read as a number")
	}
	var wrong, right []string
	for item, err := range users.Search(background, lgstore.SearchQuery{}) {
		if err != nil {
			wrong = append(wrong, item.Key)
		} else {
			right = append(right, item.Key)
		}
	}
	if len(wrong) != 1 || wrong[0] != "a" || len(right) != 1 || right[0] != "b" {
		t.Fatalf("wrong %v, right %v", wrong, right)
	}
}
