// The binding's own store beside SQLite and LMDB, each as somebody would use it in Node.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { open } from "lgstore";
import { Data } from "./data.js";

export const title = "Embedded, beside better-sqlite3 and lmdb";

/** @type {import("./report.js").Pair[]} */
export const pairs = [
  ["lgstore-file", "sqlite-full"],
  ["lgstore-file", "lmdb-flushed"],
  ["lgstore-file-normal", "sqlite-normal"],
  ["lgstore-file-normal", "lmdb"],
  ["lgstore-memory", "sqlite-normal"],
  ["lgstore-memory", "lmdb"],
];

export const wanted = [];

/**
 * A store of items: get answers something with a value.
 *
 * @typedef {object} Engine
 * @property {(namespace: string[], key: string) => unknown} get
 * @property {(namespace: string[], key: string, value: object) => unknown} put
 * @property {(puts: { namespace: string[], key: string, value: object }[]) => unknown} puts all or nothing where it can
 * @property {() => Promise<void>} close
 */

/** @param {string} url @returns {Promise<Engine>} */
async function lgstore(url) {
  const store = await open(url);
  return {
    get: (namespace, key) => store.get(namespace, key),
    put: (namespace, key, value) => store.put(namespace, key, value),
    async puts(puts) {
      const results = await store.batch(puts.map((put) => ({ op: "put", ...put })));
      for (const { status, reason } of results) if (status === "rejected") throw reason;
    },
    close: () => store.close(),
  };
}

async function engines(folder) {
  const { sqlite } = await import("./peers/sqlite.js");
  const { lmdb } = await import("./peers/lmdb.js");
  const at = (name) => {
    mkdirSync(join(folder, name));
    return join(folder, name, "store.db");
  };
  return {
    "lgstore-memory": await lgstore("memory:"),
    "lgstore-file": await lgstore(`file:${at("file")}`),
    "lgstore-file-normal": await lgstore(`file:${at("normal")}?durability=normal`),
    "sqlite-full": sqlite(at("sqlite-full"), "FULL"),
    "sqlite-normal": sqlite(at("sqlite-normal"), "NORMAL"),
    lmdb: lmdb(at("lmdb")),
    "lmdb-flushed": lmdb(at("lmdb-flushed"), { overlappingSync: false }),
  };
}

/** Calls `use` with the rows, and closes everything behind it. */
export async function rows({ folder, n, namespaces }, use) {
  const data = new Data(namespaces);
  const stores = await engines(folder);
  try {
    for (const store of Object.values(stores)) {
      for (let i = 0; i < data.namespaces; i++) await store.puts(puts(data, data.chosen(i, data.items, false)));
    }
    const row = (workload, make, callers, calls, items) => {
      const sides = Object.entries(stores).map(([name, store]) => [name, make(store, data)]);
      return { workload, callers, calls: Math.max(1, Math.ceil(calls)), items, sides: Object.fromEntries(sides) };
    };
    return await use([
      // Each is a transaction by itself.
      row("put", put, 1, n / 20),
      row("put", put, 64, n / 5),
      row("100 puts", batch, 1, n / 200, 100),
      row("100 puts", batch, 64, n / 100, 100),
      row("get", get, 1, n),
      row("get", get, 64, n),
    ]);
  } finally {
    for (const store of Object.values(stores)) await store.close();
  }
}

function puts(data, chosen) {
  return chosen.map((n) => ({ namespace: data.namespace[n], key: data.key[n], value: data.value[n] }));
}

function get(store, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return store.get(data.namespace[n], data.key[n]);
    },
    right: (i, item) => isDeepStrictEqual(item?.value, data.value[data.scattered(i)]),
  };
}

function put(store, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return store.put(data.namespace[n], data.key[n], data.value[n]);
    },
    right: done,
  };
}

function batch(store, data) {
  return { call: (i) => store.puts(puts(data, data.chosen(i, 100, false))), right: done };
}

/** lmdb says by false that it did not write. */
function done(_, answer) {
  return answer !== false;
}
