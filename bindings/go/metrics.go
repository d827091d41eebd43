package lgstore

import "io"

// Metrics are counts and latencies of a store; docs/metrics.md says what each counts. Latencies are in
// microseconds.
type Metrics struct {
	Operations      map[string]OperationMetrics `json:"operations"`
	TotalOperations uint64                      `json:"total_operations"`
	TotalErrors     uint64                      `json:"total_errors"`
	ErrorRate       float64                     `json:"error_rate"`
	Latency         Latency                     `json:"latency_us"`
	Errors          map[string]uint64           `json:"errors"`
	Refused         map[string]uint64           `json:"refused"`
	Batches         BatchMetrics                `json:"batch_stats"`
	Caches          map[string]CacheMetrics     `json:"caches"`
	Breakers        map[string]BreakerMetrics   `json:"breakers"`
	RateLimit       *RateLimitMetrics           `json:"rate_limit"`
	Retries         *RetryMetrics               `json:"retries"`
	Pool            *PoolMetrics                `json:"pool"`
	// RefreshesDropped counts refreshes on read that were given up.
	RefreshesDropped uint64             `json:"refreshes_dropped"`
	Counters         map[string]uint64  `json:"counters"`
	Gauges           map[string]float64 `json:"gauges"`
	// InFlight counts requests accepted and not yet answered.
	InFlight uint64 `json:"in_flight"`
	// Seconds since the store was made or its counts were reset.
	Seconds float64 `json:"seconds"`
}

// OperationMetrics are those of one operation.
type OperationMetrics struct {
	Count   uint64  `json:"count"`
	Errors  uint64  `json:"errors"`
	Latency Latency `json:"latency_us"`
}

// Latency is in microseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

// BatchMetrics count batches, their operations and the ways they went.
type BatchMetrics struct {
	TotalBatches         uint64  `json:"total_batches"`
	TotalBatchOperations uint64  `json:"total_batch_operations"`
	AvgBatchSize         float64 `json:"avg_batch_size"`
	LoggedBatches        uint64  `json:"logged_batches"`
	UnloggedBatches      uint64  `json:"unlogged_batches"`
	ConcurrentBatches    uint64  `json:"concurrent_batches"`
	AtomicBatches        uint64  `json:"atomic_batches"`
	SizeP50              float64 `json:"batch_size_p50"`
	SizeP95              float64 `json:"batch_size_p95"`
	SizeP99              float64 `json:"batch_size_p99"`
}

// CacheMetrics are those of one cache.
type CacheMetrics struct {
	Hits    uint64  `json:"hits"`
	Misses  uint64  `json:"misses"`
	HitRate float64 `json:"hit_rate"`
	Entries uint64  `json:"entries"`
}

// BreakerMetrics are those of one circuit breaker; State is CLOSED, HALF_OPEN or OPEN.
type BreakerMetrics struct {
	State    string `json:"state"`
	Gauge    int    `json:"gauge"`
	Opened   uint64 `json:"opened"`
	Rejected uint64 `json:"rejected"`
	Failures uint64 `json:"failures"`
}

// RateLimitMetrics count requests above the rate.
type RateLimitMetrics struct {
	Waited        uint64  `json:"waited"`
	WaitedSeconds float64 `json:"waited_seconds"`
	Refused       uint64  `json:"refused"`
}

// RetryMetrics count attempts after the first.
type RetryMetrics struct {
	Attempts  uint64 `json:"attempts"`
	Succeeded uint64 `json:"succeeded"`
	Exhausted uint64 `json:"exhausted"`
}

// PoolMetrics are of the connections to a cluster; Connections nil = not known.
type PoolMetrics struct {
	Connections *uint64 `json:"connections"`
	NodesUp     uint64  `json:"nodes_up"`
	Nodes       uint64  `json:"nodes"`
}

// Metrics gives a snapshot. It does not touch the database.
func (s *Store) Metrics() (*Metrics, error) { return s.metrics(false) }

// ResetMetrics gives a snapshot and starts the counts anew.
func (s *Store) ResetMetrics() (*Metrics, error) { return s.metrics(true) }

func (s *store) metrics(reset bool) (*Metrics, error) {
	if !s.enter() {
		return nil, refusal(ErrClosed)
	}
	document, err := cMetrics(s.handle, reset)
	s.leave()
	if err != nil {
		return nil, err
	}
	metrics := new(Metrics)
	return metrics, read(document, metrics)
}

// WritePrometheus writes the counts as text for Prometheus, exposition format 0.0.4: serve it with the
// content type [PrometheusContentType].
func (s *Store) WritePrometheus(to io.Writer) error {
	if !s.enter() {
		return refusal(ErrClosed)
	}
	page, err := cMetricsPrometheus(s.handle)
	s.leave()
	if err != nil {
		return err
	}
	_, err = to.Write(page)
	return err
}

// PrometheusContentType goes with WritePrometheus.
const PrometheusContentType = "text/plain; version=0.0.4"

// ResetBreaker closes the store's circuit breaker, whatever its state. It is no error if there is none.
func (s *Store) ResetBreaker() error {
	if !s.enter() {
		return refusal(ErrClosed)
	}
	defer s.leave()
	return cBreakerReset(s.handle)
}
