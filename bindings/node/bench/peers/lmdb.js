import { open } from "lmdb";

/**
 * Items in LMDB, as lmdb's documentation has it: values in its own encoding (MessagePack), keys that are arrays, reads
 * at once, writes that are promises and share transactions.
 *
 * @param {string} path
 * @param {{ overlappingSync?: boolean }} [options] without overlappingSync a write is on the disk when it is answered;
 *   by default it is committed, and flushed soon after
 */
export function lmdb(path, options = {}) {
  const db = open({ path, ...options });
  const put = (namespace, key, value) => db.put([...namespace, key], { value, updatedAt: Date.now() });
  return {
    get: (namespace, key) => db.get([...namespace, key]) ?? null,
    put,
    puts: (puts) =>
      db.batch(() => {
        for (const { namespace, key, value } of puts) put(namespace, key, value);
      }),
    close: () => db.close(),
  };
}
