// The binding's own store on a cluster beside Cassandra's driver for Node, which reads and writes the same rows.
import { isDeepStrictEqual } from "node:util";
import { open, Runtime } from "lgstore";
import { Data } from "./data.js";
import { clusterConfig } from "./stores.js";

export const title = "On a cluster, beside cassandra-driver with the same table";

/** @type {import("./report.js").Pair[]} */
export const pairs = [
  ["lgstore", "cassandra-driver"],
  ["lgstore", "cassandra-driver, few columns"],
  ["lgstore, two workers", "cassandra-driver"],
];

/** @type {import("./report.js").Wanted[]} */
export const wanted = [
  { workload: "get", callers: 64, ours: "lgstore", theirs: "cassandra-driver", of: "cpu", least: 1.7 },
  { workload: "put", callers: 64, ours: "lgstore", theirs: "cassandra-driver", of: "cpu", least: 1.1 },
];

/** Calls `use` with the rows, and closes everything behind it. */
export async function rows({ n, cluster }, use) {
  const { cassandra } = await import("./peers/cassandra.js");
  const keyspace = "bench_node";
  const data = new Data(10);
  const store = await open(clusterConfig(cluster, keyspace));
  const double = await open(clusterConfig(cluster, keyspace), { runtime: new Runtime({ workers: 2 }) });
  let driver;
  try {
    for (let i = 0; i < data.namespaces; i++) {
      const chosen = data.chosen(i, data.items, false);
      const ops = chosen.map((n) => ({
        op: "put",
        namespace: data.namespace[n],
        key: data.key[n],
        value: data.value[n],
      }));
      for (const { status, reason } of await store.batch(ops)) if (status === "rejected") throw reason;
    }
    driver = await cassandra(cluster, keyspace);
    const gets = {
      lgstore: get(store.get.bind(store), data),
      "lgstore, two workers": get(double.get.bind(double), data),
      "cassandra-driver": get(driver.get, data),
      "cassandra-driver, few columns": get(driver.getFew, data),
    };
    const puts = {
      lgstore: put(store.put.bind(store), data),
      "lgstore, two workers": put(double.put.bind(double), data),
      "cassandra-driver": put(driver.put, data),
    };
    const depths = [
      [1, Math.ceil(n / 10)],
      [64, n],
      [512, n],
    ];
    return await use(
      depths.flatMap(([callers, calls]) => [
        { workload: "get", callers, calls, sides: gets },
        { workload: "put", callers, calls, sides: puts },
      ]),
    );
  } finally {
    await driver?.close();
    await double.close();
    await store.close();
  }
}

function get(read, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return read(data.namespace[n], data.key[n]);
    },
    right(i, item) {
      const n = data.scattered(i);
      return item?.key === data.key[n] && isDeepStrictEqual(item.value, data.value[n]);
    },
  };
}

function put(write, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return write(data.namespace[n], data.key[n], data.value[n]);
    },
    right: (_, answer) => answer === undefined,
  };
}
