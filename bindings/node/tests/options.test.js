// Options that no TypeScript would let pass: each ends as an error that says what is wrong, or as the exception of the
// caller's own code; never as one of ours that nobody foresaw, and never in another way than the method's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { LgstoreError, open, Runtime, Store } from "lgstore";
import { LGStore } from "lgstore/langgraph";
import { accepting, memory, place, rejectsWith, storeFor } from "./support.js";

const own = new Error("the caller's own");
const fail = () => {
  throw own;
};
/** What throws whatever is asked of it. */
const trap = () => new Proxy({}, Object.fromEntries(["get", "has", "ownKeys"].map((name) => [name, fail])));
/** An object with one member, whose reading throws. */
const getter = (name) => Object.defineProperty({}, name, { get: fail, enumerable: true });

/** All methods that take options, as they are last. */
const methods = {
  put: (store, options) => store.put(place, "k", {}, options),
  get: (store, options) => store.get(place, "k", options),
  delete: (store, options) => store.delete(place, "k", options),
  search: (store, options) => store.search(place, options).next(),
  searchPage: (store, options) => store.searchPage(place, options),
  listNamespaces: (store, options) => store.listNamespaces(options).next(),
  listNamespacesPage: (store, options) => store.listNamespacesPage(options),
  batch: (store, options) => store.batch([], options),
  putIfAbsent: (store, options) => store.putIfAbsent(place, "k", {}, options),
  updateIfExists: (store, options) => store.updateIfExists(place, "k", {}, options),
  compareAndSet: (store, options) => store.compareAndSet(place, "k", { value: {} }, {}, options),
  deleteIfExists: (store, options) => store.deleteIfExists(place, "k", options),
  deleteIfValue: (store, options) => store.deleteIfValue(place, "k", { value: {} }, options),
  update: (store, options) => store.update(place, "k", () => ({}), options),
  count: (store, options) => store.count(place, undefined, options),
  deletePrefix: (store, options) => store.deletePrefix(place, undefined, options),
  sweep: (store, options) => store.sweep(options),
  warmup: (store, options) => store.warmup(options),
  backup: (store, options) => store.backup("/nonexistent/folder/x", options),
  reindex: (store, options) => store.reindex(options),
  advance: (store, options) => store.advance(1, options),
  migrate: (store, options) => store.migrate(options),
  clusterInfo: (store, options) => store.clusterInfo(options),
  health: (store, options) => store.health(options),
  call: (store, options) => store.call("sweep", "{}", options),
  close: (store, options) => store.close(options),
};

test("what are no options are refused by every method", async (t) => {
  for (const config of [memory, accepting]) {
    const store = storeFor(t, config);
    for (const [name, method] of Object.entries(methods)) {
      for (const options of [5, 0, "text", "", true, 5n, Symbol("s"), [], [1], () => {}]) {
        const error = await rejectsWith(method(store, options), "invalid_arg", "options");
        assert.match(error.message, /must be an object/, `${name} of ${String(options)}`);
      }
      await assert.rejects(method(store, trap()), own, name);
    }
    assert.deepEqual(store.metrics().errors, {});
    await rejectsWith(store.call("sweep", "{}", { timeout: 5n }), "invalid_arg", "timeout");
    // None at all.
    for (const options of [null, undefined]) assert.equal(await store.get(place, "k", options), null);
    for (const name of ["signal", "timeout", "raw", "profile"]) {
      await assert.rejects(store.get(place, "k", getter(name)), own, name);
    }
  }
});

test("options of stores and runtimes are checked at once", async (t) => {
  const wrong = [
    [() => new Store("memory:", 5), "options"],
    [() => new Store("memory:", []), "options"],
    [() => new Store("memory:", { runtimes: undefined }), "runtimes"],
    [() => new Store("memory:", { runtime: {} }), "runtime"],
    [() => new Store("memory:", { runtime: null }), "runtime"],
    [() => new Store("memory:", { runtime: new Proxy(new Runtime(), {}) }), "runtime"],
    [() => new Store(null), "config"],
    [() => new Store([]), "config"],
    [() => new Runtime("x"), "options"],
    [() => new Runtime({ worker: 1 }), "worker"],
    [() => new Runtime({ workers: null }), "workers"],
    [() => new Runtime({ logLevel: Symbol("warn") }), "logLevel"],
    [() => storeFor(t).metrics(true), "options"],
    [() => storeFor(t).metrics({ rest: true }), "rest"],
    [() => new LGStore("memory:", 5), "options"],
    [() => new LGStore("memory:", { oder: "key" }), "oder"],
    [() => new LGStore("memory:", { ttl: 5 }), "ttl"],
    [() => new LGStore("memory:", { ttl: { default_ttl: 5 } }), "ttl.default_ttl"],
    [() => new LGStore("memory:", { ttl: { defaultTtl: "5" } }), "ttl.defaultTtl"],
    [() => new LGStore("memory:", { ttl: { defaultTtl: Number.NaN } }), "ttl.defaultTtl"],
    [() => new LGStore("memory:", { ttl: { defaultTtl: 0 } }), "ttl.defaultTtl"],
    [() => new LGStore(storeFor(t), { runtime: new Runtime() }), "runtime"],
  ];
  for (const [attempt, field] of wrong) assert.throws(attempt, { code: "invalid_arg", field });
  for (const make of [() => new Store("memory:", trap()), () => new Runtime(trap()), () => new LGStore("", trap())]) {
    assert.throws(make, own);
  }
  await rejectsWith(open("memory:", 5), "invalid_arg", "options");
  await rejectsWith(open("memory:", { runtme: undefined }), "invalid_arg", "runtme");
  await rejectsWith(open("memory:", { timeout: "5" }), "invalid_arg", "timeout");
  await assert.rejects(open("memory:", getter("signal")), own);
  for (const options of [{ drainTimeout: 5n }, { drainTimeout: "5" }, { drainTimeout: null }]) {
    await rejectsWith(storeFor(t).close(options), "invalid_arg", "drainTimeout");
  }
  await rejectsWith(storeFor(t).close({ drain: 1 }), "invalid_arg", "drain");
});

