import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { endings } from "./endings.js";
import { folderOf } from "./support.js";

const program = new URL("endings.js", import.meta.url).pathname;

/** Runs an ending and gives its exit code or signal. */
function end(name, folder) {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--expose-gc", program, name, folder],
      { timeout: 60_000 },
      (_, out, err) => {
        resolve({ code: child.exitCode, signal: child.signalCode, out, err });
      },
    );
  });
}

for (const name of Object.keys(endings)) {
  test(`a process ends: ${name}`, async (t) => {
    for (let round = 0; round < 2; round++) {
      const { code, signal, out, err } = await end(name, folderOf(t));
      assert.deepEqual([code, signal], [7, null], `${out}${err}`);
    }
  });
}
