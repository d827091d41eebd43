//! The embedded store through the C ABI, beside its raw engines, in one run.
//!
//! `cargo bench --bench embedded` prints CPU, time and allocations per operation and the ratio to the
//! raw engine; `-- --quick` runs a tenth, `-- memory` or `-- file` one engine, `-- --check` fails when a
//! ceiling of docs/performance.md is passed. Rounds of all workloads are interleaved and the least CPU of
//! five counts, because machines are shared; absolute times mean little, ratios of one run do.

#[path = "../common/abi.rs"]
mod abi;
mod ceilings;
mod contention;
#[path = "../common/measure.rs"]
mod measure;
mod raw;

use abi::Store;
use lgstore::capi::submit::*;
use measure::{Counting, Table};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Items in the store: 1,000 namespaces of 100.
const ITEMS: usize = 100_000;

/// Size of the runs.
struct Size {
    reads: usize,
    writes: usize,
    durable: usize,
    rounds: usize,
}

/// The place of item `n`.
pub fn place(n: usize) -> (String, String) {
    (format!("[\"users\",\"u{:04}\",\"memories\"]", n / 100), format!("memory-{:02}", n % 100))
}

/// About 1 KB; one in ten is of kind "note", one in a thousand has "rare":true.
pub fn value(n: usize) -> String {
    let kind = if n % 10 == 3 { "note" } else { "event" };
    let mut text =
        format!("{{\"kind\":\"{kind}\",\"score\":{}.{:03},\"user\":\"u{:04}\",", n % 7, n % 1_000, n / 100);
    for paragraph in 0..8 {
        text.push_str(&format!(
            "\"text_{paragraph}\":\"The user said in conversation {n} that item {paragraph} of the list \
             matters to them, and asked to be reminded of it.\","
        ));
    }
    text.push_str(&format!("\"rare\":{}}}", n % 1_000 == 777));
    text
}

fn put_body(n: usize) -> String {
    let (namespace, key) = place(n);
    format!("{{\"namespace\":{namespace},\"key\":\"{key}\",\"value\":{}}}", value(n))
}

fn get_body(n: usize) -> String {
    let (namespace, key) = place(n);
    format!("{{\"namespace\":{namespace},\"key\":\"{key}\"}}")
}

fn batch_body(first: usize, count: usize) -> String {
    let op = |n: usize| format!("{{\"op\":\"put\",{}", &put_body(n)[1..]);
    let ops: Vec<_> = (first..first + count).map(|n| op(n % ITEMS)).collect();
    format!("{{\"ops\":[{}]}}", ops.join(","))
}

/// A walk through the items that is no order of storage.
fn scattered(count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(|n| n.wrapping_mul(7_919) % ITEMS)
}

fn load(store: &Store) {
    for first in (0..ITEMS).step_by(500) {
        store.call(LGSTORE_OP_BATCH, &batch_body(first, 500));
    }
}

fn reads(table: &mut Table, name: &str, store: &Store, size: &Size) {
    let gets: Vec<_> = scattered(size.reads).map(get_body).collect();
    table.round(&format!("{name} get, immediate"), gets.len(), || {
        for body in &gets {
            assert!(store.immediate(LGSTORE_OP_GET, body) > 1_000);
        }
    });
    for depth in [1, 64, 1_024] {
        let gets = &gets[..if depth == 1 { gets.len() / 10 } else { gets.len() }];
        table.round(&format!("{name} get, callback, {depth} in flight"), gets.len(), || {
            store.callbacks(LGSTORE_OP_GET, gets, depth);
        });
        table.round(&format!("{name} get, queue, {depth} in flight"), gets.len(), || {
            store.queued(LGSTORE_OP_GET, gets, depth);
        });
    }
    let rounds = 5;
    let mut search = |what: &str, op: u32, body: &str, items: usize| {
        let body = body.to_owned();
        table.round(&format!("{name} {what}"), rounds, || {
            for _ in 0..rounds {
                let answer = store.call(op, &body);
                assert_eq!(answer.matches("\"version\"").count(), items, "{what}");
            }
        });
    };
    let ns = "\"namespace_prefix\":[\"users\",\"u0042\",\"memories\"]";
    search("search of one namespace, limit 10", LGSTORE_OP_SEARCH, &format!("{{{ns},\"limit\":10}}"), 10);
    let all = "\"namespace_prefix\":[\"users\"]";
    let rare = "\"filter\":{\"rare\":true}";
    let tenth = "\"filter\":{\"kind\":\"note\"}";
    let none = "\"filter\":{\"absent\":1}";
    for (order, label) in [("key", "by key"), ("updated_at desc", "by updated_at")] {
        let body = |filter: &str| format!("{{{all},{filter},\"order\":\"{order}\",\"limit\":10}}");
        search(&format!("filter over 100,000, 1 in 1,000, {label}"), LGSTORE_OP_SEARCH, &body(rare), 10);
        search(&format!("filter over 100,000, 1 in 10, {label}"), LGSTORE_OP_SEARCH, &body(tenth), 10);
        search(&format!("filter over 100,000, no match, {label}"), LGSTORE_OP_SEARCH, &body(none), 0);
    }
    let list = "{\"match_conditions\":[{\"match_type\":\"prefix\",\"path\":[\"users\"]}],\"limit\":1000}";
    search("list_namespaces of 1,000", LGSTORE_OP_LIST_NAMESPACES, list, 0);
}

