import assert from "node:assert/strict";
import { test } from "node:test";
import { accepting, place, rejectsWith, storeFor } from "./support.js";

test("conditions that hold and conditions that do not", async (t) => {
  const store = storeFor(t);
  assert.deepEqual(await store.updateIfExists(place, "k", { n: 0 }), { applied: false, current: null });
  const created = await store.putIfAbsent(place, "k", { n: 1 }, { ttl: 60 });
  assert.equal(created.applied, true);
  const item = await store.get(place, "k");
  assert.equal(created.version, item.version);
  assert.deepEqual(await store.putIfAbsent(place, "k", { n: 2 }), { applied: false, current: item });

  const other = await store.compareAndSet(place, "k", { value: { n: 5 } }, { n: 6 });
  assert.deepEqual([other.applied, other.current.value], [false, { n: 1 }]);
  const byValue = await store.compareAndSet(place, "k", { value: { n: 1.0 } }, { n: 2 });
  assert.equal(byValue.applied, true);
  assert.equal((await store.compareAndSet(place, "k", { version: created.version }, { n: 3 })).applied, false);
  assert.equal((await store.compareAndSet(place, "k", { version: byValue.version }, { n: 3 })).applied, true);
  assert.equal((await store.updateIfExists(place, "k", { n: 4 })).applied, true);

  assert.equal((await store.deleteIfValue(place, "k", { value: { n: 3 } })).applied, false);
  assert.deepEqual(await store.deleteIfValue(place, "k", { value: { n: 4 } }), { applied: true });
  assert.deepEqual(await store.deleteIfExists(place, "k"), { applied: false, current: null });
  await rejectsWith(store.compareAndSet(place, "k", {}, { n: 1 }), "invalid_arg", "expected");
  await rejectsWith(store.compareAndSet(place, "k", undefined, { n: 1 }), "invalid_arg", "expected");
  await rejectsWith(store.compareAndSet(place, "k", { value: 1 }, { n: 1 }), "invalid_arg");
});

test("updates of many lose none", async (t) => {
  const store = storeFor(t, accepting);
  const add = () => store.update(place, "counter", (item) => ({ n: (item?.value.n ?? 0) + 1 }));
  await Promise.all(Array.from({ length: 50 }, add));
  assert.equal((await store.get(place, "counter")).value.n, 50);
});

test("what change throws ends the update", async (t) => {
  const store = storeFor(t);
  const reason = new Error("no");
  await assert.rejects(
    store.update(place, "k", () => {
      throw reason;
    }),
    reason,
  );
  await assert.rejects(
    store.update(place, "k", async () => Promise.reject(reason)),
    reason,
  );
  assert.equal(await store.get(place, "k"), null);
  const done = await store.update(place, "k", async () => ({ n: 1 }), { ttl: 60 });
  assert.equal((await store.get(place, "k")).version, done.version);
  assert.ok((await store.get(place, "k")).expiresAt);
});
