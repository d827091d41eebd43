import Database from "better-sqlite3";

/**
 * Items in a table of SQLite, in WAL mode: prepared statements, JSON in a column of text, a transaction for a batch.
 *
 * @param {string} file
 * @param {"FULL" | "NORMAL"} synchronous FULL: a write is on the disk when it is answered
 */
export function sqlite(file, synchronous) {
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${synchronous}`);
  db.exec(
    "CREATE TABLE items (namespace TEXT, key TEXT, value TEXT NOT NULL, created_at INTEGER NOT NULL, " +
      "updated_at INTEGER NOT NULL, PRIMARY KEY (namespace, key)) WITHOUT ROWID",
  );
  const select = db.prepare("SELECT value, created_at, updated_at FROM items WHERE namespace = ? AND key = ?");
  const upsert = db.prepare(
    "INSERT INTO items VALUES (?, ?, ?, ?, ?) ON CONFLICT (namespace, key) DO UPDATE " +
      "SET value = excluded.value, updated_at = excluded.updated_at",
  );
  const put = (namespace, key, value) => {
    const now = Date.now();
    upsert.run(namespace.join("."), key, JSON.stringify(value), now, now);
  };
  return {
    get(namespace, key) {
      const row = select.get(namespace.join("."), key);
      if (row === undefined) return null;
      const { value, created_at, updated_at } = row;
      return { value: JSON.parse(value), createdAt: new Date(created_at), updatedAt: new Date(updated_at) };
    },
    put,
    puts: db.transaction((puts) => {
      for (const { namespace, key, value } of puts) put(namespace, key, value);
    }),
    async close() {
      db.close();
    },
  };
}
