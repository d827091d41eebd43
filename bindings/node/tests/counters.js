#!/usr/bin/env node
// Adds to counters beside programs of other languages, or checks them: the Node side of tests/counters/README.md.
import assert from "node:assert/strict";
import { open, UnknownOutcomeError } from "lgstore";

const settled = { profile: "lwt_operations" };

/** Adds 1 to the count of this name, and returns only when it is there. */
async function add(store, namespace, key, name) {
  let item = await store.get(namespace, key, settled);
  const wanted = (item?.value[name] ?? 0) + 1;
  while ((item?.value[name] ?? 0) < wanted) {
    const value = { ...item?.value, [name]: wanted };
    try {
      const { applied, current } = item
        ? await store.compareAndSet(namespace, key, { version: item.version }, value)
        : await store.putIfAbsent(namespace, key, value);
      if (applied) return;
      item = current;
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError || error.retryable)) throw error;
      item = await store.get(namespace, key, settled);
    }
  }
}

async function check(store, namespace, key, times, names) {
  const item = await store.get(namespace, key, settled);
  assert.deepEqual(item?.value, Object.fromEntries(names.map((name) => [name, times])), key);
}

async function run([command, config, label, keys, times, ...names]) {
  if (!(command === "check" || (command === "add" && names.length === 1)) || !(keys > 0 && times > 0)) {
    throw new Error("usage: counters add CONFIG RUN KEYS TIMES NAME | check CONFIG RUN KEYS TIMES NAME...");
  }
  const namespace = ["counters", label];
  const counters = Array.from({ length: Number(keys) }, (_, i) => `c${i}`);
  const store = await open(config);
  try {
    if (command === "check") {
      for (const key of counters) await check(store, namespace, key, Number(times), names);
    } else {
      for (let time = 0; time < times; time++) {
        await Promise.all(counters.map((key) => add(store, namespace, key, names[0])));
      }
    }
  } finally {
    await store.close();
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error(String(error));
  process.exitCode = error instanceof assert.AssertionError ? 1 : 2;
}
