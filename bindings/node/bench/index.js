// lgstore beside what else there is: README.md.   node bench --help
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measure } from "./measure.js";
import { holds, markdown } from "./report.js";

const usage = `node bench [--only embedded|batches|langgraph|cluster] [--cluster HOST:PORT] [options]

  --only PART          one part; without, all of them that can run
  --cluster HOST:PORT  a node of ScyllaDB or Cassandra: the part "cluster", and lgstore on it in "batches"
  --postgres URL       a PostgreSQL with an empty database; without, Python starts one
  --rounds N           interleaved rounds (5)
  -n N                 operations of a round; those that take long are less in proportion (20000)
  --namespaces N       namespaces of 100 items (200)
  --check              exit with 1 where a wanted figure is missed or an answer of lgstore is wrong`;

const parts = ["embedded", "batches", "langgraph", "cluster"];

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      cluster: { type: "string" },
      postgres: { type: "string" },
      rounds: { type: "string", default: "5" },
      n: { type: "string", short: "n", default: "20000" },
      namespaces: { type: "string", default: "200" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { only, cluster, postgres } = values;
  if (values.help) {
    console.log(usage);
    return;
  }
  const [rounds, n, namespaces] = [values.rounds, values.n, values.namespaces].map(Number);
  if (![rounds, n, namespaces].every((given) => Number.isInteger(given) && given > 0)) throw new Error(usage);
  if (only !== undefined && !parts.includes(only)) throw new Error(usage);
  if (only === "cluster" && !cluster) throw new Error("--only cluster needs --cluster HOST:PORT");

  let well = true;
  for (const name of parts) {
    if (name !== (only ?? name) || (name === "cluster" && !cluster)) continue;
    const part = await import(`./${name}.js`);
    const folder = mkdtempSync(join(tmpdir(), "lgstore-bench-"));
    try {
      const table = await part.rows({ folder, n, namespaces, cluster, postgres }, (rows) => measure(rows, rounds));
      console.log(markdown(part.title, table, part.pairs));
      well = holds(table, part.wanted) && well;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (values.check && !well) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error && error.message === usage ? usage : error);
  process.exitCode = 2;
}
