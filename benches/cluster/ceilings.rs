//! What the store promises to cost at most beside the raw driver.

use crate::Bench;
use crate::batches::SIZES;
use crate::lists::Reach;

/// CPU microseconds of a raw get and put at 64 in flight when the promises were made; a slower machine has
/// its ceiling scaled.
const RAW_CPU_US: f64 = 7.25;
/// CPU beyond the raw driver's.
const MORE_CPU_US: f64 = 2.0;
const THROUGHPUT: f64 = 0.9;
const BATCH_TIME: f64 = 1.15;

/// Prints each ceiling beside what was measured; false when one was passed.
pub fn hold(bench: &Bench) -> bool {
    println!("\n| ceiling | at most | measured | |\n|---|---|---|---|");
    let mut all = true;
    let mut row = |name: String, most: f64, measured: f64, unit: &str| {
        let verdict = if measured <= most { "holds" } else { "PASSED" };
        all &= measured <= most;
        println!("| {name} | {most:.2} {unit} | {measured:.2} {unit} | {verdict} |");
    };
    for operation in ["get", "put of a known key"] {
        let name = format!("{operation}, 64 in flight");
        let (own, raw) =
            (bench.table.least(&format!("{name}, lgstore")), bench.table.least(&format!("{name}, raw")));
        if let (Some(own), Some(raw)) = (own, raw) {
            let most = MORE_CPU_US * raw.cpu_us / RAW_CPU_US;
            row(format!("{name}: CPU beyond the raw driver's"), most, own.cpu_us - raw.cpu_us, "us");
        }
        for depth in [64, 512] {
            let name = format!("{operation}, {depth} in flight");
            let slowness = bench.slowness(&name, "raw");
            if slowness.is_finite() {
                row(format!("{name}: time by the raw driver's"), 1.0 / THROUGHPUT, slowness, "x");
            }
        }
    }
    for kind in ["unlogged", "logged"] {
        for size in SIZES {
            let name = format!("batch of {size}, {kind}");
            let slowness = bench.slowness(&name, "raw");
            if slowness.is_finite() {
                row(format!("{name}: time by the raw driver's"), BATCH_TIME, slowness, "x");
            }
        }
    }
    all
}

/// The same for searches and listings.
pub fn lists_hold(lists: &[Reach]) -> bool {
    if lists.is_empty() {
        return true;
    }
    println!(
        "\n| | seconds | reads sent | at most | peak memory, MiB | at most | |\n|---|---|---|---|---|---|---|"
    );
    let mut all = true;
    for reach in lists {
        let holds = reach.most_reads.is_none_or(|most| reach.reads <= most) && reach.peak <= reach.most_peak;
        all &= holds;
        let most = reach.most_reads.map_or_else(String::new, |most| most.to_string());
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        println!(
            "| {} | {:.2} | {} | {most} | {:.1} | {:.1} | {} |",
            reach.name,
            reach.seconds,
            reach.reads,
            mib(reach.peak),
            mib(reach.most_peak),
            if holds { "holds" } else { "PASSED" }
        );
    }
    all
}
