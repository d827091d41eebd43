/** Counts and latencies of a store, as docs/metrics.md says. Latencies are in microseconds. */
export interface Metrics {
  operations: Record<string, { count: number; errors: number; latency_us: Latency }>;
  total_operations: number;
  total_errors: number;
  error_rate: number;
  latency_us: Latency;
  /** Failed operations by error code. */
  errors: Record<string, number>;
  /** Refused requests by error code. */
  refused: Record<string, number>;
  batch_stats: BatchMetrics;
  caches: Record<string, { hits: number; misses: number; hit_rate: number; entries: number }>;
  breakers: Record<string, BreakerMetrics>;
  rate_limit?: { waited: number; waited_seconds: number; refused: number };
  retries?: { attempts: number; succeeded: number; exhausted: number };
  /** Of the connections to a cluster; null = not known. */
  pool?: { connections: number | null; nodes_up: number; nodes: number };
  /** Refreshes on read that were given up. */
  refreshes_dropped: number;
  counters: Record<string, number>;
  gauges: Record<string, number>;
  /** Requests accepted and not yet answered. */
  in_flight: number;
  /** Since the store was made or its counts were reset. */
  seconds: number;
}

export interface Latency {
  p50: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
}

export interface BatchMetrics {
  total_batches: number;
  total_batch_operations: number;
  avg_batch_size: number;
  logged_batches: number;
  unlogged_batches: number;
  concurrent_batches: number;
  atomic_batches: number;
  batch_size_p50: number;
  batch_size_p95: number;
  batch_size_p99: number;
}

export interface BreakerMetrics {
  state: "CLOSED" | "HALF_OPEN" | "OPEN";
  gauge: 0 | 1 | 2;
  opened: number;
  rejected: number;
  failures: number;
}

/** The content type of what {@link Store.prometheus} gives. */
export const prometheusContentType = "text/plain; version=0.0.4";
