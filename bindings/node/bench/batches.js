// Batches of 100 puts on LangGraph.js's stores.
import { Data } from "./data.js";
import { sidesOf, withStores } from "./stores.js";
import { puts } from "./workloads.js";

export const title = "Batches of 100 puts, beside LangGraph.js's stores";

/** @type {import("./report.js").Pair[]} */
export const pairs = [
  ["lgstore-file", "postgres"],
  ["lgstore-cql", "postgres"],
  ["lgstore-file-normal", "postgres"],
  ["lgstore-memory", "postgres"],
  ["lgstore-memory", "in-memory"],
];

/** @type {import("./report.js").Wanted[]} */
export const wanted = ["lgstore-file", "lgstore-cql"].map((ours) => ({
  workload: "100 puts in one namespace",
  callers: 1,
  ours,
  theirs: "postgres",
  of: "time",
  least: 10,
}));

/** Calls `use` with the rows, and closes everything behind it. */
export function rows(options, use) {
  const data = new Data(options.namespaces);
  return withStores(options, (stores) => {
    const row = (workload, make, callers, calls) => {
      return { workload, callers, calls: Math.ceil(calls), items: 100, sides: sidesOf(stores, make, data) };
    };
    return use([
      row("100 puts in one namespace", puts(100), 1, options.n / 1000),
      row("100 puts in mixed namespaces", puts(100, true), 1, options.n / 1000),
      // As many as the connections that PostgresStore opens.
      row("100 puts in one namespace", puts(100), 10, options.n / 500),
    ]);
  });
}
