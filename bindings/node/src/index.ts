/**
 * JSON documents in namespaces, with filters, ordered pages, expiry and conditional writes: in memory, in one durable
 * file, or on ScyllaDB and Apache Cassandra. Times are seconds, as in the configuration.
 *
 * @packageDocumentation
 */
import { native, path } from "./native.js";

export type { BatchAnswer, BatchOperation, BatchOptions, BatchResults } from "./batch.js";
export type { MigrateOptions, Migration } from "./care.js";
export type { Expected, Outcome } from "./conditional.js";
export type { Config } from "./config.js";
export {
  ClosedError,
  type ErrorCode,
  InvalidRequestError,
  LgstoreError,
  TimeoutError,
  UnavailableError,
  UnknownOutcomeError,
} from "./error.js";
export type { Health, HealthOptions, HealthStatus } from "./health.js";
export type { Item, Namespace, ReadOptions, RunOptions, WriteOptions } from "./item.js";
export { type JsonObject, RawJson } from "./json.js";
export type { LogEvent, LogLevel } from "./log.js";
export {
  type BatchMetrics,
  type BreakerMetrics,
  type Latency,
  type Metrics,
  prometheusContentType,
} from "./metrics.js";
export type {
  ListNamespacesOptions,
  ListNamespacesPageOptions,
  MatchCondition,
  NamespaceQuery,
  NamespacesPage,
} from "./namespaces.js";
export type { Op } from "./op.js";
export type { OperationContext, RequestOptions } from "./request.js";
export { Runtime, type RuntimeOptions } from "./runtime.js";
export type { Order, Page, Query, SearchOptions, SearchPageOptions } from "./search.js";
export { type CloseOptions, open, Store, type StoreOptions } from "./store.js";

/** The version of the library inside the addon, and the addon's file. */
export const library: Readonly<{ version: string; path: string }> = { version: native.version(), path };
