//! Memory does not grow with the number of namespaces. Takes a minute: `cargo test --test cql_spaces -- --ignored`.

use serde_json::{Value, json};

use crate::place::Place;

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("statm");
    status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4_096
}

#[test]
#[ignore = "100,000 namespaces take a minute"]
fn a_hundred_thousand_namespaces_are_listed_in_bounded_memory() {
    const NAMESPACES: usize = 100_000;
    let place = Place::new();
    let store = place.store(json!({}));
    place.insert((0..NAMESPACES).map(|n| (format!("big.n{n:06}"), "k".into(), "{\"n\":1}".into())));
    assert_eq!(store.ask("reindex", json!({})), NAMESPACES);
    // Everything that is allocated once is allocated now.
    assert_eq!(store.list(json!({"limit": 2_000})).len(), 2_000);
    let before = resident();
    let (mut seen, mut peak, mut body) = (0, 0, json!({"limit": 2_000}));
    loop {
        let answer = store.ask("list_namespaces", body.clone());
        seen += answer["namespaces"].as_array().map_or(0, Vec::len);
        peak = peak.max(resident());
        match answer.get("cursor") {
            Some(cursor) => body["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert_eq!(seen, NAMESPACES);
    let rare = json!({"namespace_prefix": ["big"], "filter": {"n": 2}});
    assert_eq!(store.ask("search", rare)["items"], Value::Array(Vec::new()));
    peak = peak.max(resident());
    assert_eq!(store.ask("count", json!({"namespace_prefix": ["big"]})), NAMESPACES);
    peak = peak.max(resident());
    let grown = peak.saturating_sub(before) / (1024 * 1024);
    println!(
        "{seen} namespaces listed, searched and counted: {grown} MiB above {} MiB",
        before / (1024 * 1024)
    );
    assert!(grown < 32, "{grown} MiB more for {NAMESPACES} namespaces");
    assert!(peak < 256 * 1024 * 1024, "{peak} bytes in all, the test's own included");
}