fn writes(table: &mut Table, name: &str, store: &Store, puts: usize) {
    let bodies: Vec<_> = scattered(puts).map(put_body).collect();
    for depth in [1, 64, 1_024] {
        let bodies = &bodies[..if depth == 1 { bodies.len() / 4 } else { bodies.len() }];
        table.round(&format!("{name} put, queue, {depth} in flight"), bodies.len(), || {
            store.queued(LGSTORE_OP_PUT, bodies, depth);
        });
    }
    let few = &bodies[..bodies.len() / 4];
    table.round(&format!("{name} put, blocking call"), few.len(), || {
        for body in few {
            store.call(LGSTORE_OP_PUT, body);
        }
    });
    for count in [10, 50, 100] {
        let batches: Vec<_> = (0..puts / 100 + 1).map(|n| batch_body(n * count, count)).collect();
        table.round(&format!("{name} put, batch of {count}"), batches.len() * count, || {
            store.queued(LGSTORE_OP_BATCH, &batches, 1);
        });
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let size = if asked("--quick") {
        Size { reads: 20_000, writes: 5_000, durable: 400, rounds: 2 }
    } else {
        Size { reads: 200_000, writes: 50_000, durable: 2_000, rounds: 5 }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let memory = (!asked("file")).then(MemoryRun::load);
    let file = (!asked("memory")).then(|| FileRun::load(folder.path()));
    let mut table = Table::default();
    for _ in 0..size.rounds {
        if let Some(run) = &memory {
            run.raw.measure(&mut table, size.reads);
            reads(&mut table, "memory", &run.store, &size);
            writes(&mut table, "memory", &run.store, size.writes);
        }
        if let Some(run) = &file {
            run.raw.measure(&mut table, size.reads, size.writes, size.durable);
            reads(&mut table, "file", &run.normal, &size);
            indexed_reads(&mut table, &run.indexed);
            writes(&mut table, "file normal", &run.normal, size.writes);
            writes(&mut table, "file full", &run.full, size.durable);
        }
    }
    table.print(raw::counterpart);
    let mut hold = !asked("--check") || ceilings::hold(&table);
    println!("\n| | | |\n|---|---|---|");
    if let Some(run) = &memory {
        hold &= contention::hold("memory", &run.store) || !asked("--check");
    }
    if let Some(run) = &file {
        hold &= contention::hold("file", &run.normal) || !asked("--check");
    }
    if !hold {
        std::process::exit(1);
    }
}

struct MemoryRun {
    raw: raw::Memory,
    store: Store,
}

impl MemoryRun {
    fn load() -> Self {
        let store = Store::open("{\"backend\":\"embedded\"}");
        load(&store);
        Self { raw: raw::Memory::load(), store }
    }
}

struct FileRun {
    raw: raw::File,
    normal: Store,
    indexed: Store,
    full: Store,
}

impl FileRun {
    fn load(folder: &std::path::Path) -> Self {
        let open = |name: &str, extra: &str| {
            let path = folder.join(name);
            Store::open(&format!("{{\"backend\":\"embedded\",\"path\":\"{}\"{extra}}}", path.display()))
        };
        let normal = open("normal.db", ",\"durability\":\"normal\"");
        let indexed = open("indexed.db", ",\"durability\":\"normal\",\"indexes\":[\"kind\"]");
        let full = open("full.db", "");
        for store in [&normal, &indexed, &full] {
            load(store);
        }
        Self { raw: raw::File::load(&folder.join("raw.db")), normal, indexed, full }
    }
}

fn indexed_reads(table: &mut Table, store: &Store) {
    let body =
        "{\"namespace_prefix\":[\"users\"],\"filter\":{\"kind\":\"note\"},\"order\":\"updated_at desc\"}";
    table.round("file with index: filter over 100,000, 1 in 10, by updated_at", 5, || {
        for _ in 0..5 {
            assert_eq!(store.call(LGSTORE_OP_SEARCH, body).matches("\"version\"").count(), 10);
        }
    });
}
