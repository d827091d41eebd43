#!/usr/bin/env node
// Writes cases to a store, or reads them back and compares byte for byte: the Node side of tests/roundtrip/README.md.
import { readFileSync } from "node:fs";
import { open, RawJson } from "lgstore";

class Other extends Error {}

async function run([command, config, file, writer, ...rest]) {
  if (!["write", "read"].includes(command) || writer === undefined || rest.length > 0) {
    throw new Error("usage: roundtrip write|read CONFIG CASES WRITER");
  }
  const namespace = ["roundtrip", writer];
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const store = await open(config);
  try {
    for (const line of lines) {
      const { key, value } = JSON.parse(line);
      if (command === "write") await store.put(namespace, key, new RawJson(value));
      else await check(store, namespace, key, value);
    }
    const count = command === "read" ? await store.count(namespace) : lines.length;
    if (count !== lines.length) throw new Other(`${count} items, not ${lines.length}`);
  } finally {
    await store.close();
  }
}

async function check(store, namespace, key, value) {
  const item = await store.get(namespace, key, { raw: true });
  if (item?.value.text !== value) throw new Other(`${JSON.stringify(key)}: ${String(item?.value).slice(0, 200)}`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error(String(error));
  process.exitCode = error instanceof Other ? 1 : 2;
}
