// Bodies of requests. What is wrong in them is the library's to name, as far as JSON can say it.
import { types } from "node:util";
import type { Config } from "./config.js";
import { invalid } from "./error.js";
import { isObject, RawJson, wellFormed } from "./json.js";
import type { Op } from "./op.js";

/** A request's members, by the library's names. */
export type Members = Record<string, unknown>;

/** What is not for the library: request.ts and the binding's own reads take it. */
const ours: ReadonlySet<string> = new Set(["signal", "timeout", "raw"]);

/** For parts of requests, in which none of that has a place. */
export const nothingOfOurs: ReadonlySet<string> = new Set();

const snakes = new Map<string, string>();

function snake(name: string): string {
  let known = snakes.get(name);
  if (known === undefined) {
    known = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (snakes.size < 1000) snakes.set(name, known);
  }
  return known;
}

/**
 * Adds options to a request's members. All that are given go down, so that the library names what it does not know.
 */
export function withOptions(
  members: Members,
  options: object | null | undefined,
  op: Op,
  without = ours,
  at = "",
): Members {
  if (options === undefined || options === null) return members;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || without.has(name)) continue;
    const member = snake(name);
    if (Object.hasOwn(members, member)) throw invalid(at + name, "is no option", op);
    // JSON would make null of NaN and infinities, which means something else; the library refuses texts by name.
    members[member] = typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  }
  return members;
}

/** A configuration, as text. */
export function configBody(config: string | Config): string {
  if (typeof config !== "string" && !isObject(config)) throw invalid("config", "must be a string or an object");
  const text = typeof config === "string" ? config : bodyOf({ ...config }, "open");
  wellFormed(text, "config");
  return text;
}

/** A body that the caller made. */
export function checkedBody(op: Op, body: string | Uint8Array): string | Uint8Array {
  if (typeof body === "string") wellFormed(body, "body", op);
  else if (!types.isUint8Array(body)) throw invalid("body", "must be a string or a Uint8Array", op);
  // Another thread could change it while the library reads.
  else if (types.isSharedArrayBuffer(body.buffer)) return Uint8Array.from(body);
  return body;
}

/** The body of an operation that has options only. */
export function optionsBody(op: Op, options: object | undefined): string {
  return bodyOf(withOptions({}, options, op), op);
}

/** The text of a request. A RawJson that is a member goes in byte for byte. */
export function bodyOf(members: Members, op: Op, at = ""): string {
  let raw = "";
  for (const name of ["value", "expected_value"]) {
    const value = members[name];
    if (!(value instanceof RawJson)) continue;
    raw += `,"${name}":${value.text}`;
    members[name] = undefined;
  }
  const text = textOf(members, op, at);
  // No request consists of such members alone.
  return raw === "" ? text : `${text.slice(0, -1)}${raw}}`;
}

function textOf(members: Members, op: Op, at: string): string {
  try {
    return JSON.stringify(members);
  } catch (cause) {
    throw invalid(at + (culprit(members) ?? ""), reasonOf(cause), op, cause);
  }
}

/** What an exception of the caller's code says of itself: it may be anything. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "is not to be had: see the cause";
}

/** The member that JSON can't say: a circle, a BigInt. */
function culprit(members: Members): string | undefined {
  return Object.keys(members).find((name) => {
    try {
      JSON.stringify(members[name]);
      return false;
    } catch {
      return true;
    }
  });
}
