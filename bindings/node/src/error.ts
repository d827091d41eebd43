import { native } from "./native.js";
import type { Op } from "./op.js";

/** What kind of failure an {@link LgstoreError} is: the same names in every language. */
export type ErrorCode =
  // The caller's mistakes.
  | "invalid_arg"
  | "utf8"
  | "json"
  | "unsupported"
  | "abi_mismatch"
  | "would_deadlock"
  // The store's life.
  | "closed"
  | "forked"
  | "busy"
  | "timeout"
  | "cancelled"
  // The data.
  | "not_found"
  | "conflict"
  | "corrupt"
  // The backend.
  | "unavailable"
  | "rate_limited"
  | "unknown_outcome"
  | "full"
  | "read_only"
  | "backend"
  | "unauthorized"
  | "overloaded"
  | "circuit_open"
  // Bugs.
  | "panic"
  | "poisoned";

/** An error document of the library, less what is not there. */
export interface ErrorDocument {
  code: ErrorCode;
  message: string;
  field?: string;
  retryable?: boolean;
  may_have_applied?: boolean;
  retry_after_ms?: number;
  details?: Record<string, unknown>;
}

/** Why an operation failed. Every rejection of this package is one, but for the reasons of abort signals. */
export class LgstoreError extends Error {
  override readonly name: string = "LgstoreError";
  /** The kind of failure. */
  readonly code: ErrorCode;
  /** The operation that failed; undefined where there was none, as for a configuration. */
  readonly op: Op | undefined;
  /** The path of the member of the request or configuration that is at fault. */
  readonly field: string | undefined;
  /** The same request may succeed when it is sent again unchanged. */
  readonly retryable: boolean;
  /** A write may have taken effect all the same. */
  readonly mayHaveApplied: boolean;
  /** Seconds to wait before that, where the library knows. */
  readonly retryAfter: number | undefined;
  /** More, by the kind of failure. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  /** For {@link errorOf}. */
  constructor(document: ErrorDocument, op?: Op, cause?: unknown) {
    const parts = [op, document.code, document.field, document.message];
    super(parts.filter((part) => part !== undefined).join(": "), cause === undefined ? undefined : { cause });
    this.code = document.code;
    this.op = op;
    this.field = document.field;
    this.retryable = document.retryable ?? false;
    this.mayHaveApplied = document.may_have_applied ?? false;
    this.retryAfter = document.retry_after_ms === undefined ? undefined : document.retry_after_ms / 1000;
    this.details = document.details;
  }
}

/** A mistake of the caller: `invalid_arg`, `utf8`, `json` or `unsupported`. Nothing was done. */
export class InvalidRequestError extends LgstoreError {
  override readonly name = "InvalidRequestError";
}

/** The store is closed or closing (`closed`). */
export class ClosedError extends LgstoreError {
  override readonly name = "ClosedError";
}

/** The deadline passed (`timeout`); surely not applied. */
export class TimeoutError extends LgstoreError {
  override readonly name = "TimeoutError";
}

/** The store can't serve now: `busy`, `unavailable`, `rate_limited`, `overloaded` or `circuit_open`. Not applied. */
export class UnavailableError extends LgstoreError {
  override readonly name = "UnavailableError";
}

/** A write may or may not have been applied (`unknown_outcome`): read before writing again. */
export class UnknownOutcomeError extends LgstoreError {
  override readonly name = "UnknownOutcomeError";
}

const classes: Partial<Record<ErrorCode, typeof LgstoreError>> = {
  invalid_arg: InvalidRequestError,
  utf8: InvalidRequestError,
  json: InvalidRequestError,
  unsupported: InvalidRequestError,
  closed: ClosedError,
  timeout: TimeoutError,
  busy: UnavailableError,
  unavailable: UnavailableError,
  rate_limited: UnavailableError,
  overloaded: UnavailableError,
  circuit_open: UnavailableError,
  unknown_outcome: UnknownOutcomeError,
};

/** The error of a document. */
export function errorOf(document: ErrorDocument, op?: Op, cause?: unknown): LgstoreError {
  return new (classes[document.code] ?? LgstoreError)(document, op, cause);
}

/** The error of an argument that is wrong before the library sees it. */
export function invalid(field: string, message: string, op?: Op, cause?: unknown): LgstoreError {
  return errorOf({ code: "invalid_arg", field, message }, op, cause);
}

const refusals: Partial<Record<ErrorCode, string>> = {
  closed: "the store is closed",
  busy: "too many requests or bytes are in flight",
  invalid_arg: "the body is no text and no Uint8Array, or has more than 4 GiB",
  unsupported: "the library does not know this operation",
  forked: "the store was made before a fork",
};

/** The error of a status that may have come without a document. */
export function refusal(status: number, document?: string, op?: Op): LgstoreError {
  if (document !== undefined) return errorOf(JSON.parse(document) as ErrorDocument, op);
  const code = native.statusName(status) as ErrorCode;
  return errorOf({ code, message: refusals[code] ?? "refused", retryable: code === "busy" }, op);
}
