import { BaseStore, type Operation, type OperationResults } from "@langchain/langgraph-checkpoint";
import type { BatchAnswer, BatchOperation, BatchOptions } from "../batch.js";
import type { Config } from "../config.js";
import { invalid, LgstoreError } from "../error.js";
import { known } from "../options.js";
import type { Order } from "../search.js";
import { Store, type StoreOptions } from "../store.js";
import { BatchError } from "./error.js";
import { type Additions, alone, answerOf, batchOperation } from "./operation.js";

/** Options of {@link LGStore}. */
export interface LGStoreOptions extends StoreOptions {
  /** The order of searches without a query. Default: "updated_at desc". */
  order?: Order | undefined;
  /**
   * "snapshot" (default): reads of a batch see the state before it. "sequential": each operation sees the ones before.
   */
  mode?: BatchOptions["mode"];
  /** Times to live, in minutes as everywhere in LangGraph. */
  ttl?: {
    /** Minutes until an item that is put expires; null = never. Default: the store's `ttl.default_ttl`. */
    defaultTtl?: number | null | undefined;
    /** Whether reads move the expiry of what they find. Default: true. */
    refreshOnRead?: boolean | undefined;
  };
}

type Settled = PromiseSettledResult<BatchAnswer<BatchOperation>>;

/** An operation of somebody's, and its place among the others. */
interface One {
  at: number;
  operation: BatchOperation;
}

/**
 * A LangGraph store. A batch of several operations is one request; they run side by side. Values are what JSON makes of them.
 *
 *     const graph = builder.compile({ store: new LGStore("file:memory.db") });
 */
export class LGStore extends BaseStore {
  /**
   * What LangGraph's AsyncBatchedStore takes `store` from, where it wraps a store: its own batches mix operations of
   * many callers, and one that fails must not fail the others.
   */
  readonly lg_name = "AsyncBatchedStore";
  readonly #native: Store;
  readonly #owned: boolean;
  readonly #mode: BatchOptions["mode"];
  readonly #additions: Additions;

