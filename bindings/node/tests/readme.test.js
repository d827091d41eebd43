import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { library } from "lgstore";

const here = new URL("..", import.meta.url).pathname;
const read = (name) => readFileSync(`${here}/${name}`, "utf8");

test("the program of README.md prints what README.md says, and is short", async () => {
  const [, program, printed] = /```js\n([^`]*)```\n\n((?: {4}.*\n)+)/.exec(read("README.md"));
  const argv = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: here });
  assert.equal(stdout, printed.replaceAll(/^ {4}/gm, ""));
  assert.ok(program.split("\n").length < 20);
});

test("the package has the version of the library", () => {
  assert.equal(JSON.parse(read("package.json")).version, library.version);
});
