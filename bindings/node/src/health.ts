import type { RequestOptions } from "./request.js";

export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** How a store is. docs/metrics.md lists the checks. */
export interface Health {
  /** The worst of the checks. */
  status: HealthStatus;
  latency_ms: number;
  checks: Record<string, { status: HealthStatus; message: string }>;
}

/** Options of {@link Store.health}. */
export interface HealthOptions extends RequestOptions {
  /** Also tries a write, in a place that no read ever shows. */
  write?: boolean;
}
