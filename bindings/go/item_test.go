package lgstore_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func TestPutGetDelete(t *testing.T) {
	store := open(t, memory)
	before := time.Now().Add(-time.Second)
	must(t, store.Put(background, place, "k", map[string]any{"n": 1, "html": "<&>"}))
	item, err := store.Get(background, place, "k")
	must(t, err)
	wantEqual(t, item.Namespace.String(), "go.tests")
	wantEqual(t, item.Key, "k")
	wantEqual(t, string(item.Value), `{"html":"<&>","n":1}`)
	if item.CreatedAt.Before(before) || !item.CreatedAt.Equal(item.UpdatedAt) || !item.ExpiresAt.IsZero() {
		t.Fatalf("times: %+v", item)
	}
	wantEqual(t, len(item.Version), 36)
	wantEqual(t, math.IsNaN(item.Score), true)
	var value struct{ N int }
	must(t, item.Decode(&value))
	wantEqual(t, value.N, 1)

	must(t, store.Put(background, place, "k", struct{ M int }{2}))
	again, err := store.Get(background, place, "k")
	must(t, err)
	if !again.UpdatedAt.After(item.UpdatedAt) || !again.CreatedAt.Equal(item.CreatedAt) || again.Version == item.Version {
		t.Fatalf("an overwrite: %+v after %+v", again, item)
	}
	must(t, store.Delete(background, place, "k"))
	must(t, store.Delete(background, place, "k"))
	if _, err := store.Get(background, place, "k"); err != lgstore.ErrNoItem {
		t.Fatalf("expected ErrNoItem, got %v", err)
	}
}

// Raw text comes back byte for byte, whatever encoding/json would make of it.
func TestRawValuesKeepTheirBytes(t *testing.T) {
	for _, store := range []*lgstore.Store{open(t, memory), open(t, accepting)} {
		for _, text := range []string{
			`{}`,
			` { "b" : 1 , "a" : 2 } `,
			`{"big":123456789012345678901234567890,"float":1e22,"zero":-0.0,"one":1.0}`,
			`{"escapes":"\u00e9\/\ud83d\ude00\"\\","plain":"é😀","html":"<&>","nul":"\u0000"}`,
			`{"twice":1,"twice":2,"":{"":[]}}`,
			`{"slashes":"\\\\\\","quote":"\\\"","end":"\\"}`,
			`{"long":"` + strings.Repeat("x\\\"y", 200_000) + `"}`,
		} {
			must(t, store.Put(background, place, "raw", json.RawMessage(text)))
			item, err := store.Get(background, place, "raw")
			must(t, err)
			if want := strings.TrimSpace(text); string(item.Value) != want && string(item.Value) != text {
				t.Fatalf("%.100s came back as %.100s", text, item.Value)
			}
		}
	}
}

// What the caller does to a value's bytes changes nothing else of the item.
func TestValuesAreTheCallersOwn(t *testing.T) {
	store := open(t, memory)
	must(t, store.Put(background, place, "k", json.RawMessage(`{"n":1}`)))
	item, err := store.Get(background, place, "k")
	must(t, err)
	version := strings.Clone(item.Version)
	for i := range item.Value {
		item.Value[i] = '!'
	}
	_ = append(item.Value, strings.Repeat("x", 120)...) // as far as the version
	wantEqual(t, item.Version, version)
	wantEqual(t, item.Key, "k")
	wantEqual(t, item.Namespace.String(), "go.tests")
	again, err := store.Get(background, place, "k")
	must(t, err)
	wantEqual(t, string(again.Value), `{"n":1}`)
	wantEqual(t, again.Version, version)
}

func TestKeysAndLabelsAreKeptExactly(t *testing.T) {
	store := open(t, memory)
	for _, text := range []string{"", " ", "a b/:%_*\\\"'\n\t", "\x00\x01\x1f", "é😀\u2028\u007f", `\u0041`, strings.Repeat("k", 1024)} {
		namespace := place
		if text != "" && len(text) <= 256 && !strings.ContainsAny(text, ".\x00") {
			namespace = lgstore.NS("go", text)
		}
		must(t, store.Put(background, namespace, text, json.RawMessage(`{"n":1}`)))
		item, err := store.Get(background, namespace, text)
		must(t, err)
		wantEqual(t, item.Key, text)
		wantEqual(t, item.Namespace.String(), namespace.String())
	}
}

