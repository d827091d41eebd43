import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { folderOf, memory, storeFor, stuck } from "./support.js";

const examples = [new URL("../examples", import.meta.url), new URL("../../../examples/node", import.meta.url)]
  .map(({ pathname }) => pathname)
  .find((folder) => existsSync(folder));

async function run(name, ...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(examples, name), ...args]);
  return stdout.trimEnd().split("\n");
}

test("quickstart", async (t) => {
  const expected = [
    `theme: dark, since ${new Date().getFullYear()}`,
    "found users/ada/preferences/theme",
    "larger: true",
  ];
  assert.deepEqual(await run("quickstart.mjs", "memory:"), expected);
  assert.deepEqual(await run("quickstart.mjs", `file:${path.join(folderOf(t), "x.db")}`), expected);
});

test("chat", async (t) => {
  const config = `file:${path.join(folderOf(t), "x.db")}`;
  const printed = [
    "ada: Hello! I prefer dark mode.",
    "agent: You told me: I prefer dark mode",
    "ada: I like tea. What do you know of me?",
    "agent: You told me: I like tea; I prefer dark mode",
    "bob: What do you know of me?",
    "agent: Tell me about you.",
  ];
  assert.deepEqual(await run("chat.mjs", config), printed);
  // The next process remembers.
  assert.match((await run("chat.mjs", config))[1], /I like tea/);
});

test("sessions", async (t) => {
  const { application } = await import(path.join(examples, "sessions.mjs"));
  async function serve(store) {
    const server = application(store, { ttl: 100 }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return async (cookie, url = "/", method = "GET") => {
      const headers = cookie ? { cookie } : {};
      const response = await fetch(`http://127.0.0.1:${server.address().port}${url}`, { method, headers });
      const set = response.headers.get("set-cookie")?.split(";")[0];
      return { text: await response.text(), cookie: set ?? cookie, status: response.status };
    };
  }
  const store = storeFor(t, memory);
  const visit = await serve(store);
  const { cookie, text } = await visit();
  assert.equal(text, "visit 1\n");
  assert.equal((await visit(cookie)).text, "visit 2\n");
  assert.equal((await visit()).text, "visit 1\n");
  await store.advance(60);
  assert.equal((await visit(cookie)).text, "visit 3\n");
  await store.advance(60);
  assert.equal((await visit(cookie)).text, "visit 4\n");
  await store.advance(101);
  const expired = await visit(cookie);
  assert.equal(expired.text, "visit 1\n");
  assert.notEqual(expired.cookie, cookie);
  assert.equal((await visit(expired.cookie, "/logout", "POST")).text, "bye\n");
  assert.equal((await visit(expired.cookie)).text, "visit 1\n");
  const forged = `sid=${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`;
  assert.notEqual((await visit(forged)).cookie, forged);

  const late = await serve(storeFor(t, { ...stuck, timeout: 0.01 }));
  assert.equal((await late(cookie)).status, 503);
  assert.ok(readdirSync(examples).length >= 3);
});
