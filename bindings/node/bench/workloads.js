// What is asked of LangGraph.js's stores, and how the answers have to be. Each gives a side of an opened store.
import { isDeepStrictEqual } from "node:util";
import { scattered } from "./data.js";

const nothing = (_, answer) => answer === undefined;

export function put({ store }, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return store.put(data.namespace[n], data.key[n], data.value[n]);
    },
    right: nothing,
  };
}

export function get({ store }, data) {
  return {
    call(i) {
      const n = data.scattered(i);
      return store.get(data.namespace[n], data.key[n]);
    },
    right: (i, item) => isDeepStrictEqual(item?.value, data.value[data.scattered(i)]),
  };
}

/** What is deleted is put back after each round: so many calls. */
export function remove(calls) {
  return ({ store }, data) => ({
    call(i) {
      const n = data.scattered(i);
      return store.delete(data.namespace[n], data.key[n]);
    },
    right: nothing,
    async after() {
      for (let first = 0; first < calls; first += 100) {
        const chosen = Array.from({ length: Math.min(100, calls - first) }, (_, j) => data.scattered(first + j));
        await store.batch(putsOf(data, chosen));
      }
    },
  });
}

export function puts(size, mixed = false) {
  return ({ store }, data) => ({
    call: (i) => store.batch(putsOf(data, data.chosen(i, size, mixed))),
    // What stands for a put in the answer of a batch is undefined in one store, null in another.
    right: (_, answers) => answers.length === size && answers.every((answer) => answer == null),
  });
}

function putsOf(data, chosen) {
  return chosen.map((n) => ({ namespace: data.namespace[n], key: data.key[n], value: data.value[n] }));
}

/** All items, in order, in batches of 100. */
export function load({ store }, data) {
  return {
    call: (i) =>
      store.batch(
        putsOf(
          data,
          Array.from({ length: 100 }, (_, j) => i * 100 + j),
        ),
      ),
    right: (_, answers) => answers.length === 100,
  };
}

export function gets(size, mixed = false) {
  return ({ store }, data) => ({
    call(i) {
      return store.batch(data.chosen(i, size, mixed).map((n) => ({ namespace: data.namespace[n], key: data.key[n] })));
    },
    right(i, items) {
      const wanted = data.chosen(i, size, mixed).map((n) => data.value[n]);
      return isDeepStrictEqual(
        items.map((item) => item?.value),
        wanted,
      );
    },
  });
}

/** The newest ten of a namespace; with a filter one item of ten matches. */
export function search(filter) {
  return ({ store, newest }, data) => {
    const first = (i) => scattered(i, data.namespaces) * data.items;
    return {
      call: (i) => store.search(data.namespace[first(i)], { filter, limit: 10 }),
      right(i, items) {
        const values = data.value.slice(first(i), first(i) + data.items);
        const count = Math.min(10, values.filter((value) => matches(value, filter)).length);
        const namespace = data.namespace[first(i)];
        const there = items.every((item) => isDeepStrictEqual(item.namespace, namespace));
        return there && found(items, data, filter, count) && ordered(items, newest);
      },
    };
  };
}

/** Ten of all items that match. */
export function searchAll(filter) {
  return ({ store, newest }, data) => ({
    call: () => store.search(["users"], { filter, limit: 10 }),
    right: (_, items) => found(items, data, filter, 10) && ordered(items, newest),
  });
}

function matches(value, filter = {}) {
  return Object.entries(filter).every(([name, wanted]) =>
    typeof wanted === "object" ? value[name] > wanted.$gt : value[name] === wanted,
  );
}

/** So many distinct items, each with the value that belongs to its place, and each a match. */
function found(items, data, filter, count) {
  const places = new Set(items.map(({ namespace, key }) => JSON.stringify([namespace, key])));
  return (
    items.length === count &&
    places.size === count &&
    items.every(({ namespace, key, value }) => {
      const own = isDeepStrictEqual([namespace, key, value], placeOf(data, value.n));
      return own && matches(value, filter);
    })
  );
}

function placeOf(data, n) {
  return [data.namespace[n], data.key[n], data.value[n]];
}

/** The newest first, in stores that promise it. */
function ordered(items, newest) {
  return newest === undefined || items.every((item, i) => i === 0 || items[i - 1][newest] >= item[newest]);
}

export function listNamespaces({ store }, data) {
  const all = new Set(data.namespace.map((namespace) => JSON.stringify(namespace.slice(0, 2))));
  const wanted = [...all].sort().slice(0, 100);
  return {
    call: () => store.listNamespaces({ prefix: ["users"], maxDepth: 2, limit: 100 }),
    right: (_, namespaces) =>
      isDeepStrictEqual(
        namespaces.map((namespace) => JSON.stringify(namespace)),
        wanted,
      ),
  };
}
