//! Dead rows leave the index, and no namespace that holds an acknowledged item does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::place::{Place, Store, until};

/// Rows are removable after 0.2 s of leases, three requests of a second and the skew.
fn store(place: &Place) -> Store {
    place.store(json!({"namespace_lease": 0.02, "request_timeout": 1.0, "max_clock_skew": 0.005}))
}

#[test]
fn a_dead_row_is_removed_when_it_is_old() {
    let place = Place::new();
    let store = store(&place);
    store.put(&["dead"], "k", json!({}));
    store.put(&["live"], "k", json!({}));
    store.delete(&["dead"], "k");
    assert_eq!(store.list(json!({})), ["live"]);
    assert_eq!(place.index(), ["dead", "live"], "too young");
    until("the removal", || {
        assert_eq!(store.list(json!({})), ["live"]);
        store.counter("namespaces_removed") == 1
    });
    assert_eq!(place.index(), ["live"]);
    store.put(&["dead"], "k", json!({}));
    assert_eq!(store.list(json!({})), ["dead", "live"]);
    assert_eq!(place.index(), ["dead", "live"]);
}

/// Two stores, as two processes would: one puts into namespaces whose rows have just become removable,
/// while the other lists and so removes them. Whatever was acknowledged is listed ever after.
#[test]
fn a_put_that_races_with_removal_is_never_lost() {
    const NAMESPACES: usize = 150;
    const ROUNDS: usize = 2;
    let place = Place::new();
    let (writer, lister) = (store(&place), store(&place));
    let names: Vec<String> = (0..NAMESPACES).map(|n| format!("n{n:03}")).collect();
    let all = json!({"limit": NAMESPACES});
    for name in &names {
        writer.put(&["r", name], "k", json!({}));
    }
    let caught = AtomicU64::new(0);
    for round in 0..ROUNDS {
        names.iter().for_each(|name| writer.delete(&["r", name], "k"));
        let deleted = Instant::now();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    lister.list(all.clone());
                }
            });
            let _over = Over(&over);
            // From about when the first rows become removable, spread over some removals.
            while deleted.elapsed() < Duration::from_millis(2_900) {
                std::thread::yield_now();
            }
            for name in &names {
                let before = lister.counter("namespaces_removed");
                writer.put(&["r", name], "k", json!({"round": round}));
                let listed =
                    writer.list(json!({"match_conditions": [{"match_type": "prefix", "path": ["r", name]}]}));
                assert_eq!(listed, [format!("r/{name}")], "acknowledged and not listed");
                if lister.counter("namespaces_removed") != before {
                    caught.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(lister.list(all.clone()).len(), NAMESPACES, "round {round}");
    }
    assert!(lister.counter("namespaces_removed") > 0, "nothing was removed: the race was not run");
    assert!(caught.load(Ordering::Relaxed) > 0, "no put fell together with a removal");
}

/// A put that takes its registration for granted, because it is within the lease, is listed too: the row is
/// too young to be removed, however often the namespace is found dead in between.
#[test]
fn a_put_within_the_lease_is_never_lost() {
    let place = Place::new();
    let (writer, lister) = (store(&place), store(&place));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                lister.list(json!({}));
            }
        });
        let _over = Over(&over);
        for round in 0..80 {
            let name = format!("n{round:03}");
            for _ in 0..3 {
                writer.put(&["r", &name], "k", json!({}));
                writer.delete(&["r", &name], "k");
            }
            writer.put(&["r", &name], "k", json!({}));
            let listed =
                writer.list(json!({"match_conditions": [{"match_type": "prefix", "path": ["r", name]}]}));
            assert_eq!(listed.len(), 1, "{name} was acknowledged and is not listed");
        }
    });
    assert_eq!(lister.list(json!({"limit": 1_000})).len(), 80);
}

/// Ends the lister, also when the writer has failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Many puts into one new namespace at once cost one registration.
#[test]
fn concurrent_registrations_share_one_write() {
    let place = Place::new();
    let store = place.store(json!({}));
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let store = &store;
            scope.spawn(move || store.put(&["shared"], &format!("k{thread}"), json!({})));
        }
    });
    assert_eq!(store.counter("namespaces_registered"), 1);
    assert_eq!(store.ask("count", json!({"namespace_prefix": ["shared"]})), 16);
}
