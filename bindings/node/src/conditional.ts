import { invalid } from "./error.js";
import { type Item, type ItemDocument, itemOf } from "./item.js";
import { type JsonObject, plainText, type RawJson, textOf } from "./json.js";
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

export function expectedMembers(expected: Expected, op: Op): string {
  if (expected?.version !== undefined) return `,"expected_version":${plainText(expected.version)}`;
  if (expected?.value === undefined) throw invalid("expected", "must have a value or a version", op);
  return `,"expected_value":${textOf(expected.value, "expected", op)}`;
}

export function outcomeOf<T>(text: string): Outcome<T> {
  const document: OutcomeDocument = JSON.parse(text);
  const outcome: Outcome<T> = { applied: document.applied };
  if (document.version) outcome.version = document.version;
  if (document.current !== undefined) outcome.current = itemOf<T>(document.current);
  return outcome;
}
