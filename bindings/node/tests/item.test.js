import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidRequestError, RawJson } from "lgstore";
import { memory, place, rejectsWith, storeFor, until } from "./support.js";

test("an item is put, found, replaced and deleted", async (t) => {
  const store = storeFor(t);
  assert.equal(await store.get(place, "theme"), null);
  assert.equal(await store.put(place, "theme", { mode: "dark", sizes: [1, 2], name: "Ärger 🎉" }), undefined);
  const item = await store.get(place, "theme");
  assert.deepEqual(Object.keys(item), ["namespace", "key", "value", "createdAt", "updatedAt", "version"]);
  assert.deepEqual([item.namespace, item.key], [place, "theme"]);
  assert.deepEqual(item.value, { mode: "dark", sizes: [1, 2], name: "Ärger 🎉" });
  assert.ok(item.createdAt instanceof Date && item.updatedAt instanceof Date);
  assert.ok(Math.abs(item.createdAt - Date.now()) < 60_000, `${item.createdAt}`);
  assert.match(item.version, /^[0-9a-f-]{36}$/);

  await store.advance(5);
  await store.put(place, "theme", { mode: "light" });
  const next = await store.get(place, "theme");
  assert.equal(next.createdAt.getTime(), item.createdAt.getTime());
  assert.ok(next.updatedAt - item.updatedAt >= 5000);
  assert.notEqual(next.version, item.version);

  await store.delete(place, "theme");
  assert.equal(await store.get(place, "theme"), null);
  await store.delete(place, "theme");
  await store.put(place, "theme", {});
  await store.put(place, "theme", null);
  assert.equal(await store.get(place, "theme"), null);
});

test("values come back as they were, not as they are", async (t) => {
  const store = storeFor(t);
  const value = { list: [1] };
  await store.put(place, "k", value);
  value.list.push(2);
  const item = await store.get(place, "k");
  assert.deepEqual(item.value, { list: [1] });
  item.value.list.push(3);
  assert.deepEqual((await store.get(place, "k")).value, { list: [1] });
});

test("keys and labels may be any text", async (t) => {
  const store = storeFor(t);
  for (const key of ["", "a b", '"\\', "\0", "\n", "ü", "𝄞", "."]) {
    const namespace = ["n s", key === "" || key === "\0" || key === "." ? "-" : key, "a:b%_*\\"];
    await store.put(namespace, key, { key });
    const item = await store.get(namespace, key);
    assert.deepEqual([item.namespace, item.key, item.value], [namespace, key, { key }]);
  }
});

test("times to live are seconds", async (t) => {
  const store = storeFor(t, { ...memory, ttl: { ...memory.ttl, default_ttl: 1000 } });
  await store.put(place, "default", {});
  await store.put(place, "short", {}, { ttl: 10.5 });
  await store.put(place, "never", {}, { ttl: null });
  const short = await store.get(place, "short");
  assert.equal(short.expiresAt - short.updatedAt, 10_500);
  assert.equal((await store.get(place, "never")).expiresAt, undefined);
  await store.advance(11);
  assert.equal(await store.get(place, "short"), null);
  assert.equal(await store.sweep(), 1);
});

test("reads move expiries where they are asked to", async (t) => {
  const store = storeFor(t);
  for (const [key, read] of [
    ["got", (options) => store.get(place, "got", options)],
    ["found", (options) => store.searchPage(place, { filter: { key: "found" }, ...options })],
  ]) {
    await store.put(place, key, { key }, { ttl: 100 });
    const { expiresAt } = await store.get(place, key);
    await store.advance(50);
    await read({ refreshTtl: false });
    assert.equal((await store.get(place, key)).expiresAt.getTime(), expiresAt.getTime());
    await read({ refreshTtl: true });
    // The expiry is moved after the answer.
    await until(async () => (await store.get(place, key)).expiresAt - expiresAt >= 50_000);
  }
});

test("raw values are kept byte for byte", async (t) => {
  const store = storeFor(t);
  const text = '{ "z":1.0, "a" : 12345678901234567890,"e":1e22,"t":"\\u00e4\\"]}","n":{"x":[{},[],"}"]} }';
  await store.put(place, "raw", new RawJson(text));
  await store.put(place, "bytes", new RawJson(Buffer.from(text)));
  for (const key of ["raw", "bytes"]) {
    const item = await store.get(place, key, { raw: true });
    assert.ok(item.value instanceof RawJson);
    assert.equal(item.value.text, text);
    assert.equal(String(item.value), text);
    assert.equal(item.key, key);
    assert.ok(item.updatedAt instanceof Date);
  }
  const { items } = await store.searchPage(place, { raw: true });
  assert.deepEqual(
    items.map(({ value }) => value.text),
    [text, text],
  );
  assert.equal((await store.get(place, "raw")).value.t, 'ä"]}');
  assert.equal(await store.get(place, "none", { raw: true }), null);

  // What was read can be written, and goes into other values as what it stands for.
  const { value } = await store.get(place, "raw", { raw: true });
  await store.put(place, "copy", value);
  assert.ok((await store.call("get", JSON.stringify({ namespace: place, key: "copy" }))).includes(text));
  await store.put(place, "outer", { inner: value });
  assert.equal((await store.get(place, "outer")).value.inner.z, 1);
  assert.equal(value.parse().e, 1e22);
});

