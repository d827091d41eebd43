// Httpservice serves the memories of users over HTTP:
//
//	PUT    /users/{user}/memories/{key}   stores the JSON object of the body
//	GET    /users/{user}/memories/{key}
//	DELETE /users/{user}/memories/{key}
//	GET    /users/{user}/memories         lists; ?filter={...}
//	GET    /health, /metrics
//
// A client that goes away cancels its operation, down in the store.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	lgstore "lgstore/bindings/go"
)

type service struct{ store *lgstore.Store }

func (s service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /users/{user}/memories/{key}", s.put)
	mux.HandleFunc("GET /users/{user}/memories/{key}", s.get)
	mux.HandleFunc("DELETE /users/{user}/memories/{key}", s.remove)
	mux.HandleFunc("GET /users/{user}/memories", s.list)
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /metrics", s.metrics)
	return http.TimeoutHandler(mux, 10*time.Second, "too slow\n")
}

func memories(r *http.Request) lgstore.Namespace {
	return lgstore.NS("users", r.PathValue("user"), "memories")
}

func (s service) put(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err := s.store.Put(r.Context(), memories(r), r.PathValue("key"), json.RawMessage(body)); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s service) get(w http.ResponseWriter, r *http.Request) {
	item, err := s.store.Get(r.Context(), memories(r), r.PathValue("key"))
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Last-Modified", item.UpdatedAt.UTC().Format(http.TimeFormat))
	_, _ = w.Write(item.Value)
}

func (s service) remove(w http.ResponseWriter, r *http.Request) {
	if err := s.store.Delete(r.Context(), memories(r), r.PathValue("key")); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s service) list(w http.ResponseWriter, r *http.Request) {
	query := lgstore.SearchQuery{Limit: 1000}
	if filter := r.FormValue("filter"); filter != "" {
		query.Filter = json.RawMessage(filter)
	}
	found := map[string]json.RawMessage{}
	for item, err := range s.store.Search(r.Context(), memories(r), query) {
		if err != nil {
			fail(w, err)
			return
		}
		found[item.Key] = item.Value
	}
	answer(w, http.StatusOK, found)
}

func (s service) health(w http.ResponseWriter, r *http.Request) {
	health, err := s.store.Health(r.Context())
	switch {
	case err != nil:
		fail(w, err)
	case health.Status == lgstore.Unhealthy:
		answer(w, http.StatusServiceUnavailable, health)
	default:
		answer(w, http.StatusOK, health)
	}
}

func (s service) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", lgstore.PrometheusContentType)
	if err := s.store.WritePrometheus(w); err != nil {
		fail(w, err)
	}
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// fail says in HTTP's words what went wrong.
func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, lgstore.ErrNoItem) {
		http.Error(w, "no such memory", http.StatusNotFound)
		return
	}
	status := http.StatusInternalServerError
	var failure *lgstore.Error
	if errors.As(err, &failure) {
		switch failure.Code {
		case lgstore.ErrInvalidArg, lgstore.ErrUTF8, lgstore.ErrJSON:
			status = http.StatusBadRequest
		case lgstore.ErrRateLimited:
			status = http.StatusTooManyRequests
		case lgstore.ErrTimeout:
			status = http.StatusGatewayTimeout
		case lgstore.ErrBusy, lgstore.ErrClosed, lgstore.ErrUnavailable, lgstore.ErrOverloaded, lgstore.ErrCircuitOpen:
			status = http.StatusServiceUnavailable
		}
		if failure.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(failure.RetryAfter.Seconds())+1))
		}
	}
	http.Error(w, err.Error(), status)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The configuration is in the environment: LGSTORE_URL=file:memories.db, for example.
	store, err := lgstore.Open(ctx, "", lgstore.WithLogger(slog.Default()))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: service{store}.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	log.Printf("listening on %s", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
	if err := store.Close(); err != nil {
		log.Fatal(err)
	}
}
