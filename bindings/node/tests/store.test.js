import assert from "node:assert/strict";
import { execFile as execFileCallback } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { open, Store, UnknownOutcomeError } from "lgstore";
import { accepting, folderOf, memory, place, rejectsWith, storeFor, stuck, until } from "./support.js";

const execFile = promisify(execFileCallback);

test("a file keeps its items", async (t) => {
  const file = path.join(folderOf(t), "x.db");
  const first = await open(`file:${file}`);
  await first.put(place, "k", { n: 1 });
  await first.backup(`${file}.copy`);
  await first.close();
  for (const config of [{ backend: "embedded", path: file }, `file:${file}.copy`, JSON.stringify({ path: file })]) {
    const store = await open(config);
    assert.deepEqual((await store.get(place, "k")).value, { n: 1 });
    await store.close();
  }
});

test("a configuration comes from the environment", async () => {
  // In a process of its own: variables of the tests are none of the library's.
  const others = Object.entries(process.env).filter(([name]) => !/^LGSTORE_(?!LIBRARY)/.test(name));
  const env = { ...Object.fromEntries(others), LGSTORE_URL: "memory:?ttl.default_ttl=60" };
  const program = `
    import { open } from "lgstore";
    for (const store of [await open(), await open("")]) {
      await store.put(["a"], "k", {});
      const { expiresAt, updatedAt } = await store.get(["a"], "k");
      console.log(expiresAt - updatedAt);
    }`;
  const cwd = new URL("..", import.meta.url).pathname;
  const { stdout } = await execFile(process.execPath, ["--input-type=module", "--eval", program], { env, cwd });
  assert.equal(stdout, "60000\n60000\n");
});

test("immediate and accepted answers are the same", async (t) => {
  for (const config of [memory, accepting]) {
    const store = storeFor(t, config);
    await store.put(place, "k", { n: 1 });
    assert.deepEqual((await store.get(place, "k")).value, { n: 1 });
    assert.equal(await store.get(place, "none"), null);
    await rejectsWith(store.get([], "k", { timeout: -1 }), "invalid_arg");
    await rejectsWith(store.get(["a.b"], "k"), "invalid_arg", "namespace[0]");
  }
});

test("thousands of operations at once, each with its own answer", async (t) => {
  const store = storeFor(t, accepting);
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
  await Promise.all(keys.map((key, i) => store.put(place, key, { i })));
  const items = await Promise.all(keys.map((key) => store.get(place, key)));
  assert.deepEqual(
    items.map(({ key, value }) => [key, value.i]),
    keys.map((key, i) => [key, i]),
  );
});

test("more than may be in flight are refused, and nothing of the others is lost", async (t) => {
  const store = storeFor(t, { ...stuck, limits: { inflight_operations: 100 } });
  const sent = Array.from({ length: 150 }, (_, i) => store.put(place, `k${i}`, {}).catch((error) => error.code));
  const refused = await Promise.all(sent.slice(100));
  assert.deepEqual(new Set(refused), new Set(["busy"]));
  assert.equal(store.metrics().in_flight, 100);
  await store.close({ drainTimeout: 0 });
  assert.deepEqual(new Set(await Promise.all(sent.slice(0, 100))), new Set(["closed"]));
});

test("other work has its turn while answers come", async (t) => {
  const store = storeFor(t, accepting);
  let turns = 0;
  let done = false;
  const busy = Promise.all(
    Array.from({ length: 300 }, async () => {
      for (let i = 0; i < 100; i++) await store.get(place, "k");
    }),
  ).then(() => {
    done = true;
  });
  for (; !done; turns++) await setImmediate();
  await busy;
  // No turn settles more than two bursts of 256, one of them in its immediates, however the threads take turns.
  assert.ok(turns >= 30_000 / 512, `${turns} turns`);
});

/** Stops the event loop until the library has answered everything, the last that this turn has submitted included. */
async function answered(store) {
  await null;
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (const end = Date.now() + 30_000; store.metrics().in_flight > 0; Atomics.wait(nap, 0, 0, 1)) {
    assert.ok(Date.now() < end, "still in flight");
  }
}

test("what came all at once is told over many turns of the event loop", async (t) => {
  const store = storeFor(t, { ...accepting, limits: { inflight_operations: 60_000 } });
  await store.put(place, "k", {});
  let told = 0;
  const all = Array.from({ length: 20_000 }, () => store.get(place, "k").then(() => told++));
  // From here on the loop alone decides who has a turn, no thread. (Were something still to come, there would only be
  // less in a turn.)
  await answered(store);
  for (let before = 0; told < all.length; before = told) {
    await setImmediate();
    assert.ok(told - before <= 512, `${told - before} in one turn`);
  }
  await Promise.all(all);
});

test("a close is told after the answers that came before it", async () => {
  const store = new Store({ ...accepting, limits: { inflight_operations: 60_000 } });
  await store.put(place, "k", {});
  let told = 0;
  const all = Array.from({ length: 20_000 }, () => store.get(place, "k").then(() => told++));
  await answered(store);
  // It ends long before the last of them are told.
  await store.close();
  assert.equal(told, all.length);
});

