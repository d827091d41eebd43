//! Batches of puts to known keys, one batch in flight: unlogged in one namespace, logged over ten.

use std::sync::Arc;

use lgstore::capi::submit::*;

use crate::Bench;
use crate::items::put_members;
use crate::raw::Item;

/// Operations per batch.
pub const SIZES: [usize; 5] = [5, 10, 25, 50, 100];

/// Small enough for a hundred in one logged batch.
fn item(root: &str, namespaces: usize, n: usize) -> Item {
    Item {
        prefix: format!("{root}.n{}", n % namespaces),
        key: format!("memory-{n}"),
        value: format!("{{\"kind\":\"note\",\"n\":{n},\"text\":\"{}\"}}", "remember this ".repeat(14)),
    }
}

pub fn run(bench: &mut Bench) {
    for round in 0..bench.size.rounds {
        for (logged, namespaces) in [(false, 1), (true, 10)] {
            for size in SIZES {
                one(bench, round, size, logged, namespaces);
            }
        }
    }
}

fn one(bench: &mut Bench, round: usize, size: usize, logged: bool, namespaces: usize) {
    let (atomicity, name) = if logged { ("logged", "logged") } else { ("none", "unlogged") };
    let items = |root: &str| -> Vec<Item> { (0..size).map(|n| item(root, namespaces, n)).collect() };
    let ops: Vec<_> = items(&format!("b{name}"))
        .iter()
        .map(|item| format!("{{\"op\":\"put\",{}}}", put_members(item)))
        .collect();
    let body = format!("{{\"ops\":[{}],\"atomicity\":\"{atomicity}\"}}", ops.join(","));
    // Written once before, so that the keys are known.
    bench.store.call(LGSTORE_OP_BATCH, &body);
    let count = bench.size.batches;
    let bodies = vec![body; count];
    let repeated: Vec<Item> = (0..count).flat_map(|_| items(&format!("raw{name}"))).collect();
    let repeated = Arc::new(repeated);
    bench.pair(
        &format!("batch of {size}, {name}"),
        count,
        round,
        &mut |store| store.queued(LGSTORE_OP_BATCH, &bodies, 1),
        &mut |raw| raw.batches(&repeated, size, logged),
    );
    let name = format!("batch of {size}, {name}");
    bench.across(&name, count, &mut |raw| raw.batches_across(&repeated, size, logged));
}
