import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf } from "./support.js";
import { Backend } from "./vectors/vectors.js";

const embedded = {
  backend: "embedded",
  test_clock: true,
  durability: "normal",
  ttl: { refresh_slack: 0, sweep_interval: null },
};

async function run(t, options) {
  const backend = new Backend(options);
  await backend.run();
  t.diagnostic(`${backend.done} cases, ${backend.leftOut} left out by what they need`);
  assert.deepEqual(backend.failures, []);
  assert.ok(backend.done > 0, "no case was run");
}

const keyspace = process.env.LGSTORE_TEST_KEYSPACE;

// A run with a keyspace is for the cluster: cql.node.vectors.
test("vectors in memory", { skip: keyspace !== undefined }, (t) => run(t, { config: embedded }));

test("vectors on a file", { skip: keyspace !== undefined }, (t) => run(t, { config: embedded, folder: folderOf(t) }));

test("vectors on a cluster", { skip: keyspace === undefined && "cql.node.vectors names a keyspace" }, async (t) => {
  const points = process.env.LGSTORE_TEST_CONTACT_POINTS;
  assert.ok(points, "LGSTORE_TEST_KEYSPACE is set, and LGSTORE_TEST_CONTACT_POINTS is not");
  const config = {
    backend: "cql",
    contact_points: points.split(","),
    keyspace,
    ttl: { refresh_slack: 0 },
    // A busy machine is slow, not broken; and asking twice would not make it faster.
    request_timeout: 30,
    speculative: { max: 0 },
    connect: { deadline: 60 },
  };
  await run(t, { config, cluster: true });
});
