// The workloads of agents on LangGraph.js's stores.
import { Data } from "./data.js";
import { measure } from "./measure.js";
import { sidesOf, withStores } from "./stores.js";
import { get, gets, listNamespaces, load, put, puts, remove, search, searchAll } from "./workloads.js";

export const title = "LangGraph.js's stores";

/** @type {import("./report.js").Pair[]} */
export const pairs = [
  ["lgstore-file", "postgres"],
  ["lgstore-file-normal", "postgres"],
  ["lgstore-cql", "postgres"],
  ["lgstore-memory", "postgres"],
  ["lgstore-memory", "in-memory"],
];

export const wanted = [];

/** Workload, side, operations of a call, and pairs of callers and calls where a round has 20,000 operations. */
function workloads(scaled) {
  const both = [
    [1, 500],
    [64, 3_000],
  ];
  return [
    ["W1 put", put, 1, both],
    ["W2 get", get, 1, both],
    ["W3 batch of 10 puts", puts(10), 10, [[1, 50]]],
    ["W3 batch of 100 puts", puts(100), 100, [[1, 10]]],
    ["W3m batch of 100 puts, mixed namespaces", puts(100, true), 100, [[1, 10]]],
    ["W4 batch of 100 gets", gets(100), 100, [[1, 50]]],
    ["W4m batch of 100 gets, mixed namespaces", gets(100, true), 100, [[1, 50]]],
    [
      "W5 search of a namespace, newest ten",
      search(),
      1,
      [
        [1, 200],
        [64, 400],
      ],
    ],
    ["W5f the same with a filter", search({ kind: "task" }), 1, [[1, 200]]],
    ["W6 search of all, one of ten", searchAll({ kind: "task" }), 1, [[1, 20]]],
    ["W7 search of all, above 0.9", searchAll({ score: { $gt: 0.9 } }), 1, [[1, 20]]],
    ["W8 list namespaces", listNamespaces, 1, [[1, 20]]],
    ["W11 delete", remove(scaled(500)), 1, [[1, 500]]],
  ];
}

/** Loads all items, which is the first row, and calls `use` with the others. */
export function rows(options, use) {
  const data = new Data(options.namespaces);
  const scaled = (calls) => Math.max(1, Math.ceil((calls * options.n) / 20_000));
  return withStores(options, async (stores) => {
    const sides = (make) => sidesOf(stores, make, data);
    const loading = { workload: "W10 load", callers: 4, calls: data.size / 100, items: 100, sides: sides(load) };
    const loaded = await measure([loading], 1);
    const others = workloads(scaled).flatMap(([workload, make, items, runs]) =>
      runs.map(([callers, calls]) => ({ workload, callers, calls: scaled(calls), items, sides: sides(make) })),
    );
    return [...loaded, ...(await use(others))];
  });
}
