package lgstore

import (
	"context"
	"time"
)

// The words of [Health] and [HealthCheck].
const (
	Healthy   = "healthy"
	Degraded  = "degraded"  // It works, but not as it should.
	Unhealthy = "unhealthy" // Operations fail.
)

// Health is how a store is. docs/metrics.md lists the checks.
type Health struct {
	// Status is the worst of the checks.
	Status  string
	Latency time.Duration
	Checks  map[string]HealthCheck
}

// A HealthCheck is one of them.
type HealthCheck struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Health asks how the store is. A store that is not well is an answer, not an error. It only reads, so it may
// be asked every few seconds.
func (s *Store) Health(ctx context.Context) (Health, error) { return s.health(ctx, "{}") }

// HealthWithWrite is Health that also tries a write, in a place that no read ever shows.
func (s *Store) HealthWithWrite(ctx context.Context) (Health, error) {
	return s.health(ctx, `{"write":true}`)
}

func (s *store) health(ctx context.Context, body string) (Health, error) {
	answer, err := s.runBare(ctx, OpHealth, body)
	if err != nil {
		return Health{}, err
	}
	var health struct {
		Status    string                 `json:"status"`
		LatencyMs float64                `json:"latency_ms"`
		Checks    map[string]HealthCheck `json:"checks"`
	}
	err = read(answer, &health)
	return Health{health.Status, time.Duration(health.LatencyMs * float64(time.Millisecond)), health.Checks}, err
}
