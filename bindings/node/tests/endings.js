// Ways in which a process goes on or ends: each is run in a process of its own by exit.test.js, which says how it has to
// end. Usage: node --expose-gc endings.js NAME FOLDER
import { channel } from "node:diagnostics_channel";
import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { open, Runtime, Store } from "lgstore";
import { accepting, place, stuck, until } from "./support.js";

const [, , name, folder = "."] = process.argv;
const file = path.join(folder, "x.db");

/** How many descriptors are open on the test's file. */
const descriptors = () =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(file);
    } catch {
      return false; // The one that the listing itself had.
    }
  }).length;

function putForEver(store, callers) {
  for (let i = 0; i < callers; i++) {
    (async () => {
      for (let n = 0; ; n++) await store.put(place, `k${i}`, { n });
    })();
  }
}

export const endings = {
  async "by itself, with an idle store open"() {
    const store = await open(`file:${file}`);
    await store.put(place, "k", {});
    globalThis.kept = [store, new Store("memory:"), new Runtime({ logLevel: "trace" })];
    process.exitCode = 7;
  },

  async "by itself, with a closed store"() {
    const store = await open(accepting);
    await store.put(place, "k", {});
    await store.close();
    process.exitCode = 7;
  },

  async "only when what is pending is done"() {
    const store = new Store({ backend: "fault", fault: { delay_us: 200_000 } });
    // Nothing else keeps the process alive.
    store.put(place, "k", {}).then(() => {
      store.close().then(() => {
        process.exitCode = 7;
      });
    });
  },

  async "only when all of many answers are told"() {
    const store = new Store(accepting);
    let told = 0;
    for (let i = 0; i < 5000; i++) {
      store.put(place, `k${i}`, {}).then(() => {
        told++;
      });
    }
    process.on("exit", () => {
      process.exitCode = told === 5000 ? 7 : 1;
    });
  },

  async "exit with operations pending"() {
    const store = new Store(stuck);
    for (let i = 0; i < 500; i++) store.put(place, `k${i}`, {});
    process.exit(store.metrics().in_flight === 500 ? 7 : 1);
  },

  async "exit while completions come"() {
    const store = new Store(accepting);
    putForEver(store, 32);
    await until(() => store.metrics().total_operations > 2000);
    process.exit(7);
  },

  async "exit in the answer of an operation"() {
    const store = new Store(accepting);
    putForEver(store, 32);
    for (let i = 0; i < 100; i++) await store.get(place, "k0");
    store.get(place, "k0").then(() => process.exit(7));
  },

  async "exit while closing"() {
    const store = new Store(stuck);
    store.put(place, "k", {}).catch(() => {});
    store.close({ drainTimeout: 3600 });
    process.exit(7);
  },

  async "exit in a subscriber of the log"() {
    channel("lgstore:log").subscribe(() => process.exit(7));
    const store = new Store({ limits: { warn_value_bytes: 1 } });
    await store.put(place, "k", { n: 1 });
    await setTimeout(60_000);
  },

  async "exceptions of subscribers lose nothing"() {
    const thrown = [];
    process.on("uncaughtException", (error) => thrown.push(error.message));
    const events = [];
    for (const name of ["lgstore:log", "tracing:lgstore:op:start", "tracing:lgstore:op:asyncEnd"]) {
      channel(name).subscribe(() => {
        throw new Error(name);
      });
    }
    channel("lgstore:log").subscribe((event) => events.push(event));
    const store = new Store({ ...accepting, limits: { warn_value_bytes: 1 } });
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.put(place, `k${i}`, { i })));
    const count = await store.count([]);
    await until(() => events.length === 50 && thrown.length >= 150);
    process.exitCode = count === 50 ? 7 : 1;
  },

  async "exceptions of what others put in place of ours lose nothing"() {
    const thrown = [];
    process.on("uncaughtException", (error) => thrown.push(error.message));
    // As tools that watch programs do, if not so badly.
    channel("lgstore:log").subscribe(() => {});
    channel("lgstore:log").publish = () => {
      throw new Error("in publish");
    };
    const store = new Store({ limits: { warn_value_bytes: 1 } });
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.put(place, `k${i}`, { i })));
    await store.close();
    await until(() => thrown.length === 50);
    process.exitCode = 7;
  },

  async "exceptions of callers are theirs"() {
    const thrown = [];
    process.on("uncaughtException", (error) => thrown.push(error.message));
    process.on("unhandledRejection", (error) => thrown.push(error.message));
    const store = new Store(accepting);
    const never = new Store(stuck);
    const abort = new AbortController();
    const fail = (where) => () => {
      throw new Error(where);
    };
    abort.signal.addEventListener("abort", fail("in a listener"));
    const aborted = Array.from({ length: 10 }, (_, i) => never.put(place, `k${i}`, {}, { signal: abort.signal }));
    abort.signal.addEventListener("abort", fail("in another listener"));
    abort.abort("enough");
    const own = [
      store.put(place, "wrong", { toJSON: fail("in toJSON") }),
      store.put(place, "wrong", Object.defineProperty({}, "n", { get: fail("in a getter"), enumerable: true })),
      store.get(place, "wrong", Object.defineProperty({}, "raw", { get: fail("in a getter"), enumerable: true })),
      store.get(place, "wrong", new Proxy({}, { get: fail("in a trap"), ownKeys: fail("in a trap") })),
    ];
    const ends = (await Promise.allSettled([...aborted, ...own])).map(({ reason }) => reason?.message ?? reason);
    const right = [...Array(10).fill("enough"), "in toJSON", "in a getter", "in a getter", "in a trap"];
    if (!ends.every((end, i) => end?.endsWith(right[i]))) throw new Error(`${ends}`);
    await until(() => thrown.length === 2);
    const sent = Array.from({ length: 50 }, (_, i) =>
      store.put(place, `k${i}`, { i }).then(() => {
        throw new Error("in then");
      }),
    );
    queueMicrotask(() => {
      throw new Error("in a microtask");
    });
    await Promise.allSettled(sent.slice(10));
    const count = await store.count([]);
    await until(() => thrown.length === 13);
    await never.close({ drainTimeout: 0 });
    process.exitCode = count === 50 ? 7 : 1;
  },

  async "forgotten stores are closed"() {
    const forget = async (i) => {
      const store = await open(`file:${file}`);
      await store.put(place, `k${i}`, {});
    };
    for (let i = 0; i < 20; i++) await forget(i);
    if (descriptors() === 0) return;
    await until(async () => {
      globalThis.gc();
      await setTimeout(5);
      return descriptors() === 0;
    });
    process.exitCode = 7;
  },

  async "garbage is collected all the time"() {
    const store = await open(accepting);
    const reader = async (i) => {
      for (let n = 0; n < 40; n++) {
        const abort = new AbortController();
        await store.put(place, `k${i}`, { i, n, text: "ä".repeat(n) }, { signal: abort.signal });
        if (n % 4 === i % 4) globalThis.gc();
        const item = await store.get(place, `k${i}`);
        if (item.value.i !== i || item.value.n !== n) throw new Error(`k${i} is ${JSON.stringify(item)}`);
        const bytes = await store.call("get", JSON.stringify({ namespace: place, key: `k${i}` }), { bytes: true });
        globalThis.gc({ type: "minor" });
        if (!bytes.includes(`"i":${i},"n":${n}`)) throw new Error(`k${i} is ${bytes}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => reader(i)));
    process.exitCode = 7;
  },
};

if (process.argv[1] === import.meta.filename && name) await endings[name]();
