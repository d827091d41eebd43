package lgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	lgstore "lgstore/bindings/go"
)

const warning = `{"limits":{"warn_value_bytes":1}}`

// records keeps what a logger is given.
type records struct {
	level slog.Level
	came  chan slog.Record
	then  func()
}

func (r *records) Enabled(_ context.Context, level slog.Level) bool { return level >= r.level }
func (r *records) WithAttrs([]slog.Attr) slog.Handler               { return r }
func (r *records) WithGroup(string) slog.Handler                    { return r }
func (r *records) Handle(_ context.Context, record slog.Record) error {
	r.came <- record
	if r.then != nil {
		r.then()
	}
	return nil
}

func TestLogger(t *testing.T) {
	kept := &records{level: slog.LevelWarn, came: make(chan slog.Record, 100)}
	store := open(t, warning, lgstore.WithLogger(slog.New(kept)))
	must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
	record := <-kept.came
	wantEqual(t, record.Level, slog.LevelWarn)
	attributes := map[string]string{}
	record.Attrs(func(a slog.Attr) bool { attributes[a.Key] = a.Value.String(); return true })
	if record.Message == "" || record.Time.IsZero() || attributes["operation"] != "put" || attributes["target"] == "" {
		t.Fatalf("%v %v", record, attributes)
	}
}

// A logger's level decides what is asked for, and a change of logger is complete when it returns.
func TestSetLogger(t *testing.T) {
	first := &records{level: slog.LevelError, came: make(chan slog.Record, 100)}
	second := &records{level: slog.LevelWarn, came: make(chan slog.Record, 100)}
	on, err := lgstore.NewRuntime(lgstore.RuntimeOptions{Workers: 1, Logger: slog.New(first)})
	must(t, err)
	store := open(t, warning, lgstore.WithRuntime(on))
	must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
	must(t, on.SetLogger(slog.New(second)))
	must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
	<-second.came
	must(t, on.SetLogger(nil))
	must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
	wantEqual(t, len(first.came)+len(second.came), 0)
	_, err = lgstore.New("memory:", lgstore.WithRuntime(on), lgstore.WithLogger(slog.New(first)))
	wantCode(t, err, lgstore.ErrInvalidArg)
	must(t, on.Close())
	must(t, on.Close())
	must(t, store.Put(background, place, "k", map[string]int{"n": 1})) // Stores keep what they need of it.
	wantCode(t, on.SetLogger(nil), lgstore.ErrClosed)
	_, err = lgstore.New("memory:", lgstore.WithRuntime(on))
	wantCode(t, err, lgstore.ErrClosed)
}

// A handler that panics loses its record and nothing else.
func TestPanicInLogger(t *testing.T) {
	kept := &records{came: make(chan slog.Record, 100), then: func() { panic("in the handler") }}
	store := open(t, warning, lgstore.WithLogger(slog.New(kept)))
	for range 3 {
		must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
		for record := range kept.came {
			if record.Level == slog.LevelWarn {
				break
			}
		}
	}
}

// A handler may use stores, and may not close them: that would wait for the handler.
func TestStoreInLogger(t *testing.T) {
	var store *lgstore.Store
	var once sync.Once
	ready, done := make(chan struct{}), make(chan []error, 1)
	kept := &records{level: slog.LevelWarn, came: make(chan slog.Record, 100), then: func() {
		once.Do(func() {
			<-ready
			done <- []error{store.Put(background, place, "from the handler", struct{}{}), store.Close()}
		})
	}}
	store = open(t, warning, lgstore.WithLogger(slog.New(kept)))
	close(ready)
	must(t, store.Put(background, place, "k", map[string]int{"n": 1}))
	errs := <-done
	must(t, errs[0])
	wantCode(t, errs[1], lgstore.ErrWouldDeadlock)
	_, err := store.Get(background, place, "from the handler")
	must(t, err)
}

func TestMetricsAndHealth(t *testing.T) {
	store := open(t, `{"backend":"fault","fault":{"fail_every":10},"breaker":{"enabled":true}}`)
	for range 9 {
		must(t, store.Put(background, place, "k", struct{}{}))
	}
	wantCode(t, store.Delete(background, place, "k"), lgstore.ErrUnavailable)
	wantCode(t, store.Put(background, nil, "k", struct{}{}), lgstore.ErrInvalidArg)
	var batch lgstore.Batch
	batch.Put(place, "k", struct{}{})
	_, err := store.Batch(background, &batch)
	must(t, err)
	metrics, err := store.ResetMetrics()
	must(t, err)
	if metrics.Operations["put"].Count != 9 || metrics.Operations["delete"].Errors != 1 || metrics.TotalOperations != 11 ||
		metrics.TotalErrors != 1 || metrics.Errors["unavailable"] != 1 || metrics.Refused["invalid_arg"] != 1 ||
		metrics.Batches.TotalBatches != 1 || metrics.Batches.UnloggedBatches != 1 || metrics.Operations["put"].Latency.Max <= 0 {
		t.Errorf("%+v", metrics)
	}
	for _, breaker := range metrics.Breakers {
		wantEqual(t, breaker.State, "CLOSED")
	}
	wantEqual(t, len(metrics.Breakers), 1)
	waitInFlight(t, store, 0) // The library's thread may have something left to do when the outcome is here.
	var page bytes.Buffer
	must(t, store.WritePrometheus(&page))
	if !strings.Contains(page.String(), "\nlgstore_requests_in_flight 0\n") {
		t.Error(page.String())
	}
	metrics, err = store.Metrics()
	must(t, err)
	wantEqual(t, metrics.TotalOperations, 0)

	healthy := open(t, memory)
	for _, ask := range []func(context.Context) (lgstore.Health, error){healthy.Health, healthy.HealthWithWrite} {
		health, err := ask(background)
		must(t, err)
		if health.Status != lgstore.Healthy || health.Checks["engine"].Status != lgstore.Healthy || health.Latency <= 0 {
			t.Errorf("%+v", health)
		}
	}
}

func TestCare(t *testing.T) {
	folder := t.TempDir()
	store := open(t, "file:"+folder+"/x.db")
	must(t, store.Put(background, place, "k", struct{}{}))
	must(t, store.Warmup(background))
	must(t, store.Reindex(background))
	migration, err := store.Migrate(background, lgstore.MigrateOptions{DryRun: true})
	if err != nil || migration != nil {
		t.Errorf("%+v, %v", migration, err)
	}
	to := 0
	_, err = store.Migrate(background, lgstore.MigrateOptions{To: &to})
	wantEqual(t, wantCode(t, err, lgstore.ErrInvalidArg).Field, "to")
	info, err := store.ClusterInfo(background)
	if err != nil || !json.Valid(info) {
		t.Errorf("%s, %v", info, err)
	}
	must(t, store.Backup(background, folder+"/copy \"1\".db"))
	copied := open(t, `{"path":`+string(quoted(folder+"/copy \"1\".db"))+`}`)
	if keys := keysOf(t, copied, nil, lgstore.SearchQuery{}); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("the copy holds %v", keys)
	}
	wantCode(t, store.Advance(background, 1), lgstore.ErrUnsupported)
}

func quoted(text string) []byte {
	encoded, _ := json.Marshal(text)
	return encoded
}
