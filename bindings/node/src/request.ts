// How requests reach the library and outcomes come back. An answer that the library has at once is returned at once;
// else the request waits in `pending` until its completion comes with a burst of others.
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { setImmediate } from "node:timers";
import { type ErrorDocument, errorOf, invalid, type LgstoreError, refusal } from "./error.js";
import { receiveLog } from "./log.js";
import { type Document, native, outcome, statuses, tags } from "./native.js";
import { type Op, ops } from "./op.js";
import { given } from "./options.js";

/** Options that every operation takes. */
export interface RequestOptions {
  /**
   * Ends the request early. Its promise rejects with the signal's reason if the request was surely not applied. It
   * settles when the library has said what became of it, which is prompt: a write that was done resolves, and one
   * that may have been done rejects with {@link UnknownOutcomeError}, the reason its cause.
   */
  signal?: AbortSignal | undefined;
  /** Seconds until the request fails with {@link TimeoutError}. Default: the store's `timeout`. */
  timeout?: number | undefined;
}

/** A store's number in the addon, apart from the Store, so that requests do not keep more alive than they need. */
export interface Handle {
  /** -1 once the store is closed. */
  index: number;
  /** For new requests: the same, but -1 as soon as close was called. */
  intake: number;
  /** How many requests lie that no thread was woken for. */
  lying: number;
  /** A microtask will wake one. */
  waking: boolean;
}

/** What is published of an operation on the tracing channel `lgstore:op`. */
export interface OperationContext {
  op: Op;
  /** What the operation's promise resolves with. */
  result?: unknown;
  /** Why the operation failed. */
  error?: unknown;
}

/** Makes of an answer what its caller wants: the text, or the bytes where those were asked for. */
type Decode<T> = (answer: never) => T;

class Pending {
  constructor(
    readonly handle: Handle,
    readonly op: Op,
    readonly tag: number,
    readonly signal: AbortSignal | undefined,
    readonly decode: (answer: string | Buffer) => unknown,
    readonly resolve: (value: unknown) => void,
    readonly reject: (error: unknown) => void,
  ) {}

  /** The request's completion still comes. */
  cancel(): void {
    native.cancel(this.handle.index, this.tag);
  }

  /** Never throws: the others of its burst come after it. */
  settle(status: number, document: Document): void {
    try {
      if (this.signal !== undefined) Abortable.remove(this.signal, this);
      if (status === 0) this.resolve(this.decode(present(document, this.op)));
      else this.reject(failure(document as string, this.op, this.signal));
    } catch (error) {
      this.reject(error);
    }
  }
}

/**
 * The requests that one signal can end, behind a single listener: many requests may share a signal, and Node warns of
 * listeners that look like a leak.
 */
class Abortable {
  static readonly #bySignal = new WeakMap<AbortSignal, Abortable>();
  readonly #requests = new Set<Pending>();

