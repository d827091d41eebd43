//! How many reads a search costs.

use serde_json::{Value, json};

use crate::place::{Place, Store};

/// What `work` has cost in reads of the index and of items.
fn reads(store: &Store, work: impl FnOnce()) -> u64 {
    let now = || store.counter("index_pages") + store.counter("scan_pages");
    let before = now();
    work();
    now() - before
}

#[test]
fn a_prefix_search_reads_each_namespace_once_and_each_bucket_once() {
    let place = Place::new();
    let store = place.store(json!({}));
    let rows = (0..1_000)
        .flat_map(|n| (0..3).map(move |key| (format!("p.n{n}"), format!("k{key}"), "{\"n\":1}".into())));
    place.insert(rows);
    assert_eq!(store.ask("reindex", json!({})), 1_000);
    let whole = json!({"namespace_prefix": ["p"], "limit": 100_000});
    let mut found = 0;
    let cost = reads(&store, || found = store.search(whole).len());
    assert_eq!(found, 3_000);
    assert!(cost <= 1_016, "{cost} reads");
    let rare = json!({"namespace_prefix": ["p"], "filter": {"n": 2}});
    let cost = reads(&store, || assert!(store.search(rare).is_empty()));
    assert!(cost <= 1_016, "{cost} reads with a filter");
    let newest = json!({"namespace_prefix": ["p"], "order": "updated_at desc", "limit": 5});
    let cost = reads(&store, || assert_eq!(store.search(newest).len(), 5));
    assert!(cost <= 1_016, "{cost} reads by time");
    let few = json!({"namespace_prefix": ["p"], "limit": 10});
    let cost = reads(&store, || assert_eq!(store.search(few).len(), 10));
    assert!(cost <= 16 + 4, "{cost} reads for ten items");
}

/// A namespace that this process has written to, or has read before, is one read.
#[test]
fn a_search_of_one_known_namespace_is_one_read() {
    let place = Place::new();
    let store = place.store(json!({}));
    for key in 0..20 {
        store.put(&["p", "own"], &format!("k{key:02}"), json!({}));
    }
    let body = json!({"namespace_prefix": ["p", "own"]});
    let cost = reads(&store, || assert_eq!(store.search(body.clone()).len(), 10));
    assert_eq!(cost, 1);
    let other = place.store(json!({}));
    let cost = reads(&other, || assert_eq!(other.search(body.clone()).len(), 10));
    assert_eq!(cost, 17);
    let cost = reads(&other, || assert_eq!(other.search(body.clone()).len(), 10));
    assert_eq!(cost, 1);
}

/// `page_size` reaches the cluster, and pages of heavy rows are shorter.
#[test]
fn pages_have_the_size_that_is_asked_for_and_about_a_mebibyte() {
    let place = Place::new();
    let store = place.store(json!({}));
    for key in 0..20 {
        store.put(&["p"], &format!("k{key:02}"), json!({}));
    }
    let pages = |body: Value| {
        let before = store.counter("scan_pages");
        assert_eq!(store.search(body).len(), 20);
        store.counter("scan_pages") - before
    };
    assert_eq!(pages(json!({"namespace_prefix": ["p"], "limit": 20, "page_size": 5})), 4);
    assert_eq!(pages(json!({"namespace_prefix": ["p"], "limit": 20})), 1);
    let heavy = "x".repeat(200_000);
    for key in 0..20 {
        store.put(&["heavy"], &format!("k{key:02}"), json!({"text": heavy}));
    }
    let body = json!({"namespace_prefix": ["heavy"], "limit": 20});
    assert_eq!(pages(body.clone()), 1, "nothing is known of these rows yet");
    assert_eq!(pages(body), 4, "five rows of 200 kB are a mebibyte");
}
