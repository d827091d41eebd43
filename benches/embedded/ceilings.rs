//! What the embedded store promises to cost at most.
//!
//! Microseconds of CPU are scaled by the raw engine's figure of this run against the one measured when
//! the promise was made, so that a slow or a busy machine does not decide.

use crate::measure::Table;

/// CPU microseconds of a raw get when the promises were made.
const RAW_MEMORY_GET: f64 = 0.72;
const RAW_FILE_GET: f64 = 4.41;

enum Ceiling {
    /// So much CPU beyond the raw engine's get.
    Beyond(f64),
    /// So much CPU for the whole operation.
    Total(f64),
}

use Ceiling::{Beyond, Total};

const CEILINGS: [(&str, Ceiling); 14] = [
    ("memory get, immediate", Beyond(0.7)),
    ("memory get, queue, 64 in flight", Beyond(1.2)),
    ("file get, immediate", Beyond(0.7)),
    ("file get, queue, 64 in flight", Beyond(1.2)),
    ("memory filter over 100,000, no match, by key", Total(80_000.0)),
    ("memory filter over 100,000, no match, by updated_at", Total(80_000.0)),
    ("memory filter over 100,000, 1 in 10, by updated_at", Total(2_000.0)),
    ("memory list_namespaces of 1,000", Total(500.0)),
    ("file filter over 100,000, no match, by key", Total(160_000.0)),
    ("file filter over 100,000, no match, by updated_at", Total(160_000.0)),
    ("file filter over 100,000, 1 in 1,000, by updated_at", Total(160_000.0)),
    ("file filter over 100,000, 1 in 10, by updated_at", Total(2_000.0)),
    ("file with index: filter over 100,000, 1 in 10, by updated_at", Total(1_000.0)),
    ("file list_namespaces of 1,000", Total(500.0)),
];

/// Prints each ceiling beside what was measured; false when one was passed.
pub fn hold(table: &Table) -> bool {
    let mut all = true;
    println!("\n| ceiling | at most, CPU us | measured | |\n|---|---|---|---|");
    for (name, ceiling) in &CEILINGS {
        let engine = if name.starts_with("memory") { "memory" } else { "file" };
        let promised = if engine == "memory" { RAW_MEMORY_GET } else { RAW_FILE_GET };
        let (Some(cost), Some(raw)) = (table.least(name), table.least(&format!("raw {engine} get"))) else {
            continue;
        };
        let scale = raw.cpu_us / promised;
        let (most, measured) = match ceiling {
            Beyond(us) => (us * scale, cost.cpu_us - raw.cpu_us),
            Total(us) => (us * scale, cost.cpu_us),
        };
        let few = !matches!(ceiling, Beyond(_)) || cost.allocations < 4.5;
        let verdict = if measured <= most && few { "holds" } else { "PASSED" };
        all &= measured <= most && few;
        println!("| {name} | {most:.2} | {measured:.2}, {:.1} allocations | {verdict} |", cost.allocations);
    }
    all
}
