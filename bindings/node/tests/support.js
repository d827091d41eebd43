// What the tests share.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { LgstoreError, library, Store } from "lgstore";

console.error(`lgstore ${library.version}, ${library.path}`);

/** In memory, with a clock that tests move. */
export const memory = {
  backend: "embedded",
  test_clock: true,
  ttl: { refresh_slack: 0, sweep_interval: null },
};
/** In memory, and nothing is answered at once. */
export const accepting = { backend: "embedded", immediate: false };
/** Nothing is ever answered. */
export const stuck = { backend: "fault", fault: { delay_us: 3600e6 } };
export const panicking = { backend: "fault", fault: { panic_every: 1 } };

export const place = ["node", "tests"];

/** A store that ends with the test. It is not opened, as faults would meet the opening, too. */
export function storeFor(t, config = memory, options = {}) {
  const store = new Store(config, options);
  t.after(() => store.close({ drainTimeout: 0 }));
  return store;
}

/** A folder that ends with the test. */
export function folderOf(t) {
  const folder = mkdtempSync(path.join(tmpdir(), "lgstore-node-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Checks that the promise rejects with an error of this code, and gives the error. */
export async function rejectsWith(promise, code, field) {
  const error = await promise.then(
    (value) => assert.fail(`no error, but ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.ok(error instanceof LgstoreError, `${error?.stack ?? error}`);
  assert.equal(error.code, code, error.message);
  if (field !== undefined) assert.equal(error.field, field);
  return error;
}

/** All that an async iterable yields. */
export async function collect(iterable) {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
}

/** Waits until something holds, and fails when that takes too long. */
export async function until(holds, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; !(await holds()); await setTimeout(1)) {
    assert.ok(Date.now() < end, `not within ${seconds} seconds: ${holds}`);
  }
}

/** How many threads of the process have names that begin so. */
export function threads(name) {
  return readdirSync("/proc/self/task").filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, "utf8").startsWith(name);
    } catch {
      return false; // It has ended meanwhile.
    }
  }).length;
}
