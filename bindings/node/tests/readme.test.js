import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { library } from "lgstore";

const here = new URL("..", import.meta.url).pathname;
const read = (name) => readFileSync(`${here}/${name}`, "utf8");

async function printedBy(program) {
  const argv = ["--input-type=module", "--eval", program];
  return (await promisify(execFile)(process.execPath, argv, { cwd: here })).stdout;
}

test("the program of README.md prints what README.md says, and is short", async () => {
  const [, program, printed] = /```js\n([^`]*)```\n\n((?: {4}.*\n)+)/.exec(read("README.md"));
  assert.equal(await printedBy(program), printed.replaceAll(/^ {4}/gm, ""));
  assert.ok(program.split("\n").length < 20);
});

test("the pieces of docs/node.md are one program, which prints what stands beside it", async () => {
  const page = readFileSync(`${process.env.LGSTORE_SOURCE_DIR ?? `${here}/../..`}/docs/node.md`, "utf8");
  const program = Array.from(page.matchAll(/^```js\n(.*?)^```$/gms), ([, piece]) => piece).join("\n");
  const said = Array.from(program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm), ([, text]) => `${text}\n`);
  assert.equal(said.length, program.split("console.log(").length - 1);
  assert.equal(await printedBy(program), said.join(""));
});

test("the package has the version of the library", () => {
  assert.equal(JSON.parse(read("package.json")).version, library.version);
});
