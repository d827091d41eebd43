// The process of flat.test.js: runs so many operations and prints the memory that it had in each tenth of them.
import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { Runtime, Store } from "lgstore";
import { accepting, memory, place } from "./support.js";

/**
 * Bytes that are in use after the garbage is gone: of JavaScript's heap, and of the process beside it. Together they
 * would say less: the heap grows and shrinks by pages of 256 KiB, however little is in them.
 */
function resident() {
  globalThis.gc();
  const { used_heap_size, external_memory, total_physical_size } = getHeapStatistics();
  const pages = Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]);
  return { heap: used_heap_size + external_memory, process: pages * 4096 - total_physical_size };
}

const runtime = new Runtime({ workers: 2, maxBlockingThreads: 2 });
const store = new Store(memory, { runtime });
const accepted = new Store(accepting, { runtime });
const { signal } = new AbortController();

const failed = () => {
  throw new Error("this must fail");
};

/** What a caller's round has, the operations of its batch included. */
const round = 10;

async function caller(rounds) {
  for (let i = 0; i < rounds; i++) {
    const key = `k${i % 100}`;
    await store.put(place, key, { name: "Ada", i });
    await store.get(place, key);
    if ((await accepted.get(place, key, { signal })) !== null) throw new Error("an item in an empty store");
    await store.put([], key, {}).then(failed, () => {});
    await accepted.get(["a.b"], key).then(failed, () => {});
    const put = { op: "put", namespace: place, key, value: { i } };
    const get = { op: "get", namespace: place, key };
    for (const end of await store.batch([put, get, put, get, get])) if (end.status !== "fulfilled") throw end.reason;
  }
}

const operations = Number(process.argv[2]);
const callers = 10;
const least = { heap: Array(10).fill(Infinity), process: Array(10).fill(Infinity) };
for (let tenth = 0; tenth < 10; tenth++) {
  // The least of each tenth counts: what is in use for a moment is no growth.
  for (let part = 0; part < 10; part++) {
    await Promise.all(Array.from({ length: callers }, () => caller(operations / 100 / round / callers)));
    for (const [where, bytes] of Object.entries(resident())) least[where][tenth] = Math.min(least[where][tenth], bytes);
  }
}
console.log(JSON.stringify(least));
await store.close();
await accepted.close();
