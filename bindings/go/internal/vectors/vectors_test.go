package vectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lgstore "lgstore/bindings/go"
)

// able is what a runner may need to be able to do; beyondACluster what no cluster is.
var (
	able           = []string{"fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"}
	beyondACluster = []string{"long_clock", "milliseconds", "sweep", "ttl_20_years"}
)

// A backend is where cases run.
type backend struct {
	cluster bool
	config  map[string]any
	// folder for files; "" = in memory or on a cluster.
	folder string

	mu     sync.Mutex
	opened int
	shared map[string]*lgstore.Store
	// fresh is held while a case uses the one keyspace that it wants empty.
	fresh sync.Mutex
	// done and leftOut count cases.
	done, leftOut, labels atomic.Int64
}

func TestMemory(t *testing.T) { run(t, embedded("")) }

func TestFile(t *testing.T) { run(t, embedded(t.TempDir())) }

// TestCluster runs on the cluster of LGSTORE_TEST_CONTACT_POINTS, in the keyspace LGSTORE_TEST_KEYSPACE.
func TestCluster(t *testing.T) {
	points, keyspace := os.Getenv("LGSTORE_TEST_CONTACT_POINTS"), os.Getenv("LGSTORE_TEST_KEYSPACE")
	if keyspace == "" {
		// Without a cluster there is nothing to run on; with a keyspace, missing contact points are a failure below.
		t.Skip("a test of its own, which brings a cluster, names the keyspace: cql.go.vectors")
	}
	if points == "" {
		t.Fatal("LGSTORE_TEST_KEYSPACE is set, and LGSTORE_TEST_CONTACT_POINTS is not")
	}
	run(t, &backend{cluster: true, config: map[string]any{
		"backend": "cql", "contact_points": strings.Split(points, ","), "keyspace": keyspace,
		"ttl": map[string]any{"refresh_slack": 0},
		// A busy machine is slow, not broken; and asking twice would not make it faster.
		"request_timeout": 30, "speculative": map[string]any{"max": 0}, "connect": map[string]any{"deadline": 60},
	}})
}

func embedded(folder string) *backend {
	return &backend{folder: folder, config: map[string]any{
		"backend": "embedded", "test_clock": true, "durability": "normal",
		"ttl": map[string]any{"refresh_slack": 0, "sweep_interval": nil},
	}}
}

func run(t *testing.T, on *backend) {
	on.shared = map[string]*lgstore.Store{}
	lines := vectorLines(t)
	workers := 1
	if on.cluster {
		workers = 6
	}
	var group, sleepers sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for at := worker; at < len(lines); at += workers {
				on.runLine(t, lines[at], &sleepers)
			}
		}()
	}
	group.Wait()
	sleepers.Wait()
	for _, store := range on.shared {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d cases, %d left out by what they need", on.done.Load(), on.leftOut.Load())
	if on.done.Load() == 0 {
		t.Error("no case was run")
	}
}

func vectorLines(t *testing.T) [][]byte {
	folder := os.Getenv("LGSTORE_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "tests", "vectors")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors in %s", folder)
	}
	var lines [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))...)
	}
	return lines
}

// label gives the line a root label that no other run of any case uses, and reads it.
func (on *backend) label(line []byte) (vector, error) {
	label := fmt.Sprintf("g%xp%xn%d", time.Now().Unix(), os.Getpid(), on.labels.Add(1))
	var one vector
	err := json.Unmarshal(bytes.ReplaceAll(line, []byte("${ns}"), []byte(label)), &one)
	return one, err
}

func (on *backend) runLine(t *testing.T, line []byte, sleepers *sync.WaitGroup) {
	one, err := on.label(line)
	if err != nil {
		t.Errorf("%v: %.200s", err, line)
		return
	}
	for _, need := range one.Needs {
		if !slices.Contains(able, need) {
			t.Errorf("%s: unknown need %q", one.Case, need)
		}
		if on.cluster && slices.Contains(beyondACluster, need) {
			on.leftOut.Add(1)
			return
		}
	}
	on.done.Add(1)
	fresh := slices.Contains(one.Needs, "fresh")
	if on.cluster && !fresh && slices.Contains(one.Needs, "clock") {
		sleepers.Add(1)
		go func() {
			defer sleepers.Done()
			// What a case keeps alive has seconds to spare, but a busy machine may take longer: what failed
			// runs once more. An answer that is wrong is wrong again.
			if err := on.runCase(one, false); err != nil {
				t.Logf("once more: %s: %v", one.Case, err)
				if one, err = on.label(line); err == nil {
					err = on.runCase(one, false)
				}
				report(t, one, err)
			}
		}()
		return
	}
	report(t, one, on.runCase(one, fresh))
}

func report(t *testing.T, one vector, err error) {
	if err != nil {
		t.Errorf("%s: %v\n    %s", one.Case, err, one.Rule)
	}
}

func (on *backend) runCase(one vector, fresh bool) (err error) {
	store, done, err := on.storeFor(one.Config, fresh)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	slack := time.Duration(0)
	if on.cluster {
		slack = 1500 * time.Millisecond // An expiry's second, and what the request took.
	}
	captured := newCaptures(slack)
	if len(one.Steps) == 0 {
		return errors.New("a case without steps")
	}
	for i := range one.Steps {
		if err := one.Steps[i].run(context.Background(), store, on, captured); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// storeFor gives the store that all cases of one configuration share, or an empty one for this case.
func (on *backend) storeFor(config json.RawMessage, fresh bool) (*lgstore.Store, func() error, error) {
	nothing := func() error { return nil }
	if !fresh {
		on.mu.Lock()
		defer on.mu.Unlock()
		if store := on.shared[string(config)]; store != nil {
			return store, nothing, nil
		}
		store, err := on.open(config, "")
		on.shared[string(config)] = store
		return store, nothing, err
	}
	on.fresh.Lock()
	store, err := on.open(config, "_fresh")
	if err != nil {
		on.fresh.Unlock()
		return nil, nil, err
	}
	if on.cluster { // The keyspace stays between runs, and its items with it.
		_, err = store.DeletePrefix(context.Background(), nil, nil)
	}
	return store, func() error { defer on.fresh.Unlock(); return store.Close() }, err
}

// open makes a store of the runner's configuration with the case's merged over it.
func (on *backend) open(config json.RawMessage, suffix string) (*lgstore.Store, error) {
	merged := map[string]any{}
	if config != nil {
		decoded, err := decode(config)
		if err != nil {
			return nil, err
		}
		merged = decoded.(map[string]any)
	}
	merge(merged, on.config)
	if on.folder != "" {
		on.opened++
		merged["path"] = filepath.Join(on.folder, fmt.Sprintf("%d%s.db", on.opened, suffix))
	}
	if on.cluster {
		merged["keyspace"] = fmt.Sprint(merged["keyspace"], suffix)
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return nil, err
	}
	return lgstore.Open(context.Background(), string(text))
}

// merge adds what the first lacks, objects member by member.
func merge(to, from map[string]any) {
	for name, value := range from {
		mine, has := to[name]
		if !has {
			to[name] = value
		} else if mine, isObject := mine.(map[string]any); isObject {
			if value, isObject := value.(map[string]any); isObject {
				copied := map[string]any{}
				merge(copied, mine)
				merge(copied, value)
				to[name] = copied
			}
		}
	}
}
