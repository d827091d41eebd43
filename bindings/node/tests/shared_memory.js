// The example of a memory that agents in JavaScript and in Python share. It needs the Python that LGSTORE_TEST_PYTHON
// names, with lgstore and langgraph, so it is a test of its own: node.shared_memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { folderOf } from "./support.js";

const folder = new URL("../examples/shared_memory", import.meta.url).pathname;
const interpreter = process.env.LGSTORE_TEST_PYTHON;

async function run(program, ...args) {
  // The library of each is its package's.
  const { LGSTORE_LIBRARY, PYTHONPATH, ...env } = process.env;
  const { stdout, stderr } = await promisify(execFile)(program, args, { env });
  assert.equal(stderr, "");
  return stdout.trimEnd().split("\n");
}

test("agents in JavaScript and in Python share a memory", async (t) => {
  assert.ok(interpreter, "LGSTORE_TEST_PYTHON is to name a Python with lgstore and langgraph");
  const memory = [`file:${path.join(folderOf(t), "memory.db")}`, "ada"];
  const javascript = (...said) => run(process.execPath, path.join(folder, "agent.mjs"), ...memory, ...said);
  const python = (...said) => run(interpreter, "-W", "error", path.join(folder, "agent.py"), ...memory, ...said);

  const tea = "I like tea (you told the JavaScript agent)";
  const mode = "I prefer dark mode (you told the Python agent)";
  assert.deepEqual(await javascript("Hello!", "I like tea."), ["Tell me about you.", tea, "turns: 2"]);
  assert.deepEqual(await python("What do you know?", "I prefer dark mode."), [tea, `${mode}; ${tea}`, "turns: 4"]);
  const both = await Promise.all([javascript("And now?", "And now?"), python("And now?", "And now?")]);
  for (const said of both) assert.deepEqual(said.slice(0, 2), Array(2).fill(`${mode}; ${tea}`));
  // Who reads last sees the turns of both.
  assert.ok(both.map((said) => said[2]).includes("turns: 8"), both.join());
});