  static add(signal: AbortSignal, request: Pending): void {
    let of = Abortable.#bySignal.get(signal);
    if (of === undefined) {
      of = new Abortable();
      Abortable.#bySignal.set(signal, of);
    }
    if (of.#requests.size === 0) signal.addEventListener("abort", of);
    of.#requests.add(request);
  }

  static remove(signal: AbortSignal, request: Pending): void {
    const of = Abortable.#bySignal.get(signal) as Abortable;
    of.#requests.delete(request);
    if (of.#requests.size === 0) signal.removeEventListener("abort", of);
  }

  handleEvent(): void {
    for (const request of this.#requests) request.cancel();
  }
}

// By tag, less the bit for Buffers. A tag is in use from the submission until the completion, which comes exactly once.
const pending: (Pending | undefined)[] = [];
const free: number[] = [];
// How many outcomes came with the last burst.
let together = 0;
const closes = new Map<number, (status: number) => void>();
let lastClose = 0;

const channel: TracingChannel<OperationContext> = tracingChannel("lgstore:op");

// Not the globals: tests of others put clocks of their own in their place, also before this is loaded.
native.start(settle, receive, () => setImmediate(native.resume));
const microtask = Promise.resolve();

/** Called by the addon for each burst; statuses and tags have the rest. */
function settle(...documents: Document[]): void {
  together = documents.length;
  for (let i = 0; i < documents.length; i++) {
    const at = (tags[i] as number) >>> 1;
    const request = pending[at] as Pending;
    pending[at] = undefined;
    free.push(at);
    request.settle(statuses[i] as number, documents[i]);
  }
}

/** Called by the addon for the end of a close, and for log events. */
function receive(status: number, tag: number, text?: string): void {
  if (text !== undefined) {
    receiveLog(status, tag, text);
  } else {
    closes.get(tag)?.(status);
    closes.delete(tag);
  }
}

// More than these do not lie: threads begin with them while JavaScript makes the next.
const mostLying = 32;

/**
 * Whether a request may lie because more are likely to come in this turn of the event loop: where callers wait side by
 * side, the outcomes that came together let all of them go on. A thread that is woken for each takes each alone.
 */
function mayLie(handle: Handle): boolean {
  return handle.lying < mostLying && (together > 1 || pending.length - free.length > 1);
}

/** A request lies: wakes a thread behind the microtasks of the callers that can go on now, which were queued before. */
function lies(handle: Handle): void {
  handle.lying += 1;
  if (handle.waking) return;
  handle.waking = true;
  microtask.then(() => {
    handle.waking = false;
    if (handle.lying > 0) native.wake(handle.index);
    handle.lying = 0;
    together = 0;
  });
}

function failure(document: string, op: Op, signal?: AbortSignal): unknown {
  const read = JSON.parse(document) as ErrorDocument;
  if (!signal?.aborted) return errorOf(read, op);
  if (read.code === "cancelled") return signal.reason;
  return errorOf(read, op, read.code === "unknown_outcome" ? signal.reason : undefined);
}

/** Signals of other realms count too. */
function isSignal(signal: AbortSignal | null): boolean {
  return [signal?.throwIfAborted, signal?.addEventListener, signal?.removeEventListener].every(
    (method) => typeof method === "function",
  );
}

function microseconds(seconds: number | undefined, op: Op): number {
  if (seconds === undefined) return 0;
  const us = typeof seconds === "number" ? Math.ceil(seconds * 1e6) : 0;
  if (!(us > 0 && us <= Number.MAX_SAFE_INTEGER)) throw invalid("timeout", "must be a number of seconds above 0", op);
  return us;
}

/** A request that is about to be sent. */
export interface Request<T> {
  handle: Handle;
  op: Op;
  /** Makes the body; what it throws, the promise rejects with. */
  body: () => string | Uint8Array;
  options: RequestOptions | undefined;
  decode: Decode<T>;
  /** Instead of `decode` where the options say `raw`. */
  decodeRaw?: Decode<T>;
  /** Options may say `bytes`: the answer is wanted as a Buffer. */
  mayBeBytes?: boolean;
}

/** Sends a request. The promise is settled already where the library has the answer at once. Never throws. */
export function send<T>(request: Request<T>): Promise<T> {
  if (!channel.hasSubscribers) return submit(request);
  return channel.tracePromise(() => submit(request), { op: request.op });
}

function submit<T>({ handle, op, body, options, decode, decodeRaw, mayBeBytes }: Request<T>): Promise<T> {
  try {
    const asked: (RequestOptions & { raw?: boolean; bytes?: boolean }) | undefined = given(options, op);
    const signal = asked?.signal;
    const read = (decodeRaw && asked?.raw ? decodeRaw : decode) as (answer: string | Buffer) => T;
    const bytes = mayBeBytes && asked?.bytes ? 1 : 0;
    if (signal !== undefined && !isSignal(signal)) throw invalid("signal", "must be an AbortSignal", op);
    signal?.throwIfAborted();
    const text = body();
    // Making the body may have run code of the caller's, which may have aborted.
    signal?.throwIfAborted();
    const timeout = microseconds(asked?.timeout, op);
    const at = free.pop() ?? pending.push(undefined) - 1;
    const tag = at * 2 + bytes;
    const more = mayLie(handle) ? 1 : 0;
    const answer = native.submit(handle.intake, ops[op], text, timeout, tag, more);
    if (answer === null) {
      if (more === 1) lies(handle);
      else handle.lying = 0;
      return new Promise<T>((resolve, reject) => {
        const request = new Pending(handle, op, tag, signal, read, resolve as (value: unknown) => void, reject);
        pending[at] = request;
        if (signal !== undefined) Abortable.add(signal, request);
      });
    }
    free.push(at);
    if (outcome[0] !== 0) throw refusal(outcome[0] as number, answer as string | undefined, op);
    return Promise.resolve(read(present(answer, op)));
  } catch (error) {
    return Promise.reject(error);
  }
}

function present(document: Document, op: Op): string | Buffer {
  if (document === undefined) throw tooLong(op);
  return document;
}

function tooLong(op: Op): LgstoreError {
  const message = "the answer is longer than a string can be; ask for less, or for bytes: store.call";
  return errorOf({ code: "unsupported", message }, op);
}

/** Closes a store in the background and gives the status that it ended with. Nothing is sent to it any more. */
export function close(handle: Handle, drainUs: number): Promise<number> {
  handle.intake = -1;
  return new Promise((resolve) => {
    lastClose = (lastClose + 1) >>> 0;
    closes.set(lastClose, resolve);
    native.storeClose(handle.index, drainUs, lastClose);
    if (outcome[0] !== 0) {
      closes.delete(lastClose);
      resolve(outcome[0] as number);
    }
  });
}
