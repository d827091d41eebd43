import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, place, rejectsWith, storeFor } from "./support.js";

async function people(t, n = 25) {
  const store = storeFor(t);
  for (let i = 0; i < n; i++) {
    await store.put([...place, i % 2 ? "odd" : "even"], `k${String(i).padStart(3, "0")}`, { n: i, even: i % 2 === 0 });
  }
  return store;
}

test("a search yields everything, page by page", async (t) => {
  const store = await people(t);
  for (const pageSize of [undefined, 1, 7, 25, 100]) {
    const found = await collect(store.search(place, { pageSize }));
    assert.deepEqual(
      found.map(({ key }) => key).sort(),
      [...Array(25).keys()].map((i) => `k${String(i).padStart(3, "0")}`),
    );
  }
  assert.equal((await collect(store.search([]))).length, 25);
  assert.equal((await collect(store.search([...place, "odd"]))).length, 12);
  assert.equal((await collect(store.search(["other"]))).length, 0);
});

test("filters, orders, limits and offsets", async (t) => {
  const store = await people(t);
  const numbers = async (options) => (await collect(store.search(place, options))).map(({ value }) => value.n);
  assert.deepEqual(
    await numbers({ filter: { n: { $gte: 3, $lt: 9 }, even: true }, order: "updated_at desc" }),
    [8, 6, 4],
  );
  assert.deepEqual(await numbers({ filter: { n: { $in: [1, 2, 99] } }, order: "updated_at" }), [1, 2]);
  assert.deepEqual(await numbers({ order: "updated_at", limit: 5, offset: 2, pageSize: 2 }), [2, 3, 4, 5, 6]);
  assert.deepEqual(await numbers({ limit: 0 }), []);
  assert.deepEqual((await numbers({ offset: 20 })).length, 5);
  assert.deepEqual((await numbers({ limit: 3, pageSize: 100 })).length, 3);
});

test("pages are handed on by their cursors", async (t) => {
  const store = await people(t);
  const first = await store.searchPage(place);
  assert.equal(first.items.length, 10);
  const second = await store.searchPage(place, { limit: 10, cursor: first.cursor });
  const last = await store.searchPage(place, { limit: 10, cursor: second.cursor });
  assert.equal(last.items.length, 5);
  assert.equal("cursor" in last, false);
  const keys = [first, second, last].flatMap(({ items }) => items.map(({ key }) => key));
  assert.equal(new Set(keys).size, 25);
  await rejectsWith(store.searchPage(place, { cursor: first.cursor, offset: 1 }), "invalid_arg");
  await rejectsWith(store.searchPage(place, { cursor: "no cursor" }), "invalid_arg", "cursor");
});

test("leaving the loop ends the search", async (t) => {
  const store = await people(t);
  const search = store.search(place, { pageSize: 5 });
  for await (const item of search) if (item.value.n >= 2) break;
  assert.deepEqual(await search.next(), { value: undefined, done: true });
  assert.ok(store.metrics().operations.search.count <= 2);
});

test("an error ends the search", async (t) => {
  const store = await people(t);
  await rejectsWith(collect(store.search(place, { filter: { n: { $near: 1 } } })), "invalid_arg", "filter.n.$near");
  await rejectsWith(collect(store.search(place, { limit: -1 })), "invalid_arg", "limit");
  await rejectsWith(collect(store.search(place, { pageSize: -1 })), "invalid_arg", "limit");
  await rejectsWith(collect(store.search(place, { pageSize: Number.NaN })), "invalid_arg", "limit");
  await rejectsWith(collect(store.search(place, { odrer: "key" })), "invalid_arg", "odrer");
  await rejectsWith(collect(store.search(place, { query: "a text" })), "unsupported", "query");
  const circular = {};
  circular.self = circular;
  await rejectsWith(collect(store.search(place, { filter: circular })), "invalid_arg", "filter");
});

test("items that are written meanwhile double and hide none", async (t) => {
  const store = await people(t);
  const seen = [];
  for await (const { key } of store.search(place, { pageSize: 3 })) {
    seen.push(key);
    if (seen.length < 30) await store.put([...place, "aaa"], `new${seen.length}`, {});
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen.filter((key) => key.startsWith("k")).length, 25);
});

test("namespaces are listed by their conditions", async (t) => {
  const store = storeFor(t);
  for (const path of ["a/x/v1", "a/y/v1", "a/y/v2", "b/x/v1", "b"]) await store.put(path.split("/"), "k", {});
  const list = async (options) => (await collect(store.listNamespaces(options))).map((labels) => labels.join("/"));
  assert.deepEqual(await list(), ["a/x/v1", "a/y/v1", "a/y/v2", "b", "b/x/v1"]);
  assert.deepEqual(await list({ pageSize: 2 }), ["a/x/v1", "a/y/v1", "a/y/v2", "b", "b/x/v1"]);
  assert.deepEqual(await list({ prefix: ["a"] }), ["a/x/v1", "a/y/v1", "a/y/v2"]);
  assert.deepEqual(await list({ suffix: ["v1"] }), ["a/x/v1", "a/y/v1", "b/x/v1"]);
  assert.deepEqual(await list({ prefix: ["*", "y"], suffix: ["v2"] }), ["a/y/v2"]);
  assert.deepEqual(await list({ matchConditions: [{ matchType: "prefix", path: ["b"] }] }), ["b", "b/x/v1"]);
  assert.deepEqual(await list({ maxDepth: 1 }), ["a", "b"]);
  assert.deepEqual(await list({ limit: 2, offset: 1, pageSize: 1 }), ["a/y/v1", "a/y/v2"]);
  const page = await store.listNamespacesPage({ limit: 4 });
  assert.deepEqual((await store.listNamespacesPage({ cursor: page.cursor })).namespaces, [["b", "x", "v1"]]);
  await rejectsWith(collect(store.listNamespaces({ maxDepth: 0 })), "invalid_arg", "max_depth");
});

test("items are counted and removed by prefix and filter", async (t) => {
  const store = await people(t);
  assert.equal(await store.count(place), 25);
  assert.equal(await store.count(place, { even: true }), 13);
  assert.equal(await store.deletePrefix(place, { n: { $lt: 5 } }), 5);
  assert.equal(await store.deletePrefix([...place, "odd"]), 10);
  assert.equal(await store.count([]), 10);
  await rejectsWith(store.count(place, { $bad: 1 }), "invalid_arg");
  await rejectsWith(store.count("all"), "invalid_arg", "namespace_prefix");
});
