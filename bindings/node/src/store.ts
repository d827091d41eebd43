import { type BatchOperation, type BatchOptions, type BatchResults, batchBody, type Kind, resultsOf } from "./batch.js";
import { bodyOf, checkedBody, configBody, optionsBody } from "./body.js";
import type { MigrateOptions, Migration } from "./care.js";
import { type Expected, expectedBody, type Outcome, outcomeOf } from "./conditional.js";
import type { Config } from "./config.js";
import { errorOf, invalid, refusal } from "./error.js";
import type { Health, HealthOptions } from "./health.js";
import {
  type Item,
  type Namespace,
  parsedItem,
  placeBody,
  putBody,
  type ReadOptions,
  type RunOptions,
  rawItem,
  type WriteOptions,
} from "./item.js";
import type { JsonObject, RawJson } from "./json.js";
import type { Metrics } from "./metrics.js";
import {
  type ListNamespacesOptions,
  type ListNamespacesPageOptions,
  type NamespacesPage,
  withNamespaceQuery,
} from "./namespaces.js";
import { native, outcome } from "./native.js";
import { type Op, ops } from "./op.js";
import { given, known } from "./options.js";
import { close, type Handle, type RequestOptions, send } from "./request.js";
import { Runtime, sharedRuntime } from "./runtime.js";
import {
  type Page,
  pages,
  parsedPage,
  rawPage,
  type SearchOptions,
  type SearchPageOptions,
  scopeBody,
} from "./search.js";

/** Options of {@link open} and of the constructor of {@link Store}. */
export interface StoreOptions {
  /** The threads that the store runs on. Default: one runtime for all stores of this JavaScript thread. */
  runtime?: Runtime | undefined;
}

/** Options of {@link Store.close}. */
export interface CloseOptions {
  /** Seconds to wait for running operations, which then end with `ClosedError`. Default: 10. */
  drainTimeout?: number | undefined;
}

// A store that is forgotten without close is closed in the background. Requests on their way keep its handle.
const forgotten = new FinalizationRegistry<number>((index) => native.storeFree(index));

const nothing = (): undefined => undefined;
const same = (answer: string | Buffer): string | Buffer => answer;

/**
 * Makes a store and opens it. The configuration is a URL ("memory:", "file:/var/lib/app.db",
 * "scylla://user:password@h1,h2/keyspace"), an object or its JSON text, or "" for the environment (LGSTORE_...):
 * docs/configuration.md lists every option.
 *
 * @throws {InvalidRequestError} names the field of the configuration that is wrong; other errors say why file or
 * cluster could not be opened
 */
export async function open(config: string | Config = "", options: StoreOptions & RequestOptions = {}): Promise<Store> {
  const { signal, timeout, ...rest } = known(options, ["runtime", "signal", "timeout"]);
  const store = new Store(config, rest);
  try {
    await store.call("open", "{}", { signal, timeout });
    return store;
  } catch (error) {
    await store.close({ drainTimeout: 0 });
    throw error;
  }
}

/**
 * Holds items in namespaces. The process may end while a store is open; it stays alive while operations are pending.
 * A store belongs to the JavaScript thread that made it; others open their own, also on the same file.
 *
 * `T` of a method is the type that the caller knows the values to have; it is not checked.
 */
export class Store {
  readonly #handle: Handle;
  readonly #runtime: Runtime;
  #closing: Promise<void> | undefined;