test("arguments of single methods", async (t) => {
  const store = storeFor(t);
  const get = { op: "get", namespace: place, key: "k" };
  const wrong = [
    [() => store.call(Symbol("get"), "{}"), "op"],
    [() => store.call(null, "{}"), "op"],
    [() => store.call("get", null), "body"],
    [() => store.call("get", new Proxy(new Uint8Array(2), {})), "body"],
    [() => store.update(place, "k", 5), "change"],
    [() => store.search(place, { pageSize: Symbol("5") }).next(), "pageSize"],
    [() => store.search(place, { limit: 5n }).next(), "limit"],
    [() => store.listNamespacesPage({ matchConditions: 5 }), "matchConditions"],
    [() => store.listNamespacesPage({ matchConditions: new Array(1) }), "matchConditions[0]"],
    [() => store.listNamespacesPage({ matchConditions: [{ match_type: "prefix", path: [], extra: 1 }] })],
    [() => store.batch([get].concat(new Array(1), get)), "ops[1]"],
    [() => store.batch([get, { op: "list_namespaces", matchConditions: 5 }]), "ops[1].matchConditions"],
    [() => store.batch([get, { op: Symbol("get") }]), "ops[1].op"],
    [() => store.put(place, "k", { toJSON: () => fail() }), "value"],
    [() => store.batch([get, getter("op")]), "ops[1]"],
    [() => store.deleteIfValue(place, "k", 5), "expected"],
  ];
  for (const [attempt, field] of wrong) {
    const error = await rejectsWith(attempt(), field === "op" ? "unsupported" : "invalid_arg", field);
    assert.ok(error.cause === undefined || error.cause === own);
  }
  // What is thrown may be anything.
  for (const thrown of [null, undefined, Symbol("s"), Object.create(null)]) {
    const toJSON = () => {
      throw thrown;
    };
    const error = await rejectsWith(store.put(place, "k", { toJSON }), "invalid_arg", "value");
    assert.equal(error.cause, thrown);
  }
  // Bytes of another realm are bytes.
  const bytes = vm.runInNewContext("new Uint8Array([123, 125])");
  assert.equal(await store.call("sweep", bytes), "0");
});

test("a batch that changes while it runs has its results all the same", async (t) => {
  for (const config of [memory, accepting]) {
    const store = storeFor(t, config);
    const operations = [
      { op: "get", namespace: place, key: "k" },
      { op: "count", namespacePrefix: [] },
    ];
    const results = store.batch(operations);
    operations.length = 0;
    assert.deepEqual(
      (await results).map(({ value }) => value),
      [null, 0],
    );
  }
});

test("a mode is checked by the constructor", () => {
  for (const mode of ["sequental", 1, null]) {
    assert.throws(() => new LGStore("memory:", { mode }), { code: "invalid_arg", field: "mode" });
  }
});

test("arguments of LangGraph's operations", async (t) => {
  const store = new LGStore("memory:");
  t.after(() => store.stop());
  await rejectsWith(store.batch(null), "invalid_arg", "ops");
  await rejectsWith(store.batch([{ foo: 1n }]), "unsupported");
  const list = { matchConditions: 5, limit: 1, offset: 0 };
  await rejectsWith(store.batch([list]), "invalid_arg", "matchConditions");
  await rejectsWith(store.batch([list, list]), "invalid_arg", "ops[0].matchConditions");
  for (const namespace of [undefined, null, "a", 5, [5n], [Symbol("a")]]) {
    await assert.rejects(store.batch([{ namespace, key: "k", value: {} }]), { name: "InvalidNamespaceError" });
  }
  const error = await store.batch([trap()]).catch((reason) => reason);
  assert.ok(error === own && !(error instanceof LgstoreError));
});
