import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const operations = Number(process.env.LGSTORE_OPERATIONS ?? 0);
const program = new URL("flat.js", import.meta.url).pathname;

// A slope over few operations says nothing; the test command gives 500,000, the preset soak 10 million.
test("operations of all ways leave less than a byte each behind", { skip: operations === 0 }, async (t) => {
  const env = {
    ...process.env,
    // C's allocator keeps memory back for its threads, which fills slowly and looks like a leak.
    GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0",
  };
  // V8's young generation at its size from the start, and no heap that grows as long as it may.
  const flags = ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16", "--single-threaded-gc"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, String(operations)], { env });
  const least = JSON.parse(stdout);
  const slope = (least[9] - least[2]) / (operations * 0.7);
  t.diagnostic(`${operations} operations, ${slope.toFixed(3)} bytes more each: ${least}`);
  assert.ok(slope < 1, `each operation leaves ${slope} bytes: ${least}`);
});