test("answers come where setImmediate is not the real one", async (t) => {
  t.mock.timers.enable({ apis: ["setImmediate", "setTimeout"] });
  const store = new Store(accepting);
  await Promise.all(Array.from({ length: 2000 }, (_, i) => store.put(place, `k${i}`, {})));
  assert.equal(await store.count([]), 2000);
  await store.close();
});

test("answers come where clocks were replaced before the package is loaded", async () => {
  const program = `
    globalThis.setImmediate = globalThis.queueMicrotask = () => {};
    const { Store } = await import("lgstore");
    const store = new Store(${JSON.stringify(accepting)});
    await Promise.all(Array.from({ length: 2000 }, (_, i) => store.put(["n"], "k" + i, {})));
    console.log(await store.count([]));
    await store.close();
  `;
  const options = { cwd: path.join(import.meta.dirname, ".."), timeout: 60_000 };
  const { stdout } = await execFile(process.execPath, ["--input-type=module", "-e", program], options);
  assert.equal(stdout, "2000\n");
});

test("a close is told however busy other stores are", async (t) => {
  const store = storeFor(t, { ...accepting, limits: { inflight_operations: 60_000 } });
  const other = new Store(accepting);
  await Promise.all([store.put(place, "k", {}), other.put(place, "k", {})]);
  let stop = false;
  // So many that the queue is never found empty.
  const callers = Array.from({ length: 5000 }, async () => {
    while (!stop) await store.get(place, "k");
  });
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  let closed = false;
  const close = other.close().then(() => {
    closed = true;
  });
  await until(() => closed).finally(() => {
    stop = true;
  });
  await Promise.all([close, ...callers]);
});

test("a signal ends its own request and no other", async (t) => {
  const store = storeFor(t, stuck);
  const controllers = Array.from({ length: 100 }, () => new AbortController());
  const ended = [];
  const send = (i) =>
    store.put(place, `k${i}`, {}, { signal: controllers[i].signal }).catch((error) => ended.push([i, error]));
  const sent = controllers.map((_, i) => send(i));
  controllers[57].abort("first");
  await sent[57];
  // In the place that the first one had.
  controllers.push(new AbortController());
  const last = send(100);
  controllers[3].abort("second");
  await sent[3];
  controllers[100].abort("third");
  await last;
  assert.deepEqual(ended, [
    [57, "first"],
    [3, "second"],
    [100, "third"],
  ]);
  assert.equal(store.metrics().in_flight, 98);
});

test("nothing is taken once close was called", async () => {
  for (const config of [memory, accepting]) {
    for (let round = 0; round < 20; round++) {
      const store = await open(config);
      const closed = store.close();
      const attempts = [
        store.put(place, "k", {}),
        store.get(place, "k"),
        store.call("get", "{}"),
        store.batch([{ op: "put", namespace: place, key: "k", value: {} }]),
        store.search(place).next(),
        store.update(place, "k", () => ({})),
        store.health(),
      ];
      for (const attempt of attempts) await rejectsWith(attempt, "closed");
      await closed;
    }
    // Also where its own body closes it.
    const store = await open(config);
    let closed;
    const value = {
      toJSON() {
        closed = store.close();
        return {};
      },
    };
    await rejectsWith(store.put(place, "k", value), "closed");
    await closed;
  }
});

test("an aborted signal ends requests with its reason", async (t) => {
  const store = storeFor(t, stuck);
  const reason = new Error("enough");
  const abort = new AbortController();
  const sent = Array.from({ length: 100 }, (_, i) => store.put(place, `k${i}`, {}, { signal: abort.signal }));
  const ends = Promise.allSettled(sent);
  abort.abort(reason);
  for (const end of await ends) assert.equal(end.reason, reason);
  assert.equal(store.metrics().in_flight, 0);
  // Nothing is sent any more.
  await assert.rejects(store.put(place, "k", {}, { signal: abort.signal }), reason);
  await assert.rejects(store.search([], { signal: abort.signal }).next(), reason);
  await assert.rejects(store.get(place, "k", { signal: AbortSignal.abort() }), { name: "AbortError" });
  await assert.rejects(store.get(place, "k", { signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
});

test("a signal that is not for the request leaves it alone", async (t) => {
  const store = storeFor(t, accepting);
  const abort = new AbortController();
  const [first, second] = [AbortSignal.any([abort.signal]), new AbortController().signal];
  await store.put(place, "k", { n: 1 }, { signal: first });
  abort.abort();
  assert.deepEqual((await store.get(place, "k", { signal: second })).value, { n: 1 });
});

test("many requests share one signal without a warning", async (t) => {
  const warnings = [];
  const warned = (warning) => warnings.push(warning);
  process.on("warning", warned);
  t.after(() => process.off("warning", warned));
  const store = storeFor(t, accepting);
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 100 }, () => store.get(place, "k", { signal })));
  }
  await setImmediate();
  assert.deepEqual(warnings, []);
});

