package lgstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

func TestCloseIsIdempotent(t *testing.T) {
	store, err := lgstore.Open(background, memory)
	must(t, err)
	var group sync.WaitGroup
	for range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	must(t, store.Close())
	failure := wantCode(t, store.Put(background, place, "k", struct{}{}), lgstore.ErrClosed)
	wantEqual(t, failure.Op, lgstore.OpPut)
	_, err = store.Get(background, place, "k")
	wantCode(t, err, lgstore.ErrClosed)
	_, err = store.Metrics()
	wantCode(t, err, lgstore.ErrClosed)
	wantCode(t, store.WritePrometheus(nil), lgstore.ErrClosed)
	wantCode(t, store.ResetBreaker(), lgstore.ErrClosed)
	for _, err := range store.Search(background, nil, lgstore.SearchQuery{}) {
		wantCode(t, err, lgstore.ErrClosed)
	}
}

// Close waits for what runs, and ends what runs longer than it waits.
func TestCloseDrains(t *testing.T) {
	slow, err := lgstore.New(`{"backend":"fault","fault":{"delay_us":100000}}`)
	must(t, err)
	result := make(chan error, 1)
	go func() { result <- slow.Put(background, place, "k", struct{}{}) }()
	waitInFlight(t, slow, 1)
	must(t, slow.Close())
	must(t, <-result)

	for _, drain := range []time.Duration{0, 20 * time.Millisecond} {
		hanging, err := lgstore.New(stuck, lgstore.WithDrainTimeout(drain))
		must(t, err)
		go func() { result <- hanging.Put(background, place, "k", struct{}{}) }()
		waitInFlight(t, hanging, 1)
		must(t, hanging.Close())
		wantCode(t, <-result, lgstore.ErrClosed)
	}
}

// What was written is there when the file is opened again.
func TestReopen(t *testing.T) {
	config := "file:" + filepath.Join(t.TempDir(), "x.db")
	for round := range 3 {
		store, err := lgstore.Open(background, config)
		must(t, err)
		count, err := store.Count(background, nil, nil)
		must(t, err)
		wantEqual(t, count, int64(round))
		must(t, store.Put(background, place, string(rune('a'+round)), struct{}{}))
		must(t, store.Close())
	}
}

// New touches nothing: what is wrong with the file is the first operation's error.
func TestNewIsLazy(t *testing.T) {
	store, err := lgstore.New("file:" + filepath.Join(t.TempDir(), "no", "folder", "x.db"))
	must(t, err)
	var failure *lgstore.Error
	if _, err = store.Get(background, place, "k"); !errors.As(err, &failure) {
		t.Fatalf("no folder, no error: %v", err)
	}
	must(t, store.Close())
}

// Stores are closed while operations of all kinds run, begin and are cancelled: each has one outcome.
func TestCloseStorm(t *testing.T) {
	for round := range 40 {
		config := memory
		switch round % 3 {
		case 1:
			config = accepting
		case 2:
			config = `{"backend":"fault","fault":{"delay_us":200}}`
		}
		store, err := lgstore.New(config, lgstore.WithDrainTimeout(time.Duration(round)*time.Millisecond/10))
		must(t, err)
		var group sync.WaitGroup
		for worker := range 16 {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					ctx, cancel := context.WithTimeout(background, time.Duration(worker)*50*time.Microsecond+time.Microsecond)
					err := store.Put(ctx, place, "k", struct{}{})
					if err == nil {
						_, err = store.Get(ctx, place, "k")
					}
					cancel()
					if errors.Is(err, context.DeadlineExceeded) {
						_, err = store.Metrics() // The deadline may always be over before the store is asked.
					}
					if errors.Is(err, lgstore.ErrClosed) {
						return
					}
					if err != nil && err != lgstore.ErrNoItem {
						t.Error(err)
						return
					}
				}
			}()
		}
		for range 4 {
			group.Add(1)
			go func() {
				defer group.Done()
				runtime.Gosched()
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			}()
		}
		group.Wait()
	}
}

// Contexts end at every moment of a request's life; no outcome is lost and no slot stays taken.
func TestCancelStorm(t *testing.T) {
	for _, config := range []string{
		`{"backend":"fault","fault":{"delay_us":300},"limits":{"inflight_operations":64}}`,
		`{"backend":"embedded","immediate":false,"limits":{"inflight_operations":64}}`,
	} {
		store := open(t, config)
		var group sync.WaitGroup
		for worker := range 32 {
			group.Add(1)
			go func() {
				defer group.Done()
				for round := range 150 {
					ctx, cancel := context.WithCancel(background)
					timer := time.AfterFunc(time.Duration((worker*round)%600)*time.Microsecond, cancel)
					err := store.Put(ctx, place, "k", struct{}{})
					timer.Stop()
					cancel()
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Errorf("round %d: %v", round, err)
						return
					}
				}
			}()
		}
		group.Wait()
		waitInFlight(t, store, 0)
		must(t, store.Put(background, place, "k", struct{}{}))
	}
}

// The garbage collector runs all the time while requests are built and answers are read.
func TestUnderGarbageCollection(t *testing.T) {
	stop, collected := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(collected)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for _, config := range []string{memory, accepting} {
		store := open(t, config)
		var group sync.WaitGroup
		for worker := range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				namespace := lgstore.NS("go", string(rune('a'+worker)))
				for round := range 200 {
					value := map[string]int{"worker": worker, "round": round}
					if err := store.Put(background, namespace, "k", value); err != nil {
						t.Error(err)
					}
					item, err := store.Get(background, namespace, "k")
					if err != nil || item.Decode(&value) != nil || value["worker"] != worker || value["round"] != round ||
						item.Namespace[1] != namespace[1] || item.Key != "k" {
						t.Errorf("%v, %v", item, err)
						return
					}
				}
			}()
		}
		group.Wait()
	}
	close(stop)
	<-collected
}
