import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const operations = Number(process.env.LGSTORE_OPERATIONS ?? 0);
const program = new URL("flat.js", import.meta.url).pathname;

// A slope over few operations says nothing; the test command gives a million, the preset soak 10 million.
test("operations of all ways leave less than a byte each behind", { skip: operations === 0 }, async (t) => {
  const env = {
    ...process.env,
    // C's allocator keeps memory back for its threads, which fills slowly and looks like a leak.
    GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0",
  };
  // V8's young generation at its size from the start; no threads of V8, and no compiler, which take memory as they like.
  const semiSpace = ["--min-semi-space-size=16", "--max-semi-space-size=16"];
  const flags = ["--expose-gc", ...semiSpace, "--single-threaded", "--no-opt"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, String(operations)], { env });
  for (const [where, least] of Object.entries(JSON.parse(stdout))) {
    // A page that is in use for a moment is no growth: the least of three tenths at each end.
    const slope = (Math.min(...least.slice(7)) - Math.min(...least.slice(2, 5))) / (operations * 0.5);
    t.diagnostic(`${operations} operations, ${slope.toFixed(3)} bytes more each in the ${where}: ${least}`);
    assert.ok(slope < 1, `each operation leaves ${slope} bytes in the ${where}: ${least}`);
  }
});
