// LangGraph.js's stores, each opened as its documentation says.
import { join } from "node:path";
import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { LGStore } from "lgstore/langgraph";

/**
 * An open store.
 *
 * @typedef {object} Opened
 * @property {import("@langchain/langgraph-checkpoint").BaseStore} store
 * @property {() => number} [server] seconds of CPU that its server has used; NaN where that is not known
 * @property {"updatedAt" | "createdAt"} [newest] what its searches are ordered by, the newest first
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Opened>} */
async function lgstore(config) {
  const store = new LGStore(config);
  await store.start();
  return { store, newest: "updatedAt", stop: () => store.stop() };
}

/** The configuration of lgstore on a cluster. */
export function clusterConfig(contactPoint, keyspace) {
  return {
    backend: "cql",
    contact_points: [contactPoint],
    keyspace,
    schema: { replication: { factor: 1 } },
    request_timeout: 30,
    speculative: { max: 0 },
    connect: { deadline: 60 },
  };
}

/**
 * Opens all stores, calls `use` with them by their names, and closes them.
 *
 * @param {{ folder: string, cluster?: string, postgres?: string }} where
 * @param {(stores: Record<string, Opened>) => Promise<unknown>} use
 */
export async function withStores({ folder, cluster, postgres: url }, use) {
  const { postgres } = await import("./peers/postgres.js");
  const stores = {};
  try {
    stores["lgstore-memory"] = await lgstore("memory:");
    stores["lgstore-file"] = await lgstore(`file:${join(folder, "full.db")}`);
    stores["lgstore-file-normal"] = await lgstore(`file:${join(folder, "normal.db")}?durability=normal`);
    if (cluster) {
      const opened = await lgstore(clusterConfig(cluster, "bench_node_store"));
      stores["lgstore-cql"] = { ...opened, server: () => Number.NaN };
    }
    stores["in-memory"] = { store: new InMemoryStore(), async stop() {} };
    stores.postgres = await postgres(folder, url);
    return await use(stores);
  } finally {
    for (const { stop } of Object.values(stores)) await stop();
  }
}

/** The sides of a workload on all stores. */
export function sidesOf(stores, make, data) {
  const sides = Object.entries(stores).map(([name, opened]) => [
    name,
    { ...make(opened, data), server: opened.server },
  ]);
  return Object.fromEntries(sides);
}