  /** @param store a configuration, as `open` takes it, or a store, which `stop` then leaves open */
  constructor(store: string | Config | Store, options: LGStoreOptions = {}) {
    super();
    const { order = "updated_at desc", mode, ttl, ...rest } = known(options, ["order", "mode", "ttl", "runtime"]);
    // The library checks it with a batch only, and an operation alone is none.
    if (!(mode === undefined || mode === "snapshot" || mode === "sequential")) {
      throw invalid("mode", 'must be "snapshot" or "sequential"');
    }
    this.#mode = mode;
    this.#additions = { order, ...timesOf(ttl) };
    this.#owned = !(store instanceof Store);
    if (!this.#owned && rest.runtime !== undefined) throw invalid("runtime", "the store that is given has one already");
    this.#native = store instanceof Store ? store : new Store(store, rest);
  }

  /** The store beneath, for what LangGraph has no word for: expiry of single items, conditional writes, metrics. */
  get native(): Store {
    return this.#native;
  }

  /** For AsyncBatchedStore: a batch of it gives each operation its own end. */
  get store(): BaseStore {
    return new Separate((operations) => this.#eachOf(operations));
  }

  /**
   * Runs operations as one request. It rejects with the error of a single operation, or of one that was refused before
   * anything was done; and with {@link BatchError} where some of several failed.
   */
  async batch<O extends Operation[]>(operations: O): Promise<OperationResults<O>> {
    if (!Array.isArray(operations)) throw invalid("ops", "must be an array", "batch");
    const made = operations.map((operation) => batchOperation(operation, this.#additions));
    const results = await this.#run(made);
    const answers = results.map((result, i) => {
      if (result.status === "rejected") throw failureOf(results);
      return answerOf(made[i] as BatchOperation, result.value);
    });
    return answers as OperationResults<O>;
  }

  /** Opens the store; without, its first operation does. */
  override async start(): Promise<void> {
    await this.#native.call("open", "{}");
  }

  /** Closes the store, unless the constructor was given it. */
  override async stop(): Promise<void> {
    if (this.#owned) await this.#native.close();
  }

  async #run(operations: BatchOperation[]): Promise<Settled[]> {
    const [only] = operations;
    if (operations.length === 1 && only !== undefined) return Promise.allSettled([alone(this.#native, only)]);
    // The type of a list of any operations is a list of any results.
    return (await this.#native.batch(operations, { mode: this.#mode })) as Settled[];
  }

  /** The end of each operation for itself. */
  async #eachOf(operations: Operation[]): Promise<PromiseSettledResult<unknown>[]> {
    const ends: PromiseSettledResult<unknown>[] = new Array(operations.length);
    const sound: One[] = [];
    for (const [at, operation] of operations.entries()) {
      try {
        sound.push({ at, operation: batchOperation(operation, this.#additions) });
      } catch (reason) {
        ends[at] = { status: "rejected", reason };
      }
    }
    // Where reads see the state before the batch they may as well come first, and still do if it is cut up.
    if (this.#mode !== "sequential") sound.sort((a, b) => Number(writes(a.operation)) - Number(writes(b.operation)));
    await this.#settle(sound, ends, true);
    return ends;
  }

  /**
   * Runs a part, in order. An operation for which the library refuses the whole is named by it, and nothing was done:
   * the others go again without. That is one request more where one is bad; if `again` is false there were others, and
   * the part is halved, so that each operation is sent a logarithmic number of times, however many are bad.
   */
  async #settle(part: One[], ends: PromiseSettledResult<unknown>[], again: boolean): Promise<void> {
    if (part.length === 0) return;
    try {
      const results = await this.#run(part.map(({ operation }) => operation));
      for (const [i, { at, operation }] of part.entries()) ends[at] = endOf(operation, results[i] as Settled);
    } catch (reason) {
      const refused = refusedAt(reason);
      for (const { at } of refused === undefined ? part : part.splice(refused, 1)) {
        ends[at] = { status: "rejected", reason };
      }
      if (refused === undefined) return;
      if (again) return this.#settle(part, ends, false);
      const middle = part.length >> 1;
      await this.#settle(part.slice(0, middle), ends, false);
      await this.#settle(part.slice(middle), ends, false);
    }
  }
}

/** In seconds, what LangGraph has in minutes. */
function timesOf(ttl: LGStoreOptions["ttl"]): Pick<Additions, "ttl" | "refreshTtl"> {
  const { defaultTtl, refreshOnRead = true } = known(ttl, ["defaultTtl", "refreshOnRead"], "ttl");
  if (defaultTtl === undefined || defaultTtl === null) return { ttl: defaultTtl, refreshTtl: refreshOnRead };
  if (!(typeof defaultTtl === "number" && defaultTtl > 0 && Number.isFinite(defaultTtl))) {
    throw invalid("ttl.defaultTtl", "must be a number of minutes above 0, or null");
  }
  return { ttl: defaultTtl * 60, refreshTtl: refreshOnRead };
}

function writes({ op }: BatchOperation): boolean {
  return op === "put" || op === "delete";
}

/**
 * A BaseStore that gives a rejected promise in the place of each result that there is not: AsyncBatchedStore resolves
 * its callers' promises with the results, so each caller gets the failure of its own operation.
 */
class Separate extends BaseStore {
  constructor(readonly eachOf: (operations: Operation[]) => Promise<PromiseSettledResult<unknown>[]>) {
    super();
  }

  async batch<O extends Operation[]>(operations: O): Promise<OperationResults<O>> {
    const ends = await this.eachOf(operations);
    return ends.map((end) =>
      end.status === "fulfilled" ? end.value : Promise.reject(end.reason),
    ) as OperationResults<O>;
  }
}

function endOf(operation: BatchOperation, result: Settled): PromiseSettledResult<unknown> {
  return result.status === "rejected" ? result : { status: "fulfilled", value: answerOf(operation, result.value) };
}

function failureOf(results: Settled[]): unknown {
  const [only] = results;
  return results.length === 1 && only?.status === "rejected" ? only.reason : new BatchError(results);
}

/** Which operation a batch was refused for. */
function refusedAt(error: unknown): number | undefined {
  const found = error instanceof LgstoreError && /^ops\[(\d+)\]/.exec(error.field ?? "");
  return found ? Number(found[1]) : undefined;
}