test("raw values are JSON objects", () => {
  // The last would else say more than a value.
  for (const text of ["", "1", "[]", "null", "{", '{"a":1}}', '{"a":1},"ttl":5', '{"a":"\ud800"}']) {
    assert.throws(() => new RawJson(text), InvalidRequestError, text);
  }
  assert.throws(() => new RawJson(Buffer.from([0x7b, 0xff, 0x7d])), /UTF-8/);
});

test("bodies and answers as text and as bytes", async (t) => {
  const store = storeFor(t);
  const body = JSON.stringify({ namespace: place, key: "k", value: { t: "ä".repeat(20_000) } });
  assert.equal(await store.call("put", Buffer.from(body)), "null");
  assert.equal(await store.call("put", body), "null");
  const get = JSON.stringify({ namespace: place, key: "k" });
  const answer = await store.call("get", get);
  assert.equal(JSON.parse(answer).value.t.length, 20_000);
  const bytes = await store.call("get", get, { bytes: true });
  assert.ok(Buffer.isBuffer(bytes));
  assert.equal(bytes.toString(), answer);
  const small = await store.call("get", new TextEncoder().encode(get).subarray(0));
  assert.equal(small, answer);
});

test("bodies of any length arrive whole", async (t) => {
  const store = storeFor(t);
  // Around the room that the addon keeps for short bodies.
  for (const length of [16_300, 16_320, 16_330, 16_340, 16_350, 16_384, 20_000, 999_000]) {
    for (const letter of ["x", "ä", "€", "🎉"]) {
      const text = letter.repeat(Math.floor(length / Buffer.byteLength(letter)));
      await store.put(place, "k", { text });
      assert.equal((await store.get(place, "k")).value.text, text, `${length} of ${letter}`);
    }
  }
  for (let length = 16_250; length < 16_400; length++) {
    await store.put(place, "k", { text: "y".repeat(length) });
    assert.equal((await store.get(place, "k")).value.text.length, length);
  }
});

test("what is wrong is named", async (t) => {
  const store = storeFor(t);
  const circular = {};
  circular.self = circular;
  const wrong = [
    [() => store.put([], "k", {}), "invalid_arg", "namespace"],
    [() => store.put(["a.b"], "k", {}), "invalid_arg", "namespace[0]"],
    [() => store.put("users", "k", {}), "invalid_arg", "namespace"],
    [() => store.put([undefined], "k", {}), "invalid_arg", "namespace[0]"],
    [() => store.put(undefined, "k", {}), "invalid_arg", "namespace"],
    [() => store.put(place, undefined, {}), "invalid_arg", "key"],
    [() => store.put(place, 5, {}), "invalid_arg", "key"],
    [() => store.put(place, Symbol("k"), {}), "invalid_arg", "key"],
    [() => store.put(place, "\ud800", {}), "json", "key"],
    [() => store.put(place, "x".repeat(1025), {}), "invalid_arg", "key"],
    [() => store.put(place, "k", undefined), "invalid_arg", "value"],
    [() => store.put(place, "k", () => {}), "invalid_arg", "value"],
    [() => store.put(place, "k", [1]), "invalid_arg", "value"],
    [() => store.put(place, "k", 1), "invalid_arg", "value"],
    [() => store.put(place, "k", { n: 1n }), "invalid_arg", "value"],
    [() => store.put(place, "k", circular), "invalid_arg", "value"],
    [() => store.put(place, "k", { t: "x".repeat(1_000_000) }), "invalid_arg", "value"],
    [() => store.put(place, "k", {}, { ttl: 0 }), "invalid_arg", "ttl"],
    [() => store.put(place, "k", {}, { ttl: Number.NaN }), "invalid_arg", "ttl"],
    [() => store.put(place, "k", {}, { ttl: Number.POSITIVE_INFINITY }), "invalid_arg", "ttl"],
    [() => store.put(place, "k", {}, { tll: 5 }), "invalid_arg", "tll"],
    [() => store.get(place, "k", { refreshTtl: "yes" }), "invalid_arg", "refresh_ttl"],
    [() => store.get(place, "k", { signal: "stop" }), "invalid_arg", "signal"],
    [() => store.get(place, "k", { timeout: 0 }), "invalid_arg", "timeout"],
    [() => store.get(place, "k", { timeout: Number.NaN }), "invalid_arg", "timeout"],
    [() => store.call("got", "{}"), "unsupported", "op"],
    [() => store.call("toString", "{}"), "unsupported", "op"],
    [() => store.call("get", 5), "invalid_arg", "body"],
    [() => store.call("get", new Uint16Array(5)), "invalid_arg", "body"],
    [() => store.call("get", "{"), "json"],
    [() => store.call("get", '{"key":"\ud800"}'), "utf8", "body"],
    [() => store.call("get", Buffer.from([0xff])), "utf8"],
  ];
  for (const [attempt, code, field] of wrong) {
    const error = await rejectsWith(attempt(), code, field);
    assert.ok(error instanceof InvalidRequestError);
    assert.deepEqual([error.retryable, error.mayHaveApplied, error.retryAfter], [false, false, undefined]);
  }
  assert.equal(await store.count([], undefined, null), 0);
});
