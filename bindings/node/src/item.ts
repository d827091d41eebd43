import { bodyOf, withOptions } from "./body.js";
import { type JsonObject, RawJson, rawMembers } from "./json.js";
import type { Op } from "./op.js";
import type { RequestOptions } from "./request.js";

/** Where items live: a path of labels, each a text without "." and NUL. Labels are compared whole. */
export type Namespace = readonly string[];

/** A stored document and what the store knows of it. */
export interface Item<T = JsonObject> {
  namespace: string[];
  key: string;
  value: T;
  /** Survives overwriting; starts anew after deletion and expiry. To the millisecond, as Dates are. */
  createdAt: Date;
  /** Grows with every write of the item. */
  updatedAt: Date;
  /** When the item becomes invisible; not there if never. */
  expiresAt?: Date;
  /** Changes with every write; for compareAndSet. null for rows that another program wrote. */
  version: string | null;
  /** Set by searches that rank. */
  score?: number;
}

/** How an operation is run, where the configuration's answer is not the one. */
export interface RunOptions extends RequestOptions {
  /** An execution profile of the cluster. */
  profile?: string | undefined;
  /** Attempts after the first, after failures that time may cure. */
  maxRetries?: number | undefined;
  /** Seconds before the second attempt. */
  retryDelay?: number | undefined;
  /** How many times longer each pause is than the one before. */
  retryBackoff?: number | undefined;
}

/** Options of put and of conditional writes. */
export interface WriteOptions extends RunOptions {
  /** Seconds until the item expires; null = never, also where the store has a default. */
  ttl?: number | null | undefined;
  /** put and delete only: in one order with the conditional writes of the item, on a cluster at their price. */
  serial?: boolean | undefined;
  /** put only: which fields a ranked search looks at. Kept for stores that have such an index. */
  index?: false | readonly string[] | undefined;
}

/** Options of get and of searches. */
export interface ReadOptions extends RunOptions {
  /** Whether the read moves the expiry of what it finds. Default: the store's `ttl.refresh_on_read`. */
  refreshTtl?: boolean | undefined;
  /** Gives values as {@link RawJson}, byte for byte. */
  raw?: boolean | undefined;
}

/** An item as the library writes it. */
export interface ItemDocument {
  namespace: string[];
  key: string;
  value: JsonObject;
  created_at: string;
  updated_at: string;
  expires_at?: string;
  version: string | null;
  score?: number;
}

export function itemOf<T>(document: ItemDocument): Item<T>;
export function itemOf<T>(document: ItemDocument | null): Item<T> | null;
export function itemOf<T>(document: ItemDocument | null): Item<T> | null {
  if (document === null) return null;
  const item: Item<T> = {
    namespace: document.namespace,
    key: document.key,
    value: document.value as T,
    createdAt: new Date(document.created_at),
    updatedAt: new Date(document.updated_at),
    version: document.version ?? null,
  };
  if (document.expires_at !== undefined) item.expiresAt = new Date(document.expires_at);
  if (document.score !== undefined) item.score = document.score;
  return item;
}

/** Reads an answer: an item or null. */
export function parsedItem<T>(text: string): Item<T> | null {
  return itemOf<T>(JSON.parse(text));
}

/** As {@link parsedItem} with the value as a {@link RawJson}. */
export function rawItem<T>(text: string): Item<T> | null {
  if (text === "null") return null;
  const document: Record<string, unknown> = {};
  for (const [name, member] of rawMembers(text)) {
    document[name] = name === "value" ? RawJson.of(member) : JSON.parse(member);
  }
  return itemOf<T>(document as unknown as ItemDocument);
}

export function placeBody(op: Op, namespace: Namespace, key: string, options: object | undefined): string {
  return bodyOf(withOptions({ namespace, key }, options, op), op);
}

export function putBody(
  op: Op,
  namespace: Namespace,
  key: string,
  value: object | null,
  options: WriteOptions | undefined,
): string {
  return bodyOf(withOptions({ namespace, key, value }, options, op), op);
}
