//! Single gets and puts.

use std::sync::Arc;

use lgstore::capi::submit::*;

use crate::Bench;
use crate::raw::Item;

/// Requests in flight.
const DEPTHS: [usize; 3] = [1, 64, 512];
/// Items that gets read and puts overwrite: few enough for all to be written again while their birth is
/// trusted (`created_at_cache`).
const KNOWN: usize = 2_000;

/// Some 512 bytes.
pub fn value(n: usize) -> String {
    let text = "The user prefers short answers in the morning and asked to be reminded of it. ".repeat(6);
    format!("{{\"kind\":\"note\",\"n\":{n},\"text\":\"{}\"}}", &text[..460])
}

/// Item `n` under a root label; 100 items share a namespace.
pub fn item(root: &str, n: usize) -> Item {
    Item { prefix: format!("{root}.u{:04}", n / 100), key: format!("memory-{n}"), value: value(n) }
}

/// The namespace as in a request.
fn namespace(item: &Item) -> String {
    let labels: Vec<_> = item.prefix.split('.').map(|label| format!("\"{label}\"")).collect();
    format!("[{}]", labels.join(","))
}

/// The body of its put, without the braces.
pub fn put_members(item: &Item) -> String {
    format!("\"namespace\":{},\"key\":\"{}\",\"value\":{}", namespace(item), item.key, item.value)
}

pub fn put_body(item: &Item) -> String {
    format!("{{{}}}", put_members(item))
}

fn get_body(item: &Item) -> String {
    format!("{{\"namespace\":{},\"key\":\"{}\"}}", namespace(item), item.key)
}

fn scattered(count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(|n| n.wrapping_mul(7_919) % KNOWN)
}

pub fn run(bench: &mut Bench) {
    let all: Arc<Vec<Item>> = Arc::new((0..KNOWN).map(|n| item("items", n)).collect());
    let bodies: Vec<_> = all.iter().map(put_body).collect();
    bench.store.queued(LGSTORE_OP_PUT, &bodies, 64);
    bench.raw.put(&Arc::new((0..KNOWN).map(|n| item("raw", n)).collect()), 64, true);
    warm_up(bench, &all);
    for round in 0..bench.size.rounds {
        for depth in DEPTHS {
            let count = if depth == 1 { bench.size.requests / 10 } else { bench.size.requests };
            gets(bench, round, depth, count);
            known_puts(bench, round, depth, count);
            new_puts(bench, round, depth, count / 2);
        }
    }
}

/// The cluster's compiler needs some seconds of work before figures mean anything.
fn warm_up(bench: &mut Bench, all: &Arc<Vec<Item>>) {
    let bodies: Vec<_> = all.iter().map(get_body).collect();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::time::Instant::now() < until {
        bench.store.queued(LGSTORE_OP_GET, &bodies, 64);
        bench.raw.get(all, 64);
        bench.raw.put(all, 64, true);
    }
}

fn gets(bench: &mut Bench, round: usize, depth: usize, count: usize) {
    let places: Arc<Vec<_>> = Arc::new(scattered(count).map(|n| item("items", n)).collect());
    let bodies: Vec<_> = places.iter().map(get_body).collect();
    bench.pair(
        &format!("get, {depth} in flight"),
        count,
        round,
        &mut |store| store.queued(LGSTORE_OP_GET, &bodies, depth),
        &mut |raw| raw.get(&places, depth),
    );
    bench.across(&format!("get, {depth} in flight"), count, &mut |raw| raw.get_across(&places, depth));
}

fn known_puts(bench: &mut Bench, round: usize, depth: usize, count: usize) {
    let bodies: Vec<_> = scattered(count).map(|n| put_body(&item("items", n))).collect();
    let items: Arc<Vec<_>> = Arc::new(scattered(count).map(|n| item("raw", n)).collect());
    // Known means: written or read a moment ago.
    let reads: Vec<_> = (0..KNOWN).map(|n| get_body(&item("items", n))).collect();
    bench.store.queued(LGSTORE_OP_GET, &reads, 64);
    bench.pair(
        &format!("put of a known key, {depth} in flight"),
        count,
        round,
        &mut |store| store.queued(LGSTORE_OP_PUT, &bodies, depth),
        &mut |raw| raw.put(&items, depth, false),
    );
    let name = format!("put of a known key, {depth} in flight");
    bench.across(&name, count, &mut |raw| raw.put_across(&items, depth));
}

/// New keys in namespaces that are known; the raw side reads and writes, as a put of a new key must.
fn new_puts(bench: &mut Bench, round: usize, depth: usize, count: usize) {
    let fresh = |root: &str| -> Vec<Item> {
        (0..count)
            .map(|n| Item { key: format!("new-{round}-{depth}-{n}"), ..item(root, n % KNOWN) })
            .collect()
    };
    let bodies: Vec<_> = fresh("items").iter().map(put_body).collect();
    let items = Arc::new(fresh("raw"));
    bench.pair(
        &format!("put of a new key, {depth} in flight"),
        count,
        round,
        &mut |store| store.queued(LGSTORE_OP_PUT, &bodies, depth),
        &mut |raw| raw.put(&items, depth, true),
    );
}
