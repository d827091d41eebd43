import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidRequestError, RawJson } from "lgstore";
import { accepting, place, rejectsWith, storeFor } from "./support.js";

const operations = [
  { op: "put", namespace: place, key: "new", value: new RawJson('{"n":2.0}'), ttl: 60 },
  { op: "get", namespace: place, key: "old" },
  { op: "get", namespace: place, key: "new", refreshTtl: false },
  { op: "delete", namespace: place, key: "old" },
  { op: "search", namespacePrefix: place, limit: 5, filter: { n: { $gt: 0 } } },
  { op: "list_namespaces", prefix: ["node"] },
  { op: "count", namespacePrefix: [] },
];

test("each operation has its result, and reads see the state before", async (t) => {
  const store = storeFor(t);
  await store.put(place, "old", { n: 1 });
  const results = await store.batch(operations);
  assert.deepEqual(
    results.map(({ status }) => status),
    Array(7).fill("fulfilled"),
  );
  const values = results.map(({ value }) => value);
  assert.equal(values[0], undefined);
  assert.deepEqual(values[1].value, { n: 1 });
  assert.ok(values[1].createdAt instanceof Date);
  assert.equal(values[2], null);
  assert.equal(values[3], undefined);
  assert.deepEqual(
    values[4].items.map(({ key }) => key),
    ["old"],
  );
  assert.deepEqual(values[5], { namespaces: [place] });
  assert.equal(values[6], 1);

  // The same once more, each operation seeing the ones before.
  const sequential = await store.batch(operations, { mode: "sequential" });
  const item = sequential[2].value;
  assert.equal(item.expiresAt - item.updatedAt, 60_000);
  assert.deepEqual(await store.batch([], { atomicity: "logged" }), []);
});

test("one wrong operation rejects the batch before anything happens", async (t) => {
  const store = storeFor(t);
  const good = { op: "put", namespace: place, key: "k", value: {} };
  await rejectsWith(
    store.batch([good, { op: "get", namespace: ["a.b"], key: "k" }]),
    "invalid_arg",
    "ops[1].namespace[0]",
  );
  await rejectsWith(store.batch([good, { ...good, value: { n: 1n } }]), "invalid_arg", "ops[1].value");
  await rejectsWith(store.batch([good, { ...good, tll: 1 }]), "invalid_arg", "ops[1].tll");
  await rejectsWith(store.batch([good, { op: "sweep" }]), "invalid_arg");
  await rejectsWith(store.batch(good), "invalid_arg", "ops");
  await rejectsWith(store.batch([good, null]), "invalid_arg", "ops[1]");
  for (const option of ["raw", "timeout", "signal"]) {
    const field = `ops[1].${option}`;
    await rejectsWith(
      store.batch([good, { op: "get", namespace: place, key: "k", [option]: 1 }]),
      "invalid_arg",
      field,
    );
  }
  await rejectsWith(store.batch([good], { mode: "sequential", atomicity: "logged" }), "invalid_arg");
  const many = Array.from({ length: 101 }, () => good);
  assert.ok(
    (await rejectsWith(store.batch(many, { atomicity: "logged" }), "invalid_arg")) instanceof InvalidRequestError,
  );
  assert.equal(await store.count([]), 0);
});

test("one operation that fails leaves the others", async (t) => {
  const store = storeFor(t, { backend: "fault", fault: { fail_every: 3 } });
  const puts = Array.from({ length: 9 }, (_, i) => ({ op: "put", namespace: place, key: `k${i}`, value: { i } }));
  const ends = [];
  // Every third request fails, as a whole.
  for (let i = 0; i < 3; i++)
    ends.push(
      await store.batch(puts).then(
        () => "done",
        (error) => error.code,
      ),
    );
  assert.deepEqual(ends, ["done", "done", "unavailable"]);
});

test("large batches go through whole", async (t) => {
  const store = storeFor(t, accepting);
  const puts = Array.from({ length: 5000 }, (_, i) => ({ op: "put", namespace: place, key: `k${i}`, value: { i } }));
  const results = await store.batch(puts);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 5000);
  const gets = puts.map(({ key }) => ({ op: "get", namespace: place, key }));
  const found = await store.batch(gets);
  assert.deepEqual(
    found.map(({ value }) => value.value.i),
    puts.map(({ value }) => value.i),
  );
});
