import { bodyOf, withOptions } from "./body.js";
import { invalid } from "./error.js";
import { type Item, type ItemDocument, itemOf, type Namespace, type ReadOptions, rawItem } from "./item.js";
import { type JsonObject, rawElements, rawMembers } from "./json.js";
import type { Op } from "./op.js";
import { given } from "./options.js";

/** What a search looks for, and in which order. */
export interface Query {
  /**
   * A JSON object that items must match: `{ age: { $gte: 18 }, city: "Bonn" }`. Operators: `$eq $ne $gt $gte $lt $lte
   * $in $nin $exists $and $or $not`.
   */
  filter?: JsonObject | undefined;
  /** Default: the store's `search.default_order`, which is "key" unless configured. */
  order?: Order | undefined;
  /** A text to rank by, for stores that have an index for it. */
  query?: string | undefined;
  /** Passes over so many first. Not together with `cursor`. */
  offset?: number | undefined;
  /** Goes on where the page that gave it ended. */
  cursor?: string | undefined;
}

export type Order = OrderBy | `${OrderBy} asc` | `${OrderBy} desc`;
type OrderBy = "key" | "updated_at" | "created_at";

/** Options of {@link Store.search}. */
export interface SearchOptions extends Query, ReadOptions {
  /** How many items there are at most. Default: all. */
  limit?: number | undefined;
  /** How many are asked for at once. Default: 100. */
  pageSize?: number | undefined;
}

/** Options of {@link Store.searchPage}. */
export interface SearchPageOptions extends Query, ReadOptions {
  /** How many items there are at most. Default: 10. */
  limit?: number | undefined;
}

/** One page of what was found. */
export interface Page<T = JsonObject> {
  items: Item<T>[];
  /** For the page after; undefined where this is the last. */
  cursor?: string | undefined;
}

interface PageDocument {
  items: ItemDocument[];
  cursor?: string;
}

export function scopeBody(op: Op, prefix: Namespace, options: object | undefined): string {
  return bodyOf(withOptions({ namespace_prefix: prefix }, options, op), op);
}

export function pageOf<T>(document: PageDocument): Page<T> {
  const page: Page<T> = { items: document.items.map((item) => itemOf<T>(item)) };
  if (document.cursor !== undefined) page.cursor = document.cursor;
  return page;
}

export function parsedPage<T>(text: string): Page<T> {
  return pageOf<T>(JSON.parse(text));
}

/** As {@link parsedPage} with the values as {@link RawJson}s. */
export function rawPage<T>(text: string): Page<T> {
  const document = rawMembers(text);
  const items = rawElements(document.get("items") as string);
  const page: Page<T> = { items: items.map((item) => rawItem<T>(item) as Item<T>) };
  const cursor = document.get("cursor");
  if (cursor !== undefined) page.cursor = JSON.parse(cursor);
  return page;
}

interface Paging {
  limit?: number | undefined;
  pageSize?: number | undefined;
  offset?: number | undefined;
  cursor?: string | undefined;
}

/** Yields up to `limit` things, which it asks for in pages. */
export async function* pages<T, O extends Paging>(
  options: O | undefined,
  next: (query: Omit<O, "pageSize">) => Promise<{ found: T[]; cursor?: string | undefined }>,
): AsyncGenerator<T, void, undefined> {
  const { limit = Number.POSITIVE_INFINITY, pageSize = 100, ...query }: Paging = given(options) ?? {};
  // A negative limit or size is the library's to refuse, but what is no number compares with nothing.
  if (limit !== Number.POSITIVE_INFINITY && !Number.isInteger(limit)) throw invalid("limit", "must be an integer");
  if (typeof pageSize !== "number") throw invalid("pageSize", "must be an integer");
  let rest = limit;
  let from: Paging = query;
  do {
    const page = await next({ ...from, limit: rest < pageSize ? rest : pageSize } as Omit<O, "pageSize">);
    yield* page.found;
    rest -= page.found.length;
    if (page.cursor === undefined) return;
    from = { ...from, offset: undefined, cursor: page.cursor };
  } while (rest !== 0);
}
