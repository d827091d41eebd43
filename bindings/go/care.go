package lgstore

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// runBare is for operations of the store's care. Their bodies are short.
func (s *store) runBare(ctx context.Context, op Op, body string) ([]byte, error) {
	r := s.calls.take()
	r.body = append(r.body[:0], body...)
	return s.run(ctx, op, r)
}

// Sweep reclaims expired items now, and gives their number. Expired items are invisible without it; a sweeper
// runs by itself, too (ttl.sweep_interval). A cluster reclaims by itself and answers 0.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	answer, err := s.runBare(ctx, OpSweep, "{}")
	if err != nil {
		return 0, err
	}
	return numberOf(answer)
}

// Warmup opens connections and fills caches.
func (s *Store) Warmup(ctx context.Context) error {
	_, err := s.runBare(ctx, OpWarmup, "{}")
	return err
}

// Backup copies the open store into a new file.
func (s *Store) Backup(ctx context.Context, path string) error {
	_, err := s.runBare(ctx, OpBackup, string(append(appendString([]byte(`{"path":`), path), '}')))
	return err
}

// Reindex rebuilds derived data.
func (s *Store) Reindex(ctx context.Context) error {
	_, err := s.runBare(ctx, OpReindex, "{}")
	return err
}

// Advance moves the store's clock forward by d, above 0, for tests of expiry. The configuration must say
// "test_clock": true.
func (s *Store) Advance(ctx context.Context, d time.Duration) error {
	_, err := s.runBare(ctx, OpAdvance, string(append(appendSeconds([]byte(`{"seconds":`), d), '}')))
	return err
}

// A Migration says what bringing a cluster's schema to a version did, or would do.
type Migration struct {
	From   int      `json:"from"`
	To     int      `json:"to"`
	DryRun bool     `json:"dry_run"`
	Steps  []string `json:"steps"`
}

// MigrateOptions are options of [Store.Migrate].
type MigrateOptions struct {
	// DryRun only says what would be done.
	DryRun bool
	// To is the version to go to; nil = this library's. Clusters only.
	To *int
}

// Migrate brings the schema to this library's version, or another. nil = there was nothing to do.
func (s *Store) Migrate(ctx context.Context, options MigrateOptions) (*Migration, error) {
	body := strconv.AppendBool([]byte(`{"dry_run":`), options.DryRun)
	if options.To != nil {
		body = strconv.AppendInt(append(body, `,"to":`...), int64(*options.To), 10)
	}
	answer, err := s.runBare(ctx, OpMigrate, string(append(body, '}')))
	if err != nil {
		return nil, err
	}
	var migration *Migration
	return migration, read(answer, &migration)
}

// ClusterInfo gives what the engine says of itself, as JSON: docs/configuration.md, Clusters.
func (s *Store) ClusterInfo(ctx context.Context) (json.RawMessage, error) {
	return s.runBare(ctx, OpClusterInfo, "{}")
}

// read reads an answer that is not hot.
func read(answer []byte, target any) error {
	if err := json.Unmarshal(answer, target); err != nil {
		return &Error{Code: ErrBackend, Message: "an answer that was not expected: " + err.Error(), cause: err}
	}
	return nil
}
