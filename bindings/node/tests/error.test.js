import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ClosedError,
  InvalidRequestError,
  LgstoreError,
  open,
  Store,
  TimeoutError,
  UnavailableError,
  UnknownOutcomeError,
} from "lgstore";
import { panicking, place, rejectsWith, storeFor, stuck } from "./support.js";

test("errors say what happened", async (t) => {
  const store = storeFor(t);
  const error = await rejectsWith(store.put(place, "k", {}, { ttl: 0 }), "invalid_arg", "ttl");
  assert.ok(error instanceof InvalidRequestError && error instanceof LgstoreError && error instanceof Error);
  assert.equal(error.op, "put");
  assert.equal(error.name, "InvalidRequestError");
  assert.match(error.message, /^put: invalid_arg: ttl: /);
  assert.match(error.stack, /error\.test\.js/);
});

test("a failure that time may cure says so", async (t) => {
  const store = storeFor(t, { backend: "fault", fault: { fail_first: 1 } });
  const error = await rejectsWith(store.put(place, "k", {}), "unavailable");
  assert.ok(error instanceof UnavailableError);
  assert.deepEqual([error.retryable, error.mayHaveApplied], [true, false]);
  await store.put(place, "k", {});
  const retried = storeFor(t, { backend: "fault", fault: { fail_first: 2 } });
  await retried.put(place, "k", {}, { maxRetries: 2, retryDelay: 0.001, retryBackoff: 1 });
});

test("rate limits name the time to wait, in seconds", async (t) => {
  const store = storeFor(t, { backend: "embedded", rate_limit: { requests_per_minute: 60, burst: 1 } });
  await store.get(place, "k");
  const error = await rejectsWith(store.get(place, "k"), "rate_limited");
  assert.ok(error.retryAfter > 0 && error.retryAfter <= 1, `${error.retryAfter}`);
});

test("a panic in the library is an error", async (t) => {
  const store = storeFor(t, panicking);
  const error = await rejectsWith(store.put(place, "k", {}), "panic");
  assert.equal(error.constructor, LgstoreError);
});

test("deadlines pass", async (t) => {
  const store = storeFor(t, stuck);
  const error = await rejectsWith(store.put(place, "k", {}, { timeout: 0.01 }), "timeout");
  assert.ok(error instanceof TimeoutError);
  const own = storeFor(t, { ...stuck, timeout: 0.01 });
  await rejectsWith(own.get(place, "k"), "timeout");
});

test("configurations that are wrong name the field", async () => {
  for (const [config, field] of [
    [{ backend: "embedded", durabilty: "full" }, "durabilty"],
    [{ limits: { key_bytes: 0 } }, "limits.key_bytes"],
    ['{"backend":"cql"}', "contact_points"],
    ["memory:?nonsense=1", "nonsense"],
  ]) {
    await rejectsWith(open(config), "invalid_arg", field);
    assert.throws(() => new Store(config), { code: "invalid_arg", field });
  }
  await rejectsWith(open("{"), "json");
  await rejectsWith(open("mem\ud800"), "utf8", "config");
  assert.throws(() => new Store(5), InvalidRequestError);
  assert.throws(() => new Store({ timeout: 1n, backend: { a: 1n } }), InvalidRequestError);
});

test("a file that can't be opened says why", async () => {
  await assert.rejects(open("file:/nonexistent/folder/x.db"), LgstoreError);
  const store = new Store("file:/nonexistent/folder/x.db");
  await assert.rejects(store.get(place, "k"), LgstoreError);
  await store.close();
});

test("a closed store refuses everything", async () => {
  const store = await open("memory:");
  await store.close();
  for (const attempt of [
    () => store.get(place, "k"),
    () => store.put(place, "k", {}),
    () => store.searchPage([]),
    () => store.batch([]),
    () => store.health(),
  ]) {
    assert.ok((await rejectsWith(attempt(), "closed")) instanceof ClosedError);
  }
  assert.throws(() => store.metrics(), ClosedError);
  assert.throws(() => store.prometheus(), ClosedError);
  assert.throws(() => store.resetBreaker(), ClosedError);
  await assert.rejects(store.search([]).next(), ClosedError);
});

test("every class is for its codes", () => {
  for (const type of [ClosedError, InvalidRequestError, TimeoutError, UnavailableError, UnknownOutcomeError]) {
    assert.equal(new type({ code: "closed", message: "" }).name, type.name);
    assert.equal(Object.getPrototypeOf(type), LgstoreError);
  }
});
