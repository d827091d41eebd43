import { errorOf, invalid } from "./error.js";
import type { Op } from "./op.js";

// biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives, as LangGraph's items have it.
export type JsonObject = Record<string, any>;

/**
 * A JSON object as its text, byte for byte: member order, number spelling (integers above 2^53, `1.0`), escapes.
 * Given as a value it is stored so; reads with `raw: true` give values so.
 */
export class RawJson {
  readonly text: string;

  /**
   * @param text a JSON object, as a string or in UTF-8
   * @throws {InvalidRequestError} if it is not
   */
  constructor(text: string | Uint8Array) {
    this.text = typeof text === "string" ? text : decode(text);
    let value: unknown;
    try {
      // Alone: a text that is no JSON could else say more in a request than a value.
      value = JSON.parse(this.text);
    } catch (cause) {
      throw invalid("value", `must be a JSON object: ${(cause as Error).message}`, undefined, cause);
    }
    if (!isObject(value)) throw invalid("value", "must be a JSON object");
    wellFormed(this.text, "value");
  }

  /** @internal A part of an answer, which needs no check. */
  static of(text: string): RawJson {
    return Object.create(RawJson.prototype, { text: { value: text, enumerable: true } });
  }

  /** The value, as JSON.parse gives it. */
  parse(): JsonObject {
    return JSON.parse(this.text);
  }

  toString(): string {
    return this.text;
  }

  /** Inside another value it is what it stands for, spelled as JSON.stringify does. */
  toJSON(): JsonObject {
    return this.parse();
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid("value", "is not UTF-8", undefined, cause);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Refuses text that has no form in UTF-8. JSON.stringify escapes such; this is for texts that come as they are. */
export function wellFormed(text: string, field: string, op?: Op): void {
  if (!text.isWellFormed()) throw errorOf({ code: "utf8", field, message: "a lone surrogate is not Unicode text" }, op);
}

/** The end of the string that begins at `at`. */
function afterString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === "\\") before--;
    if ((end - before) % 2 === 1) return end + 1;
  }
}

const marks = /["[\]{}]/g;
const ends = /[,\]}]/g;

/** The end of the value that begins at `at`, in an answer's text. */
function afterValue(text: string, at: number): number {
  if (text[at] === '"') return afterString(text, at);
  if (text[at] !== "{" && text[at] !== "[") {
    ends.lastIndex = at;
    return (ends.exec(text) as RegExpExecArray).index;
  }
  let depth = 0;
  marks.lastIndex = at;
  for (;;) {
    const found = (marks.exec(text) as RegExpExecArray).index;
    const mark = text[found];
    if (mark === '"') marks.lastIndex = afterString(text, found);
    else if (mark === "{" || mark === "[") depth++;
    else if (--depth === 0) return found + 1;
  }
}

/** The members of an object of an answer as texts. The library writes no white space around them. */
export function rawMembers(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 1; at < text.length - 1; ) {
    const colon = afterString(text, at);
    const end = afterValue(text, colon + 1);
    found.set(JSON.parse(text.slice(at, colon)), text.slice(colon + 1, end));
    at = end + 1;
  }
  return found;
}

/** The elements of an array of an answer as texts. */
export function rawElements(text: string): string[] {
  const found: string[] = [];
  for (let at = 1; at < text.length - 1; ) {
    const end = afterValue(text, at);
    found.push(text.slice(at, end));
    at = end + 1;
  }
  return found;
}
