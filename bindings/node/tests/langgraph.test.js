// The store of LangGraph.js. These tests run with the newest @langchain/langgraph-checkpoint and, by
// langgraph_oldest.test.js, with the oldest that is supported.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { AsyncBatchedStore, BaseStore, InvalidNamespaceError } from "@langchain/langgraph-checkpoint";
import { LgstoreError, open } from "lgstore";
import { BatchError, LGStore } from "lgstore/langgraph";
import { accepting, folderOf, memory, rejectsWith, until } from "./support.js";

const users = ["users", "ada"];

function lgStore(t, config = memory, options = {}) {
  const store = new LGStore(config, options);
  t.after(() => store.stop());
  return store;
}

/** As graphs use a store. */
function batched(t, store) {
  const wrapper = new AsyncBatchedStore(store);
  wrapper.start();
  t.after(() => wrapper.stop());
  return wrapper;
}

test("it is a BaseStore", async (t) => {
  const store = lgStore(t);
  assert.ok(store instanceof BaseStore);
  assert.equal(await store.get(users, "theme"), null);
  assert.equal(await store.put(users, "theme", { mode: "dark" }), undefined);
  const item = await store.get(users, "theme");
  assert.deepEqual(Object.keys(item).sort(), ["createdAt", "key", "namespace", "updatedAt", "value"]);
  assert.deepEqual([item.namespace, item.key, item.value], [users, "theme", { mode: "dark" }]);
  assert.ok(item.createdAt instanceof Date && item.updatedAt instanceof Date);
  assert.equal(await store.delete(users, "theme"), undefined);
  assert.equal(await store.get(users, "theme"), null);
  assert.equal(await store.get([], "theme"), null);
});

