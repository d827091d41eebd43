package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	lgstore "lgstore/bindings/go"
)

func rawMessage(value []byte) json.RawMessage { return value }

// besideGocql compares gets and puts on a cluster with gocql, which reads and writes the same rows of the same
// table as lgstore does.
func besideGocql(contactPoints string, size, rounds int) (good bool, err error) {
	ctx := context.Background()
	const keyspace = "go_bench"
	config, err := json.Marshal(map[string]any{
		"backend": "cql", "contact_points": strings.Split(contactPoints, ","), "keyspace": keyspace,
		"request_timeout": 30, "speculative": map[string]any{"max": 0}, "connect": map[string]any{"deadline": 60},
	})
	if err != nil {
		return false, err
	}
	store, err := lgstore.Open(ctx, string(config))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	fill := func(i int) error { return store.Put(ctx, namespace, keyOf(i), largeOf(i)) }
	if err := together(items, 64, &latencies{}, fill); err != nil {
		return false, err
	}
	cluster := gocql.NewCluster(strings.Split(contactPoints, ",")...)
	cluster.Keyspace, cluster.Timeout, cluster.Consistency = keyspace, 30*time.Second, gocql.LocalQuorum
	session, err := cluster.CreateSession()
	if err != nil {
		return false, err
	}
	defer session.Close()
	prefix := namespace.String()
	pause()

	var workloads []*workload
	for _, depth := range []int{1, 64, 512} {
		n := size
		if depth == 1 {
			n = size / 10
		}
		add := func(name string, one func(i int) error) {
			workloads = append(workloads, &workload{name: fmt.Sprintf("%s, %d in flight", name, depth), n: n,
				run: func(n int, kept *latencies) error { return together(n, depth, kept, one) }})
		}
		add("lgstore, get", func(i int) error { _, err := store.Get(ctx, namespace, keyOf(scattered(i))); return err })
		add("gocql, get", func(i int) error {
			var value []byte
			var created, updated time.Time
			var version gocql.UUID
			query := session.Query(readText, prefix, keyOf(scattered(i)))
			return query.ScanContext(ctx, &value, &created, &updated, &version)
		})
		add("lgstore, put", func(i int) error { return store.Put(ctx, namespace, keyOf(scattered(i)), largeOf(i)) })
		add("gocql, put", func(i int) error {
			now := time.Now()
			query := session.Query(writeText, []byte(largeOf(i)), now, now, gocql.TimeUUID(), nil, 0, prefix, keyOf(scattered(i)))
			return query.ExecContext(ctx)
		})
	}
	if err := measure(workloads, rounds); err != nil {
		return false, err
	}
	show("On a cluster, beside gocql with the same table, values of 1 KB", workloads)
	good = true
	for at := 0; at < len(workloads); at += 2 {
		ours, theirs := workloads[at], workloads[at+1]
		fmt.Printf("%s: %.2f x gocql's operations per CPU, p99 %.2f x\n", ours.name, theirs.cpu/ours.cpu, ours.p99/theirs.p99)
		wanted := map[bool]float64{strings.HasSuffix(ours.name, " 64 in flight"): 1.1, strings.HasSuffix(ours.name, " 512 in flight"): 1.4}[true]
		good = good && theirs.cpu/ours.cpu >= wanted && (wanted == 0 || ours.p99 <= theirs.p99)
	}
	return good, nil
}

// The texts that read and write an item of lgstore's table; the prefix is the namespace's labels joined by dots.
const (
	readText  = "SELECT value, created_at, updated_at, version FROM store WHERE prefix = ? AND key = ?"
	writeText = "UPDATE store SET value = ?, created_at = ?, updated_at = ?, version = ?, ttl_seconds = ?, sub_ms = ? " +
		"WHERE prefix = ? AND key = ?"
)