// Every argument that is wrong has an error that names it, and none reaches another's place in the request.
func TestWrongArguments(t *testing.T) {
	store := open(t, memory)
	for _, one := range []struct {
		namespace lgstore.Namespace
		key       string
		value     any
		options   []lgstore.RequestOption
		code      lgstore.Code
		field     string
	}{
		{lgstore.NS(), "k", json.RawMessage(`{}`), nil, lgstore.ErrInvalidArg, "namespace"},
		{lgstore.NS("a.b"), "k", json.RawMessage(`{}`), nil, lgstore.ErrInvalidArg, "namespace[0]"},
		{lgstore.NS("a", ""), "k", json.RawMessage(`{}`), nil, lgstore.ErrInvalidArg, "namespace[1]"},
		{place, strings.Repeat("k", 1025), json.RawMessage(`{}`), nil, lgstore.ErrInvalidArg, "key"},
		{place, "\xff", json.RawMessage(`{}`), nil, lgstore.ErrUTF8, ""},
		{place, "k", 5, nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", []int{1}, nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", make(chan int), nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", map[string]float64{"n": math.NaN()}, nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", json.RawMessage(`{},"ttl":1`), nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", json.RawMessage(`{}{}`), nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", json.RawMessage(``), nil, lgstore.ErrInvalidArg, "value"},
		{place, "k", json.RawMessage(`{`), nil, lgstore.ErrJSON, ""},
		{place, "k", json.RawMessage(`{]`), nil, lgstore.ErrJSON, ""},
		{place, "k", json.RawMessage(`{"a":"\ud800"}`), nil, lgstore.ErrJSON, ""},
		{place, "k", json.RawMessage(`{}`), []lgstore.RequestOption{lgstore.TTL(0)}, lgstore.ErrInvalidArg, "ttl"},
		{place, "k", json.RawMessage(`{}`), []lgstore.RequestOption{lgstore.TTL(-time.Second)}, lgstore.ErrInvalidArg, "ttl"},
		{place, "k", json.RawMessage(`{}`), []lgstore.RequestOption{lgstore.RefreshTTL(true)}, lgstore.ErrInvalidArg, "refresh_ttl"},
		{place, "k", json.RawMessage(`{}`), []lgstore.RequestOption{lgstore.Retry(1, time.Second, math.Inf(1))}, lgstore.ErrInvalidArg, "retry_backoff"},
		{place, "k", json.RawMessage(`{}`), []lgstore.RequestOption{lgstore.Profile(`x","ttl":"`)}, lgstore.ErrInvalidArg, "profile"},
	} {
		failure := wantCode(t, store.Put(background, one.namespace, one.key, one.value, one.options...), one.code)
		if one.field != "" && failure.Field != one.field || failure.Message == "" || failure.Op != lgstore.OpPut ||
			failure.Retryable || failure.MayHaveApplied {
			t.Errorf("%v %.20q %v: %#v", one.namespace, one.key, one.value, failure)
		}
	}
	if n, err := store.Count(background, nil, nil); n != 0 || err != nil {
		t.Errorf("%d items were stored (%v)", n, err)
	}
	// A nil value deletes, as in every language.
	must(t, store.Put(background, place, "k", struct{}{}))
	must(t, store.Put(background, place, "k", nil))
	if _, err := store.Get(background, place, "k"); err != lgstore.ErrNoItem {
		t.Errorf("a nil value left the item: %v", err)
	}
}

func TestTimeToLive(t *testing.T) {
	store := open(t, `{"test_clock":true,"ttl":{"default_ttl":10,"refresh_slack":0,"sweep_interval":null}}`)
	must(t, store.Put(background, place, "default", struct{}{}))
	must(t, store.Put(background, place, "never", struct{}{}, lgstore.NoTTL()))
	must(t, store.Put(background, place, "long", struct{}{}, lgstore.TTL(90*time.Second+500*time.Millisecond)))
	item, err := store.Get(background, place, "long")
	must(t, err)
	wantEqual(t, item.ExpiresAt.Sub(item.UpdatedAt), 90*time.Second+500*time.Millisecond)
	must(t, store.Advance(background, 11*time.Second))
	if _, err := store.Get(background, place, "default"); err != lgstore.ErrNoItem {
		t.Fatalf("an item outlived the default: %v", err)
	}
	_, err = store.Get(background, place, "long", lgstore.RefreshTTL(true))
	must(t, err)
	must(t, store.Advance(background, 85*time.Second))
	_, err = store.Get(background, place, "long", lgstore.RefreshTTL(false))
	must(t, err)
	n, err := store.Sweep(background)
	must(t, err)
	wantEqual(t, n, 1)
	must(t, store.Advance(background, 6*time.Second))
	if _, err = store.Get(background, place, "long"); err != lgstore.ErrNoItem {
		t.Fatalf("a refresh that was not asked for: %v", err)
	}
	_, err = store.Get(background, place, "never")
	must(t, err)
}