test("searches: newest first, with filters, limits and offsets", async (t) => {
  for (const wrap of [(store) => store, (store) => batched(t, store)]) {
    const store = wrap(lgStore(t));
    for (let i = 0; i < 15; i++) await store.put([...users, `n${i % 3}`], `k${i}`, { n: i, tag: i % 2 ? "a" : "b" });
    const numbers = async (prefix, options) => (await store.search(prefix, options)).map(({ value }) => value.n);
    assert.deepEqual(await numbers(users), [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
    assert.deepEqual(await numbers([...users, "n0"]), [12, 9, 6, 3, 0]);
    assert.deepEqual(await numbers([], { limit: 3, offset: 2 }), [12, 11, 10]);
    assert.deepEqual(await numbers(users, { filter: { tag: "a", n: { $gt: 5 } } }), [13, 11, 9, 7]);
    assert.deepEqual(await numbers(users, { filter: { n: { $in: [1, 2] } } }), [2, 1]);
    assert.deepEqual(
      await numbers(users, { filter: { n: { $nin: [0, 1, 2] }, tag: { $ne: "a" } }, limit: 2 }),
      [14, 12],
    );
    assert.deepEqual(await numbers(users, { filter: {}, limit: 1 }), [14]);
    const [item] = await store.search(users);
    assert.equal("score" in item, false);
  }
  const byKey = lgStore(t, memory, { order: "key" });
  for (const key of ["b", "a", "c"]) await byKey.put(users, key, {});
  assert.deepEqual(
    (await byKey.search(users)).map(({ key }) => key),
    ["a", "b", "c"],
  );
});

test("namespaces are listed whole", async (t) => {
  const store = lgStore(t);
  for (const name of ["a/x/v1", "a/y/v1", "a/y/v2", "b/x/v1", "b"]) await store.put(name.split("/"), "k", {});
  const list = async (options) => (await store.listNamespaces(options)).map((labels) => labels.join("/"));
  assert.deepEqual(await list(), ["a/x/v1", "a/y/v1", "a/y/v2", "b", "b/x/v1"]);
  assert.deepEqual(await list({ prefix: ["a"], suffix: ["v1"] }), ["a/x/v1", "a/y/v1"]);
  assert.deepEqual(await list({ prefix: ["*", "x"] }), ["a/x/v1", "b/x/v1"]);
  assert.deepEqual(await list({ maxDepth: 1 }), ["a", "b"]);
  assert.deepEqual(await list({ limit: 2, offset: 1 }), ["a/y/v1", "a/y/v2"]);
  assert.deepEqual(await store.batch([{ limit: 1, offset: 0 }]), [[["a", "x", "v1"]]]);
});

test("a batch is one request; its reads see the state before, or what came before", async (t) => {
  const operations = [
    { namespace: users, key: "old" },
    { namespace: users, key: "new", value: { n: 2 }, index: ["n"] },
    { namespace: users, key: "new" },
    { namespace: users, key: "old", value: null },
    { namespacePrefix: users, filter: undefined, limit: 10, offset: 0 },
    { matchConditions: [{ matchType: "prefix", path: ["users"] }], maxDepth: 1, limit: 10, offset: 0 },
    { matchConditions: undefined, maxDepth: undefined, limit: 10, offset: 0 },
  ];
  for (const [mode, expected] of [
    ["snapshot", [1, null, ["old"]]],
    ["sequential", [1, 2, ["new"]]],
  ]) {
    const store = lgStore(t, memory, { mode });
    await store.put(users, "old", { n: 1 });
    const before = store.native.metrics().total_operations;
    const [old, put, fresh, deleted, found, roots, all] = await store.batch(operations);
    assert.equal(store.native.metrics().total_operations - before, 1);
    assert.deepEqual([old.value.n, fresh?.value.n ?? null, found.map(({ key }) => key)], expected);
    assert.deepEqual([put, deleted, roots, all], [undefined, undefined, [["users"]], [users]]);
  }
  const store = lgStore(t);
  assert.deepEqual(await store.batch([]), []);
});

test("times to live are minutes, and reads move expiries unless told not to", async (t) => {
  const minutes = 60_000;
  for (const [ttl, ends] of [
    [{ defaultTtl: 1.5 }, 1.5],
    [{ defaultTtl: null }, undefined],
    [{}, 10],
    [{ defaultTtl: 2, refreshOnRead: false }, 2],
  ]) {
    const store = lgStore(t, { ...memory, ttl: { ...memory.ttl, default_ttl: 600 } }, { ttl });
    await store.put(users, "k", {});
    const { expiresAt, updatedAt } = await store.native.get(users, "k", { refreshTtl: false });
    assert.equal(expiresAt && expiresAt - updatedAt, ends && ends * minutes);
    if (ends === undefined) continue;
    await store.native.advance((ends / 2) * 60);
    await store.get(users, "k");
    await store.search(users);
    const moved = async () => (await store.native.get(users, "k", { refreshTtl: false })).expiresAt - expiresAt;
    if (ttl.refreshOnRead === false) assert.equal(await moved(), 0);
    else await until(async () => (await moved()) >= (ends / 2) * minutes);
  }
});

test("what LangGraph forbids is refused as LangGraph does", async (t) => {
  const store = lgStore(t);
  for (const namespace of [[], ["a.b"], ["a:b"], ["a\0"], [""], ["langgraph", "x"], ["a", 5]]) {
    await assert.rejects(store.put(namespace, "k", {}), InvalidNamespaceError);
    await assert.rejects(store.batch([{ namespace, key: "k", value: {} }]), InvalidNamespaceError);
  }
  // Reads of what other languages wrote there are none of its business, nor deletions.
  await store.native.put(["langgraph"], "k", { n: 1 });
  assert.equal((await store.batch([{ namespace: ["langgraph"], key: "k" }]))[0].value.n, 1);
  assert.equal((await store.batch([{ namespacePrefix: ["langgraph"] }]))[0].length, 1);
  assert.deepEqual(await store.batch([{ namespace: ["langgraph"], key: "k", value: null }]), [undefined]);
  for (const operation of [{}, null, { namespace: users }, { key: "k" }]) {
    await rejectsWith(store.batch([operation]), "unsupported");
  }
  await rejectsWith(store.search(users, { filter: { n: { $near: 1 } } }), "invalid_arg");
  await rejectsWith(store.search(users, { query: "text" }), "unsupported", "query");
});

test("failures of a batch: one's own error, or all of them", async (t) => {
  const failing = lgStore(t, { backend: "fault", fault: { fail_first: 2 } });
  await rejectsWith(failing.put(users, "k", {}), "unavailable");
  await rejectsWith(
    failing.batch([
      { namespace: users, key: "k" },
      { namespace: users, key: "k" },
    ]),
    "unavailable",
  );
  const results = [
    { status: "rejected", reason: new Error("first") },
    { status: "fulfilled", value: null },
  ];
  const error = new BatchError(results);
  assert.ok(error instanceof AggregateError);
  assert.match(error.message, /1 of 2 operations failed: Error: first/);
  assert.equal(error.errors[0].message, "first");
});

test("callers whose operations share a batch have each their own end", async (t) => {
  for (const config of [memory, accepting]) {
    const store = batched(t, lgStore(t, config));
    const ends = await Promise.allSettled([
      store.put(users, "a", { n: 1 }),
      store.put(users, "b", { n: 1n }),
      store.search(users, { filter: { n: { $near: 1 } } }),
      store.search(users, { query: "text" }),
      store.put(users, "c", { n: 3 }),
      store.get(users, "none"),
      store.get(["a\0b"], "k"),
      store.put(users, "x".repeat(2000), {}),
    ]);
    const codes = ends.map(({ status, reason }) => (status === "rejected" ? (reason.code ?? reason.name) : status));
    const [, , , , , , nul] = codes;
    assert.deepEqual(codes.with(6, ""), [
      "fulfilled",
      "invalid_arg",
      "invalid_arg",
      "unsupported",
      "fulfilled",
      "fulfilled",
      "",
      "invalid_arg",
    ]);
    assert.ok(nul === "invalid_arg" || nul === "InvalidNamespaceError", nul);
    assert.deepEqual(
      (await store.search(users)).map(({ key }) => key),
      ["c", "a"],
    );
    for (const { reason } of ends)
      assert.ok(!reason || reason instanceof LgstoreError || reason.name.startsWith("Invalid"));
  }
});

test("many bad operations among others cost little, and each caller still has its own end", async (t) => {
  for (const mode of ["snapshot", "sequential"]) {
    const inner = lgStore(t, accepting, { mode });
    const store = batched(t, inner);
    await store.put(users, "k", { n: 0 });
    let written = 0;
    const value = (n) => ({
      toJSON() {
        written++;
        return { n };
      },
    });
    // Every third has a key that is too long; the others write one item and read it.
    const operation = (i) => {
      if (i % 3 === 0) return store.put(users, "x".repeat(2000), value(i));
      return i % 3 === 1 ? store.put(users, "k", value(i)) : store.get(users, "k");
    };
    const count = 900;
    const ends = await Promise.allSettled(Array.from({ length: count }, (_, i) => operation(i)));
    for (const [i, { status, reason, value: found }] of ends.entries()) {
      if (i % 3 === 0) assert.equal(reason?.code, "invalid_arg", `${i}: ${status}`);
      else if (i % 3 === 1) assert.equal(status, "fulfilled", `${i}: ${reason}`);
      // The state before all of them, or the write just before.
      else assert.equal(found.value.n, mode === "snapshot" ? 0 : i - 1);
    }
    assert.equal((await store.get(users, "k")).value.n, 898);
    // Each is sent as often as the batch is halved, and twice before that.
    const sent = written / ((count * 2) / 3);
    assert.ok(sent <= 2 + Math.ceil(Math.log2(count)), `each operation is sent ${sent} times`);
  }
});

test("one operation whose own code throws harms no other's", async (t) => {
  const thrown = new Error("mine");
  const condition = {
    matchType: "prefix",
    get path() {
      throw thrown;
    },
  };
  // As AsyncBatchedStore sends what its callers gave it.
  const [put, list, get] = await Promise.allSettled(
    await lgStore(t).store.batch([
      { namespace: users, key: "k", value: { n: 1 } },
      { matchConditions: [condition], limit: 1, offset: 0 },
      { namespace: users, key: "none" },
    ]),
  );
  assert.deepEqual([put.status, get.status], ["fulfilled", "fulfilled"]);
  assert.equal(list.reason?.cause, thrown);
});

test("a closed store fails each caller", async (t) => {
  const inner = lgStore(t);
  const store = batched(t, inner);
  await store.put(users, "k", {});
  await inner.stop();
  const ends = await Promise.allSettled([store.get(users, "k"), store.put(users, "k", {})]);
  assert.deepEqual(
    ends.map(({ reason }) => reason.code),
    ["closed", "closed"],
  );
});

test("many callers under AsyncBatchedStore", async (t) => {
  const store = batched(t, lgStore(t, accepting));
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.put([...users, `u${i % 7}`], `k${i}`, { i })));
  const items = await Promise.all(Array.from({ length: 500 }, (_, i) => store.get([...users, `u${i % 7}`], `k${i}`)));
  assert.deepEqual(
    items.map(({ value }) => value.i),
    [...Array(500).keys()],
  );
});

test("start opens, stop closes what is its own", async (t) => {
  const missing = new LGStore("file:/nonexistent/folder/x.db");
  await assert.rejects(missing.start(), LgstoreError);
  await missing.stop();

  const native = await open(`file:${path.join(folderOf(t), "x.db")}`);
  const store = new LGStore(native);
  await store.start();
  await store.put(users, "k", { n: 1 });
  await store.stop();
  assert.equal((await native.get(users, "k")).value.n, 1);
  assert.equal(store.native, native);
  await native.close();
});

test("items that were read do not change, whatever is put", async (t) => {
  const store = lgStore(t);
  const value = { list: [1] };
  await store.put(users, "k", value);
  value.list.push(2);
  const first = await store.get(users, "k");
  await store.put(users, "k", { list: [] });
  assert.deepEqual(first.value, { list: [1] });
  const second = await store.get(users, "k");
  assert.equal(second.createdAt.getTime(), first.createdAt.getTime());
});
