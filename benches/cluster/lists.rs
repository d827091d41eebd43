//! Searches and listings: time beside the raw driver's reads, requests sent, memory at its greatest.

use std::sync::Arc;

use lgstore::capi::submit::*;
use serde_json::Value as Json;

use crate::Bench;
use crate::items::{item, put_body, value};
use crate::memory::peak;
use crate::raw::Item;

/// What a search or listing sent and kept.
pub struct Reach {
    pub name: String,
    /// Reads sent to the cluster.
    pub reads: u64,
    /// The most that may be sent; `None` = no promise.
    pub most_reads: Option<u64>,
    /// Bytes of memory above the start, at the greatest.
    pub peak: u64,
    /// The most that is allowed.
    pub most_peak: u64,
    pub seconds: f64,
}

/// Namespaces that a prefix search goes over.
const UNDER_PREFIX: usize = 1_000;
/// Rows that may be in memory at one time, by a page of 5,000 and its read-ahead, at some 1.5 KiB each.
const PAGES_IN_MEMORY: u64 = 2 * 5_000 * 1_536;

pub fn search(bench: &mut Bench) -> Vec<Reach> {
    let one: Vec<Item> =
        (0..1_000).map(|n| Item { prefix: "one.namespace".to_owned(), ..item("one", n) }).collect();
    let many: Vec<Item> =
        (0..UNDER_PREFIX).map(|n| Item { prefix: format!("many.u{n:04}"), ..item("many", n) }).collect();
    for items in [&one, &many] {
        let bodies: Vec<_> = items.iter().map(put_body).collect();
        bench.store.queued(LGSTORE_OP_PUT, &bodies, 64);
    }
    let prefixes: Arc<Vec<String>> = Arc::new(many.into_iter().map(|item| item.prefix).collect());
    let times = 5;
    let within = "{\"namespace_prefix\":[\"one\",\"namespace\"],\"limit\":1000}".to_owned();
    let below = "{\"namespace_prefix\":[\"many\"],\"limit\":1000}".to_owned();
    for round in 0..bench.size.rounds {
        let bodies = vec![within.clone(); times];
        bench.pair(
            "search of one namespace of 1,000",
            times,
            round,
            &mut |store| store.queued(LGSTORE_OP_SEARCH, &bodies, 1),
            &mut |raw| assert_eq!(raw.scan("one.namespace", times), times * 1_000),
        );
        bench.pair(
            "search below a prefix of 1,000 namespaces",
            1,
            round,
            &mut |store| store.queued(LGSTORE_OP_SEARCH, std::slice::from_ref(&below), 1),
            &mut |raw| assert_eq!(raw.scan_all(&prefixes, 32), UNDER_PREFIX),
        );
    }
    let most = Some(UNDER_PREFIX as u64 + 16);
    vec![
        reach(
            bench,
            "search of one namespace of 1,000",
            LGSTORE_OP_SEARCH,
            &within,
            1_000,
            None,
            PAGES_IN_MEMORY,
        ),
        reach(
            bench,
            "search below a prefix of 1,000 namespaces",
            LGSTORE_OP_SEARCH,
            &below,
            1_000,
            most,
            PAGES_IN_MEMORY,
        ),
    ]
}

pub fn list(bench: &mut Bench) -> Vec<Reach> {
    let count = bench.size.namespaces;
    let (begun, step) = (std::time::Instant::now(), 2_000);
    for first in (0..count).step_by(step) {
        let item = |n: usize| Item { prefix: format!("list.u{n:06}"), key: "k".to_owned(), value: value(n) };
        let bodies: Vec<_> = (first..(first + step).min(count)).map(|n| put_body(&item(n))).collect();
        bench.store.queued(LGSTORE_OP_PUT, &bodies, 256);
    }
    eprintln!("{count} namespaces written in {:.0} s", begun.elapsed().as_secs_f64());
    let all = "\"match_conditions\":[{\"match_type\":\"prefix\",\"path\":[\"list\"]}]";
    let page = format!("{{{all},\"limit\":100}}");
    let whole = format!("{{{all},\"limit\":{count}}}");
    let deep = format!("{{{all},\"limit\":10,\"max_depth\":1}}");
    // The answer itself is held, by the cluster backend and by us: some 25 bytes a namespace each.
    let answer = 8 << 20;
    vec![
        reach(
            bench,
            &format!("list_namespaces, 100 of {count}"),
            LGSTORE_OP_LIST_NAMESPACES,
            &page,
            100,
            None,
            answer,
        ),
        reach(
            bench,
            &format!("list_namespaces, all {count}"),
            LGSTORE_OP_LIST_NAMESPACES,
            &whole,
            count,
            None,
            4 * answer,
        ),
        reach(
            bench,
            &format!("list_namespaces, {count} to depth 1"),
            LGSTORE_OP_LIST_NAMESPACES,
            &deep,
            1,
            None,
            answer,
        ),
    ]
}

fn reach(
    bench: &Bench,
    name: &str,
    op: u32,
    body: &str,
    wanted: usize,
    most_reads: Option<u64>,
    most_peak: u64,
) -> Reach {
    let (before, begun) = (reads(bench), std::time::Instant::now());
    let (answer, peak) = peak(|| bench.store.call(op, body));
    let seconds = begun.elapsed().as_secs_f64();
    let reads = reads(bench) - before;
    let answer: Json = serde_json::from_str(&answer).expect("JSON");
    let found = answer["items"].as_array().or(answer["namespaces"].as_array()).map_or(0, Vec::len);
    assert_eq!(found, wanted, "{name}");
    Reach { name: name.to_owned(), reads, most_reads, peak, most_peak, seconds }
}

/// Reads that the store has sent for searches and listings.
fn reads(bench: &Bench) -> u64 {
    let metrics: Json = serde_json::from_str(&bench.store.metrics()).expect("JSON");
    let count =
        |name: &str| metrics["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name}"));
    ["index_pages", "namespace_looks", "scan_pages"].into_iter().map(count).sum()
}
