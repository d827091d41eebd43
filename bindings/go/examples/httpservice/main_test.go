package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func serve(t *testing.T, config string) (*httptest.Server, *lgstore.Store) {
	t.Helper()
	store, err := lgstore.New(config, lgstore.WithDrainTimeout(0))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service{store}.routes())
	t.Cleanup(func() {
		server.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, store
}

func TestService(t *testing.T) {
	server, _ := serve(t, "memory:")
	for _, one := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"PUT", "/users/ada/memories/tea", `{"likes": true}`, 204, ""},
		{"PUT", "/users/ada/memories/coffee", `{"likes":false}`, 204, ""},
		{"GET", "/users/ada/memories/tea", "", 200, `{"likes": true}`},
		{"GET", "/users/bob/memories/tea", "", 404, "no such memory"},
		{"GET", "/users/ada/memories?filter=" + url.QueryEscape(`{"likes":false}`), "", 200, `{"coffee":{"likes":false}}`},
		{"GET", "/users/ada/memories?filter=5", "", 400, "filter"},
		{"PUT", "/users/ada/memories/tea", `[]`, 400, "value"},
		{"PUT", "/users/a.b/memories/tea", `{}`, 400, "namespace[1]"},
		{"PUT", "/users/ada/memories/tea", strings.Repeat("x", 2<<20), 413, "too large"},
		{"DELETE", "/users/ada/memories/tea", "", 204, ""},
		{"GET", "/users/ada/memories/tea", "", 404, ""},
		{"GET", "/health", "", 200, `"healthy"`},
		{"GET", "/metrics", "", 200, `lgstore_operations_total{operation="put"} 2`},
	} {
		request, err := http.NewRequest(one.method, server.URL+one.path, strings.NewReader(one.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != one.status || !strings.Contains(string(answer), one.answer) {
			t.Errorf("%s %s: %d %s", one.method, one.path, response.StatusCode, answer)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// A client that goes away takes its operation with it.
func TestGoneClient(t *testing.T) {
	server, store := serve(t, `{"backend":"fault","fault":{"delay_us":3600000000}}`)
	ctx, leave := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/users/ada/memories/tea", nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		_, err := http.DefaultClient.Do(request)
		gone <- err
	}()
	inFlight := func(wanted uint64) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			metrics, err := store.Metrics()
			if err == nil && metrics.InFlight == wanted {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("not %d in flight: %+v, %v", wanted, metrics, err)
			}
		}
	}
	inFlight(1)
	leave()
	<-gone
	inFlight(0)
}
