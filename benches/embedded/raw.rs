//! The raw engines without lgstore: what a get and a put cost at the least.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::measure::Table;
use crate::{ITEMS, place, scattered, value};

/// The row of `raw engine` that a workload is compared with.
pub fn counterpart(workload: &str) -> Option<String> {
    let engine = workload.split(' ').next().filter(|engine| matches!(*engine, "memory" | "file"))?;
    if workload.contains(" get,") {
        return Some(format!("raw {engine} get"));
    }
    if engine == "file" && workload.contains(" put,") {
        let durability = if workload.contains("full") { "full" } else { "normal" };
        let shape = if workload.contains("batch") { "100 a commit" } else { "1 a commit" };
        return Some(format!("raw file {durability} put, {shape}"));
    }
    None
}

/// Ordered maps per namespace.
pub struct Memory(HashMap<String, BTreeMap<String, String>>);

impl Memory {
    pub fn load() -> Self {
        let mut map: HashMap<String, BTreeMap<String, String>> = HashMap::new();
        for n in 0..ITEMS {
            let (namespace, key) = place(n);
            map.entry(namespace).or_default().insert(key, value(n));
        }
        Self(map)
    }

    pub fn measure(&self, table: &mut Table, reads: usize) {
        let places: Vec<_> = scattered(reads).map(place).collect();
        table.round("raw memory get", reads, || {
            for (namespace, key) in &places {
                black_box(self.0[namespace][key].clone());
            }
        });
    }
}

/// SQLite through rusqlite, with lgstore's tables and settings.
pub struct File {
    connection: Connection,
}

const TABLES: &str = "
    CREATE TABLE items(id INTEGER PRIMARY KEY, namespace_id INTEGER NOT NULL, key TEXT NOT NULL,
        value TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version BLOB,
        expires_at INTEGER, ttl_us INTEGER, flags INTEGER NOT NULL DEFAULT 0);
    CREATE UNIQUE INDEX items_place ON items(namespace_id, key);
    CREATE INDEX items_updated ON items(updated_at);
    CREATE INDEX items_created ON items(created_at);
    CREATE INDEX items_expires ON items(expires_at) WHERE expires_at IS NOT NULL;";

const PUT: &str = "INSERT INTO items(namespace_id, key, value, created_at, updated_at, version)
    VALUES(?1, ?2, ?3, ?4, ?4, ?5) ON CONFLICT(namespace_id, key)
    DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, version = excluded.version";

const GET: &str = "SELECT value, created_at, updated_at, version, expires_at, ttl_us, flags FROM items
    WHERE namespace_id = ?1 AND key = ?2";

impl File {
    pub fn load(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a new file");
        let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=8589934592;";
        connection.execute_batch(pragmas).expect("settings");
        connection.execute_batch(TABLES).expect("tables");
        let file = Self { connection };
        file.puts(&(0..ITEMS).collect::<Vec<_>>(), 1_000);
        file
    }

    fn puts(&self, items: &[usize], per_commit: usize) {
        for group in items.chunks(per_commit) {
            self.connection.execute_batch("BEGIN IMMEDIATE").expect("begin");
            let mut put = self.connection.prepare_cached(PUT).expect("statement");
            for n in group {
                let (_, key) = place(*n);
                put.execute(params![(n / 100) as i64, key, value(*n), *n as i64, [7u8; 16]]).expect("put");
            }
            self.connection.execute_batch("COMMIT").expect("commit");
        }
    }

    pub fn measure(&self, table: &mut Table, reads: usize, writes: usize, durable: usize) {
        let places: Vec<_> = scattered(reads).map(|n| ((n / 100) as i64, place(n).1)).collect();
        table.round("raw file get", reads, || {
            let mut get = self.connection.prepare_cached(GET).expect("statement");
            for (namespace, key) in &places {
                let value: String = get.query_row(params![namespace, key], |row| row.get(0)).expect("row");
                black_box(value);
            }
        });
        for (durability, count) in [("normal", writes), ("full", durable)] {
            self.connection.execute_batch(&format!("PRAGMA synchronous={durability}")).expect("setting");
            let items: Vec<_> = scattered(count).collect();
            for (shape, per_commit) in [("1 a commit", 1), ("100 a commit", 100)] {
                table.round(&format!("raw file {durability} put, {shape}"), count, || {
                    self.puts(&items, per_commit);
                });
            }
        }
    }
}
