import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { open } from "lgstore";
import { place, threads, until } from "./support.js";
import { names } from "./worker.js";

const count = 1000;

/** Starts a worker and waits for its end, which it is helped to if it would go on for ever. */
async function run(ending) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { workerData: { ending } });
  const ended = new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", resolve);
  });
  worker.once("message", () => worker.terminate());
  const code = await ended;
  // Terminated ones end with 1; one that closes may have ended before.
  const may = ending === "is terminated while it closes" ? [0, 1] : [ending.startsWith("is terminated") ? 1 : 0];
  assert.ok(may.includes(code), `${ending}: ${code}`);
}

test(`${count} workers start and end, many of them in the middle of operations`, async () => {
  const mine = await open("memory:");
  const before = threads("lgstore");
  const left = Array.from({ length: count }, (_, i) => names[i % names.length]);
  const lane = async () => {
    for (let ending = left.pop(); ending !== undefined; ending = left.pop()) {
      await run(ending);
      await mine.put(place, "mine", { left: left.length });
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  // What was of this thread goes on, and of the others nothing is left.
  assert.equal((await mine.get(place, "mine")).value.left, 0);
  await until(() => threads("lgstore") <= before);
  await mine.close();
});
