#!/usr/bin/env node
// Does the operations of its input's lines and writes their answers: the Node side of tests/roundtrip/README.md.
import { createInterface } from "node:readline";
import { open, RawJson } from "lgstore";

/** An item of an answer. Dates have milliseconds, which the driver knows. */
const itemOf = (item) =>
  item && {
    namespace: item.namespace,
    key: item.key,
    value: item.value instanceof RawJson ? item.value.text : JSON.stringify(item.value),
    version: item.version,
    created_at: item.createdAt.getTime() * 1000,
    updated_at: item.updatedAt.getTime() * 1000,
    expires_at: item.expiresAt && item.expiresAt.getTime() * 1000,
  };

const outcomeOf = ({ applied, version, current }) => ({ applied, version, current: itemOf(current) });

const expectedOf = ({ expected_value: value, expected_version: version }) =>
  version === undefined ? { value: new RawJson(value) } : { version };

const operations = {
  put: (store, { namespace, key, value, ttl }) => store.put(namespace, key, new RawJson(value), { ttl }),
  get: async (store, { namespace, key }) => itemOf(await store.get(namespace, key, { raw: true })),
  put_if_absent: async (store, { namespace, key, value, ttl }) =>
    outcomeOf(await store.putIfAbsent(namespace, key, new RawJson(value), { ttl })),
  update_if_exists: async (store, { namespace, key, value, ttl }) =>
    outcomeOf(await store.updateIfExists(namespace, key, new RawJson(value), { ttl })),
  compare_and_set: async (store, { namespace, key, value, ttl, ...line }) =>
    outcomeOf(await store.compareAndSet(namespace, key, expectedOf(line), new RawJson(value), { ttl })),
  delete_if_exists: async (store, { namespace, key }) => outcomeOf(await store.deleteIfExists(namespace, key)),
  delete_if_value: async (store, { namespace, key, ...line }) =>
    outcomeOf(await store.deleteIfValue(namespace, key, expectedOf(line))),
  search: async (store, { namespace, filter, order, limit, cursor }) => {
    const query = { filter: filter && JSON.parse(filter), order, limit, cursor };
    const page = await store.searchPage(namespace, query);
    return { items: page.items.map(itemOf), cursor: page.cursor };
  },
  list_namespaces: (store, { namespace, limit, cursor }) =>
    store.listNamespacesPage({ prefix: namespace, limit, cursor }),
};

const store = await open(process.argv[2]);
try {
  for await (const line of createInterface({ input: process.stdin })) {
    const one = JSON.parse(line);
    const answer = await operations[one.op](store, one);
    process.stdout.write(`${JSON.stringify(answer ?? null)}\n`);
  }
} finally {
  await store.close();
}
