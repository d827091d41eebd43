// A worker of workers.test.js: workerData says how it ends.
import { parentPort, workerData } from "node:worker_threads";
import { Store } from "lgstore";

const place = ["node", "worker"];
const accepting = { backend: "embedded", immediate: false };
const stuck = { backend: "fault", fault: { delay_us: 3600e6 } };

/** Callers that go on until they are stopped; the parent is told when completions come in numbers. */
function busy(store, callers) {
  let done = 0;
  for (let i = 0; i < callers; i++) {
    (async () => {
      for (let n = 0; ; n++) {
        await store.put(place, `k${i}`, { n });
        if (++done === 200) parentPort.postMessage("busy");
      }
    })();
  }
}

const endings = {
  async "ends with its store closed"() {
    const store = new Store(accepting);
    await store.put(place, "k", { n: 1 });
    if ((await store.get(place, "k")).value.n !== 1) throw new Error("another value");
    await store.close();
  },
  async "ends with a store open"() {
    const store = new Store(accepting);
    await store.put(place, "k", { n: 1 });
  },
  async "exits with operations pending"() {
    const store = new Store(stuck);
    for (let i = 0; i < 50; i++) store.put(place, `k${i}`, {});
    store.close({ drainTimeout: 3600 });
    process.exit();
  },
  async "is terminated while it waits"() {
    const store = new Store(stuck);
    for (let i = 0; i < 50; i++) store.put(place, `k${i}`, {});
    parentPort.postMessage("busy");
  },
  async "is terminated between two operations"() {
    busy(new Store(accepting), 1);
  },
  async "is terminated while bursts come"() {
    busy(new Store(accepting), 64);
  },
  async "is terminated while it closes"() {
    const store = new Store(accepting);
    await store.put(place, "k", {});
    for (let i = 0; i < 50; i++) store.put(place, `k${i}`, {});
    store.close();
    parentPort.postMessage("busy");
  },
};

export const names = Object.keys(endings);

if (workerData?.ending) await endings[workerData.ending]();
