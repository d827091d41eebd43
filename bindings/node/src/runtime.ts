import { errorOf, invalid, refusal } from "./error.js";
import { isObject } from "./json.js";
import { type LogLevel, logLevels } from "./log.js";
import { native, outcome } from "./native.js";
import { known } from "./options.js";

/** Options of a {@link Runtime}. */
export interface RuntimeOptions {
  /** Threads that run requests. Default: as many as processors, at most 4. */
  workers?: number;
  /** Bounds the threads for long scans and for files, which are started when needed. Default: 64. */
  maxBlockingThreads?: number;
  /** Log events that may wait; the oldest are dropped, and counted in an event of their own. Default: 1024. */
  logLines?: number;
  /** What is published on the diagnostics channel `lgstore:log`. Default: "warn". */
  logLevel?: LogLevel;
}

// Stores keep their runtime, so its log goes on as long as one of them is used.
const forgotten = new FinalizationRegistry<number>((index) => native.runtimeFree(index));

/**
 * The threads that stores run on, and their log. Programs need one only to choose its options: without, the stores
 * of a JavaScript thread share one that has one worker. A runtime does not keep the process alive.
 */
export class Runtime {
  #index: number;

  constructor(options: RuntimeOptions = {}) {
    const names = ["workers", "maxBlockingThreads", "logLines", "logLevel"];
    const { workers = 0, maxBlockingThreads = 0, logLines = 0, logLevel = "warn" } = known(options, names);
    for (const [name, value] of Object.entries({ workers, maxBlockingThreads, logLines })) {
      if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32)) throw invalid(name, "must be a whole number");
    }
    const made = native.runtimeNew(workers, maxBlockingThreads, logLines);
    if (typeof made !== "number") throw refusal(outcome[0] as number, made);
    this.#index = made;
    forgotten.register(this, made, this);
    try {
      this.setLogLevel(logLevel);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Changes what is published on `lgstore:log` from now on. */
  setLogLevel(level: LogLevel): void {
    const number = logLevels.indexOf(level);
    if (number < 0) throw invalid("logLevel", `must be one of ${logLevels.join(", ")}`);
    native.runtimeLog(Runtime.indexOf(this), number);
    if (outcome[0] !== 0) throw refusal(outcome[0] as number);
  }

  /** Lets go of the runtime and its log. Its threads end with the last store on it. May be called more than once. */
  close(): void {
    forgotten.unregister(this);
    native.runtimeFree(this.#index);
    this.#index = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal The runtime's number in the addon. */
  static indexOf(runtime: Runtime): number {
    if (!isObject(runtime) || !(#index in runtime)) throw invalid("runtime", "must be a Runtime");
    if (runtime.#index === -1) throw errorOf({ code: "closed", message: "the runtime is closed" });
    return runtime.#index;
  }
}

let shared: Runtime | undefined;

/** The runtime of stores that name none. It ends with the JavaScript thread. */
export function sharedRuntime(): Runtime {
  // One worker does a JavaScript thread's requests with less CPU than several: fewer of them find it asleep.
  shared ??= new Runtime({ workers: 1 });
  return shared;
}