  /** Makes a store as {@link open} does, but touches neither file nor network: the first operation opens it. */
  constructor(config: string | Config = "", options: StoreOptions = {}) {
    const { runtime } = known(options, ["runtime"]);
    const text = configBody(config);
    this.#runtime = runtime === undefined ? sharedRuntime() : runtime;
    const made = native.storeNew(Runtime.indexOf(this.#runtime), text);
    if (typeof made !== "number") throw refusal(outcome[0] as number, made);
    this.#handle = { index: made, intake: made, lying: 0, waking: false };
    forgotten.register(this.#handle, made, this.#handle);
  }

  /**
   * Creates or replaces an item. The value is anything that JSON.stringify makes an object of, or a {@link RawJson},
   * which is stored byte for byte; null deletes.
   *
   * Limits, unless configured otherwise: 10 labels of 256 characters, keys of 1,024 bytes, values of 1,000,000 bytes,
   * 128 levels deep.
   */
  put(namespace: Namespace, key: string, value: object | RawJson | null, options?: WriteOptions): Promise<void> {
    return this.#send("put", () => putBody("put", namespace, key, value, options), options, nothing);
  }

  /** Reads an item; null where there is none, or it has expired. */
  get(namespace: Namespace, key: string, options: ReadOptions & { raw: true }): Promise<Item<RawJson> | null>;
  get<T = JsonObject>(namespace: Namespace, key: string, options?: ReadOptions): Promise<Item<T> | null>;
  get<T>(namespace: Namespace, key: string, options?: ReadOptions): Promise<Item<T> | null> {
    const body = () => placeBody("get", namespace, key, options);
    return this.#send("get", body, options, parsedItem<T>, rawItem<T>);
  }

  /** Removes an item. It is no error if there is none. */
  delete(namespace: Namespace, key: string, options?: RunOptions & { serial?: boolean }): Promise<void> {
    return this.#send("delete", () => placeBody("delete", namespace, key, options), options, nothing);
  }

  /**
   * Finds items at and below a prefix, [] being everywhere, page by page as they are asked for:
   *
   *     for await (const item of store.search(["users"], { filter: { age: { $gte: 18 } } })) ...
   *
   * Items that stay unchanged meanwhile are found once each. Leaving the loop ends the search.
   */
  search(prefix: Namespace, options: SearchOptions & { raw: true }): AsyncGenerator<Item<RawJson>, void, undefined>;
  search<T = JsonObject>(prefix: Namespace, options?: SearchOptions): AsyncGenerator<Item<T>, void, undefined>;
  search<T>(prefix: Namespace, options?: SearchOptions): AsyncGenerator<Item<T>, void, undefined> {
    return pages<Item<T>, SearchOptions>(options, async (query) => {
      const { items: found, cursor } = await this.searchPage<T>(prefix, query);
      return { found, cursor };
    });
  }

  /** Finds items as {@link search} does, one page of them, and gives the cursor of the page after. */
  searchPage(prefix: Namespace, options: SearchPageOptions & { raw: true }): Promise<Page<RawJson>>;
  searchPage<T = JsonObject>(prefix: Namespace, options?: SearchPageOptions): Promise<Page<T>>;
  searchPage<T>(prefix: Namespace, options?: SearchPageOptions): Promise<Page<T>> {
    const body = () => scopeBody("search", prefix, options);
    return this.#send("search", body, options, parsedPage<T>, rawPage<T>);
  }

  /** Lists the namespaces that hold an item, in their order by labels, page by page as they are asked for. */
  listNamespaces(options?: ListNamespacesOptions): AsyncGenerator<string[], void, undefined> {
    return pages<string[], ListNamespacesOptions>(options, async (query) => {
      const { namespaces: found, cursor } = await this.listNamespacesPage(query);
      return { found, cursor };
    });
  }

  /** One page of {@link listNamespaces}, and the cursor of the page after. */
  listNamespacesPage(options?: ListNamespacesPageOptions): Promise<NamespacesPage> {
    const body = () => bodyOf(withNamespaceQuery({}, options, "list_namespaces"), "list_namespaces");
    return this.#send("list_namespaces", body, options, JSON.parse);
  }

  /**
   * Runs several operations as one request and gives one result for each, in their order. It rejects where nothing
   * was done, or (logged) it is not known whether all was.
   */
  batch<const O extends readonly BatchOperation[]>(operations: O, options?: BatchOptions): Promise<BatchResults<O>> {
    const kinds: Kind[] = [];
    const body = () => batchBody(operations, options, kinds);
    return this.#send("batch", body, options, (text) => resultsOf<O>(text, kinds));
  }

  /** Creates an item only where there is none. */
  putIfAbsent<T = JsonObject>(
    namespace: Namespace,
    key: string,
    value: object | RawJson,
    options?: WriteOptions,
  ): Promise<Outcome<T>> {
    const body = () => putBody("put_if_absent", namespace, key, value, options);
    return this.#send("put_if_absent", body, options, outcomeOf<T>);
  }

  /** Replaces an item only where there is one. */
  updateIfExists<T = JsonObject>(
    namespace: Namespace,
    key: string,
    value: object | RawJson,
    options?: WriteOptions,
  ): Promise<Outcome<T>> {
    const body = () => putBody("update_if_exists", namespace, key, value, options);
    return this.#send("update_if_exists", body, options, outcomeOf<T>);
  }

  /** Replaces an item only if it is what is expected. An item that is absent is not. */
  compareAndSet<T = JsonObject>(
    namespace: Namespace,
    key: string,
    expected: Expected,
    value: object | RawJson,
    options?: WriteOptions,
  ): Promise<Outcome<T>> {
    const body = () => expectedBody("compare_and_set", namespace, key, expected, { value }, options);
    return this.#send("compare_and_set", body, options, outcomeOf<T>);
  }

  /** Removes an item and says whether there was one. */
  deleteIfExists<T = JsonObject>(namespace: Namespace, key: string, options?: RunOptions): Promise<Outcome<T>> {
    const body = () => placeBody("delete_if_exists", namespace, key, options);
    return this.#send("delete_if_exists", body, options, outcomeOf<T>);
  }

  /** Removes an item only if it is what is expected. */
  deleteIfValue<T = JsonObject>(
    namespace: Namespace,
    key: string,
    expected: Expected,
    options?: RunOptions,
  ): Promise<Outcome<T>> {
    const body = () => expectedBody("delete_if_value", namespace, key, expected, {}, options);
    return this.#send("delete_if_value", body, options, outcomeOf<T>);
  }

  /**
   * Reads an item, lets `change` make a new value of it, and writes that if the item is still the same; else it begins
   * again, until it succeeds, `change` throws, or the signal ends it. `change` is given null where there is no item, and
   * may be called more than once. A write whose outcome is unknown is not repeated.
   */
  async update<T = JsonObject>(
    namespace: Namespace,
    key: string,
    change: (item: Item<T> | null) => object | Promise<object>,
    options: WriteOptions = {},
  ): Promise<Outcome<T>> {
    if (typeof change !== "function") throw invalid("change", "must be a function");
    const { signal, timeout, profile }: WriteOptions = given(options) ?? {};
    let item = await this.get<T>(namespace, key, { signal, timeout, profile });
    for (;;) {
      const value = await change(item);
      const done = await this.#replace<T>(namespace, key, item, value, options);
      if (done.applied) return done;
      item = done.current ?? null;
    }
  }

  #replace<T>(
    namespace: Namespace,
    key: string,
    item: Item<T> | null,
    value: object,
    options: WriteOptions,
  ): Promise<Outcome<T>> {
    if (item === null) return this.putIfAbsent<T>(namespace, key, value, options);
    // Rows that another program wrote can be told by their value only.
    const expected = item.version === null ? { value: item.value as object } : { version: item.version };
    return this.compareAndSet<T>(namespace, key, expected, value, options);
  }

  /** Counts the items at and below a prefix that match the filter. */
  count(prefix: Namespace, filter?: JsonObject, options?: RunOptions): Promise<number> {
    return this.#send("count", () => scopeBody("count", prefix, { filter, ...options }), options, JSON.parse);
  }

  /**
   * Removes the items at and below a prefix that match the filter and gives their number. It is not atomic: an item put
   * meanwhile may go or stay.
   */
  deletePrefix(prefix: Namespace, filter?: JsonObject, options?: RunOptions): Promise<number> {
    const body = () => scopeBody("delete_prefix", prefix, { filter, ...options });
    return this.#send("delete_prefix", body, options, JSON.parse);
  }

  /**
   * Reclaims expired items now and gives their number. They are invisible without it, and a sweeper runs by itself
   * (`ttl.sweep_interval`). A cluster reclaims by itself and answers 0.
   */
  sweep(options?: RequestOptions): Promise<number> {
    return this.#send("sweep", () => "{}", options, JSON.parse);
  }

  /** Opens connections and fills caches. */
  warmup(options?: RequestOptions): Promise<void> {
    return this.#send("warmup", () => "{}", options, nothing);
  }

  /** Copies the open store into a new file. */
  backup(path: string, options?: RequestOptions): Promise<void> {
    return this.#send("backup", () => bodyOf({ path }, "backup"), options, nothing);
  }

  /** Rebuilds derived data. */
  reindex(options?: RequestOptions): Promise<void> {
    return this.#send("reindex", () => "{}", options, nothing);
  }

  /** Moves the store's clock forward by so many seconds, for tests of expiry. Needs `"test_clock": true`. */
  advance(seconds: number, options?: RequestOptions): Promise<void> {
    return this.#send("advance", () => optionsBody("advance", { seconds }), options, nothing);
  }

  /** Brings the schema to this library's version, or another. null = there was nothing to do. */
  migrate(options?: MigrateOptions): Promise<Migration | null> {
    return this.#send("migrate", () => optionsBody("migrate", options), options, JSON.parse);
  }

  /** What the engine says of itself: docs/configuration.md, Clusters. */
  clusterInfo(options?: RequestOptions): Promise<Record<string, unknown>> {
    return this.#send("cluster_info", () => "{}", options, JSON.parse);
  }

  /** Asks how the store is. A store that is not well is an answer, not an error. */
  health(options?: HealthOptions): Promise<Health> {
    return this.#send("health", () => optionsBody("health", options), options, JSON.parse);
  }

  /** A snapshot of the counts, which does not touch the database. `reset` starts them anew. */
  metrics(options: { reset?: boolean } = {}): Metrics {
    const { reset } = known(options, ["reset"]);
    return JSON.parse(this.#snapshot(native.metrics(this.#handle.index, reset ? 1 : 0)));
  }

  /** The counts as text for Prometheus, to be served with `prometheusContentType`. */
  prometheus(): string {
    return this.#snapshot(native.prometheus(this.#handle.index));
  }

  /** Closes the store's circuit breaker, whatever its state. It is no error if there is none. */
  resetBreaker(): void {
    native.breakerReset(this.#handle.index);
    if (outcome[0] !== 0) throw refusal(outcome[0] as number);
  }

  #snapshot(text: string | undefined): string {
    if (outcome[0] !== 0 || text === undefined) throw refusal(outcome[0] as number, text);
    return text;
  }

  /**
   * Sends any operation with a body of JSON text, and gives the answer's text, or its bytes: byte for byte what the
   * library takes and gives. tests/vectors shows bodies and answers.
   */
  call(op: Op, body: string | Uint8Array, options: RequestOptions & { bytes: true }): Promise<Buffer>;
  call(op: Op, body: string | Uint8Array, options?: RequestOptions): Promise<string>;
  call(op: Op, body: string | Uint8Array, options?: RequestOptions & { bytes?: boolean }): Promise<string | Buffer> {
    if (typeof op !== "string" || !Object.hasOwn(ops, op)) {
      return Promise.reject(errorOf({ code: "unsupported", field: "op", message: "there is no such operation" }));
    }
    return send({
      handle: this.#handle,
      op,
      body: () => checkedBody(op, body),
      options,
      decode: same,
      mayBeBytes: true,
    });
  }

  #send<T>(
    op: Op,
    body: () => string,
    options: RequestOptions | undefined,
    decode: (answer: string) => T,
    decodeRaw: (answer: string) => T = decode,
  ): Promise<T> {
    return send({ handle: this.#handle, op, body, options, decode, decodeRaw });
  }

  /**
   * Ends the store: from this call on it takes no operations. It waits for those that run, and closes files and connections.
   * When the promise resolves, every operation has its outcome. May be called more than once; every call waits for the
   * end.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { drainTimeout = 10 } = known(options, ["drainTimeout"]);
    if (!(typeof drainTimeout === "number" && drainTimeout >= 0)) {
      throw invalid("drainTimeout", "must be a number of seconds, 0 or above");
    }
    this.#closing ??= this.#close(drainTimeout);
    await this.#closing;
  }

  async #close(drainTimeout: number): Promise<void> {
    let us = Math.min(drainTimeout * 1e6, Number.MAX_SAFE_INTEGER);
    let status = await close(this.#handle, us);
    // A timeout says that a write which had begun is not through yet. It will be, so closing goes on.
    for (us = 1e6; native.statusName(status) === "timeout"; ) status = await close(this.#handle, us);
    if (status !== 0) throw refusal(status);
    forgotten.unregister(this.#handle);
    native.storeFree(this.#handle.index);
    this.#handle.index = -1;
  }

  /** `await using store = ...` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
