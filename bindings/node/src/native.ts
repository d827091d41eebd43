// What the addon exports: native/addon.cpp. Only request.ts, store.ts, runtime.ts and metrics.ts call it.
import { binaryPath, loadBinary } from "./binary.js";

/** The functions of the addon. What the library refuses is in `outcome[0]` afterwards. */
export interface Native {
  readonly shared: ArrayBuffer;
  start(
    settle: (...documents: Document[]) => void,
    receive: (status: number, tag: number, text?: string) => void,
    later: () => void,
  ): void;
  resume(): void;
  submit(
    store: number,
    op: number,
    body: string | Uint8Array,
    timeoutUs: number,
    tag: number,
    more: 0 | 1,
  ): Document | null;
  wake(store: number): void;
  cancel(store: number, tag: number): void;
  storeNew(runtime: number, config: string): number | string | undefined;
  storeClose(store: number, drainUs: number, tag: number): void;
  storeFree(store: number): void;
  metrics(store: number, reset: number): string | undefined;
  prometheus(store: number): string | undefined;
  breakerReset(store: number): void;
  runtimeNew(workers: number, maxBlockingThreads: number, logLines: number): number | string | undefined;
  runtimeLog(runtime: number, level: number): void;
  runtimeFree(runtime: number): void;
  version(): string;
  statusName(status: number): string;
}

/** The text of an answer or of an error document; undefined where there is none, or it is too long for a string. */
export type Document = string | Buffer | undefined;

/** How many completions come in one call. As in native/environment.hpp. */
const burst = 256;

/** The addon's file. */
export const path = binaryPath();
export const native: Native = loadBinary(path);

/** `outcome[0]` is the status of the last call. */
export const outcome = new Int32Array(native.shared, 0, 1);
/** Statuses of a burst. */
export const statuses = new Int32Array(native.shared, 4, burst);
/** Tags of a burst. */
export const tags = new Uint32Array(native.shared, 4 + 4 * burst, burst);
