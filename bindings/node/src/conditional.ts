import { bodyOf, withOptions } from "./body.js";
import { invalid } from "./error.js";
import { type Item, type ItemDocument, itemOf, type Namespace, type RunOptions } from "./item.js";
import type { JsonObject, RawJson } from "./json.js";
import type { Op } from "./op.js";

/**
 * What an item must be for a conditional write: its value (compared as JSON: 1 equals 1.0, the order of members does
 * not matter) or its version.
 */
export type Expected = { value: object | RawJson; version?: never } | { version: string; value?: never };

/** What became of a conditional write. */
export interface Outcome<T = JsonObject> {
  /** The condition held, and the write was done. */
  applied: boolean;
  /** Of the item that was written; undefined where nothing was, or after a deletion. */
  version?: string;
  /** The item that did not fit the condition; null where there was none. Only where the write was not applied. */
  current?: Item<T> | null;
}

interface OutcomeDocument {
  applied: boolean;
  version?: string | null;
  current?: ItemDocument | null;
}

/** The body of a conditional write; `written` has the value, where one is written. */
export function expectedBody(
  op: Op,
  namespace: Namespace,
  key: string,
  expected: Expected,
  written: { value?: object },
  options: RunOptions | undefined,
): string {
  const { version, value } = expected ?? {};
  if (version === undefined && value === undefined) throw invalid("expected", "must have a value or a version", op);
  const members = { namespace, key, expected_version: version, expected_value: value, ...written };
  return bodyOf(withOptions(members, options, op), op);
}

export function outcomeOf<T>(text: string): Outcome<T> {
  const document: OutcomeDocument = JSON.parse(text);
  const outcome: Outcome<T> = { applied: document.applied };
  if (document.version) outcome.version = document.version;
  if (document.current !== undefined) outcome.current = itemOf<T>(document.current);
  return outcome;
}
