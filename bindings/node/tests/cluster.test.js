// What only a cluster shows. cql.node.vectors names one, and a keyspace.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { open, UnknownOutcomeError } from "lgstore";
import { LGStore } from "lgstore/langgraph";
import { place } from "./support.js";

const points = process.env.LGSTORE_TEST_CONTACT_POINTS;
const keyspace = process.env.LGSTORE_TEST_KEYSPACE;
const skip = keyspace === undefined && "cql.node.vectors names a keyspace";

async function cluster(t) {
  const config = {
    backend: "cql",
    contact_points: points.split(","),
    keyspace: `${keyspace}_more`,
    request_timeout: 30,
  };
  const hasty = { request_timeout: 0.001, speculative: { max: 0 } };
  const store = await open({ ...config, connect: { deadline: 60 }, profiles: { hasty }, breaker: { enabled: false } });
  t.after(() => store.close());
  await store.deletePrefix(place);
  return store;
}

test("a write whose answer does not come is in doubt, and says so", { skip }, async (t) => {
  const store = await cluster(t);
  await store.put(place, "first", {}); // Registers the namespace.
  const ends = { done: 0, unknown: 0, doubtful: 0, aborted: 0 };
  for (let n = 0; n < 2000 && !(ends.unknown && ends.doubtful && ends.aborted); n++) {
    const abort = new AbortController();
    // Conditional writes take longer than the profile waits, most of the time.
    const options = { signal: abort.signal, profile: "hasty" };
    let settled = false;
    const sent = store
      .putIfAbsent(place, `k${n}`, { n }, options)
      .catch((reason) => reason)
      .finally(() => {
        settled = true;
      });
    // A write that has begun goes on; its caller hears what became of it.
    for (let turns = n % 8; turns > 0; turns--) await setImmediate();
    const aborted = n % 4 > 0 && !settled;
    if (aborted) abort.abort();
    const end = await sent;
    if (aborted && end === abort.signal.reason) {
      ends.aborted++;
      assert.equal(await store.get(place, `k${n}`), null);
    } else if (end instanceof Error && !(end instanceof UnknownOutcomeError)) {
      // A read before the write was late, say.
      assert.equal(end.mayHaveApplied, false, end.stack);
    } else if (end instanceof Error) {
      assert.equal(end.mayHaveApplied, true);
      assert.equal(end.cause, abort.signal.reason);
      ends[aborted ? "doubtful" : "unknown"]++;
    } else {
      ends.done++;
      assert.equal(end.applied, true);
    }
  }
  t.diagnostic(JSON.stringify(ends));
  assert.ok(ends.unknown && ends.doubtful && ends.aborted, JSON.stringify(ends));
});

test("LangGraph's store on a cluster", { skip }, async (t) => {
  const store = new LGStore(await cluster(t));
  const puts = Array.from({ length: 150 }, (_, n) => ({ namespace: place, key: `k${n}`, value: { n } }));
  await store.batch(puts);
  const gets = puts.map(({ key }) => ({ namespace: place, key }));
  assert.deepEqual(
    (await store.batch(gets)).map(({ value }) => value.n),
    [...Array(150).keys()],
  );
  const found = await store.search(place, { filter: { n: { $in: [3, 7] } } });
  assert.deepEqual(found.map(({ value }) => value.n).sort(), [3, 7]);
  assert.ok((await store.listNamespaces({ prefix: place })).some((labels) => labels.join() === place.join()));
});