test("a write that was done before the abort resolves; a doubtful one says so", async (t) => {
  const store = storeFor(t, { backend: "embedded", path: path.join(folderOf(t), "x.db") });
  await store.put(place, "k", { n: 0 });
  let [done, ended, unknown] = [0, 0, 0];
  for (let n = 1; n <= 300; n++) {
    const abort = new AbortController();
    const sent = store.put(place, `k${n}`, { n }, { signal: abort.signal });
    if (n % 3 > 0) await setImmediate();
    abort.abort();
    const end = await sent.then(
      () => "done",
      (error) => (error instanceof UnknownOutcomeError && error.cause === abort.signal.reason ? "unknown" : error),
    );
    const there = (await store.get(place, `k${n}`)) !== null;
    if (end === "done") assert.ok(there, `${n} was said to be done`);
    else if (end === "unknown") unknown++;
    else assert.ok(end === abort.signal.reason && !there, `${n} was said to be not applied: ${end}`);
    if (end === "done") done++;
    else ended++;
  }
  t.diagnostic(`${done} done, ${ended - unknown} ended, ${unknown} unknown`);
  assert.equal(done + ended, 300);
});

test("close waits for what runs, and ends the rest", async () => {
  const slow = new Store({ backend: "fault", fault: { delay_us: 50_000 } });
  const order = [];
  const put = slow.put(place, "k", {}).then(() => order.push("put"));
  const closes = [slow.close().then(() => order.push("closed")), slow.close({ drainTimeout: 0 })];
  await Promise.all([put, ...closes]);
  assert.deepEqual(order, ["put", "closed"]);

  const never = new Store(stuck);
  const sent = Array.from({ length: 1000 }, (_, i) =>
    never.put(place, `k${i}`, {}).catch((error) => order.push(error.code)),
  );
  await never.close({ drainTimeout: 0 }).then(() => order.push("closed again"));
  assert.deepEqual(order.slice(2), [...Array(1000).fill("closed"), "closed again"]);
  await Promise.all(sent);
  await assert.rejects(new Store("memory:").close({ drainTimeout: -1 }), { field: "drainTimeout" });
});

test("stores opened and closed in a storm", async () => {
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const store = new Store(i % 2 ? accepting : memory);
      const put = store.put(place, "k", { i }).catch((error) => assert.equal(error.code, "closed"));
      if (i % 3) await put;
      const get = store.get(place, "k").then((item) => item && assert.equal(item.value.i, i));
      await Promise.all([store.close(), put, get.catch((error) => assert.equal(error.code, "closed"))]);
    }),
  );
});

test("a store ends with its scope", async () => {
  const store = await open("memory:");
  await store[Symbol.asyncDispose]();
  await rejectsWith(store.get(place, "k"), "closed");
});

test("health, metrics and care", async (t) => {
  const store = storeFor(t, memory);
  const health = await store.health({ write: true });
  assert.equal(health.status, "healthy");
  assert.equal(health.checks.write.status, "healthy");
  assert.ok(health.latency_ms >= 0);
  await store.put(place, "k", {});
  await rejectsWith(store.put([], "k", {}), "invalid_arg");
  const metrics = store.metrics({ reset: true });
  assert.ok(metrics.operations.put.count >= 1);
  assert.equal((metrics.errors.invalid_arg ?? 0) + (metrics.refused.invalid_arg ?? 0), 1);
  assert.equal(store.metrics().operations.put, undefined);
  assert.match(store.prometheus(), /^# HELP lgstore_/m);
  store.resetBreaker();
  await store.warmup();
  await store.reindex();
  assert.equal(await store.migrate({ dryRun: true }), null);
  assert.equal(typeof (await store.clusterInfo()), "object");
  assert.equal(await store.sweep(), 0);
});

test("what is no signal is refused, and harms nobody else's request", async (t) => {
  const store = storeFor(t, accepting);
  const others = Array.from({ length: 50 }, () => store.get(place, "k"));
  await rejectsWith(store.get(place, "k", { signal: { throwIfAborted() {} } }), "invalid_arg", "signal");
  assert.deepEqual(await Promise.all(others), Array(50).fill(null));
});

test("a signal that is aborted while a body is made ends the request", async (t) => {
  const store = storeFor(t, stuck);
  const abort = new AbortController();
  const value = {
    toJSON() {
      abort.abort("enough");
      return {};
    },
  };
  await assert.rejects(store.put(place, "k", value, { signal: abort.signal }), (reason) => reason === "enough");
});

test("a store that could not be closed as was asked can still be closed", async () => {
  const store = await open("memory:");
  await rejectsWith(store.close({ drainTimeout: Number.NaN }), "invalid_arg", "drainTimeout");
  await store.close();
  await rejectsWith(store.get(place, "k"), "closed");
});

test("limits that are no integers are refused", async (t) => {
  const store = storeFor(t);
  for (const limit of [Number.NaN, "abc", 1.5]) {
    await rejectsWith(store.search(place, { limit }).next(), "invalid_arg", "limit");
    await rejectsWith(store.listNamespaces({ limit }).next(), "invalid_arg", "limit");
  }
});
