import assert from "node:assert/strict";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { test } from "node:test";
import { LgstoreError, Runtime } from "lgstore";
import { accepting, memory, place, rejectsWith, storeFor, threads, until } from "./support.js";

/** What is published on a channel from now on. */
function published(t, name) {
  const events = [];
  const add = (event) => events.push(event);
  channel(name).subscribe(add);
  t.after(() => channel(name).unsubscribe(add));
  return events;
}

const warned = { ...memory, limits: { warn_value_bytes: 1 } };

test("the log is published", async (t) => {
  const events = published(t, "lgstore:log");
  const store = storeFor(t, warned);
  await store.put(place, "large", { text: "x" });
  await until(() => events.length > 0);
  const [event] = events;
  assert.equal(event.level, "warn");
  assert.ok(event.ts instanceof Date && Math.abs(event.ts - Date.now()) < 60_000);
  assert.equal(typeof event.message, "string");
  assert.equal(typeof event.target, "string");
});

test("levels are those that are asked for", async (t) => {
  const events = published(t, "lgstore:log");
  const runtime = new Runtime({ workers: 1, maxBlockingThreads: 1, logLines: 10, logLevel: "off" });
  t.after(() => runtime.close());
  const store = storeFor(t, warned, { runtime });
  await store.put(place, "silent", { text: "x" });
  runtime.setLogLevel("trace");
  await store.put(place, "loud", { text: "x" });
  await until(() => events.some(({ level }) => level === "warn"));
  assert.equal(events.filter(({ level }) => level === "warn").length, 1);
  assert.throws(() => runtime.setLogLevel("loud"), { code: "invalid_arg", field: "logLevel" });
});

test("operations are traced", async (t) => {
  const traced = [];
  const handlers = Object.fromEntries(
    ["start", "end", "asyncStart", "asyncEnd", "error"].map((name) => [
      name,
      (context) => traced.push([name, context.op, context]),
    ]),
  );
  const operations = tracingChannel("lgstore:op");
  operations.subscribe(handlers);
  t.after(() => operations.unsubscribe(handlers));
  for (const config of [memory, accepting]) {
    traced.length = 0;
    const store = storeFor(t, config);
    await store.put(place, "k", {});
    await rejectsWith(store.put([], "k", {}), "invalid_arg");
    const names = traced.map(([name, op]) => `${op} ${name}`);
    const done = ["put start", "put end", "put asyncStart", "put asyncEnd"];
    assert.deepEqual(names, [...done, "put start", "put end", "put error", "put asyncStart", "put asyncEnd"]);
    const [, , first] = traced[3];
    assert.equal(first.op, "put");
    assert.ok(traced.at(-1)[2].error instanceof LgstoreError);
  }
});

test("a runtime has the threads that it was asked for, and ends", async () => {
  const before = threads("lgstore-io");
  const runtime = new Runtime({ workers: 3 });
  await until(() => threads("lgstore-io") === before + 3);
  const store = storeFor({ after() {} }, accepting, { runtime });
  runtime.close();
  runtime.close();
  // A store keeps what it needs of it.
  await store.put(place, "k", {});
  const closed = { code: "closed", message: "closed: the runtime is closed" };
  assert.throws(() => storeFor({ after() {} }, memory, { runtime }), closed);
  assert.throws(() => runtime.setLogLevel("warn"), closed);
  await store.close();
  await until(() => threads("lgstore-io") === before);
  for (const [name, value] of Object.entries({ workers: -1, maxBlockingThreads: 1.5, logLines: 2 ** 32 })) {
    assert.throws(() => new Runtime({ [name]: value }), { code: "invalid_arg", field: name });
  }
});
