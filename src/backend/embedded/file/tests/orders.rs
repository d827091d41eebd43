use super::*;
use crate::store::address::in_scope;

/// A small generator of numbers, so that failures repeat.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Fills a store, with ties in both times, and returns what it holds as (path, key, created, updated).
fn fill(engine: &FileEngine, items: u64, times: u64) -> Vec<(String, String, i64, i64)> {
    let mut numbers = Numbers(items);
    let mut all = Vec::new();
    for n in 0..items {
        let labels = ["a", "a-b", "ab", "b", "z\u{1f600}"];
        let mut path = labels[numbers.below(5) as usize].to_owned();
        for _ in 0..numbers.below(3) {
            path.push('\0');
            path.push_str(labels[numbers.below(5) as usize]);
        }
        let key = format!("{}-{n}", numbers.below(1000));
        all.push((path, key, numbers.below(times) as i64, numbers.below(times) as i64));
    }
    let rows = all.clone();
    write(engine, move |tx| {
        for (path, key, created_at, updated_at) in &rows {
            let meta = Meta { created_at: *created_at, updated_at: *updated_at, ..meta(0) };
            tx.put(&Address::new(path, key), Record { value: "{\"v\":1}", meta })?;
        }
        Ok(())
    })
    .unwrap();
    all
}

fn expected(all: &[(String, String, i64, i64)], scope: &str, order: Order) -> Vec<Position> {
    let mut wanted: Vec<_> = all
        .iter()
        .filter(|(path, ..)| in_scope(scope, path))
        .map(|(path, key, created, updated)| Position {
            time_us: match order.by {
                SortBy::Key => 0,
                SortBy::CreatedAt => *created,
                SortBy::UpdatedAt => *updated,
            },
            path: path.clone(),
            key: key.clone(),
        })
        .collect();
    wanted.sort_by(|a, b| order.compare((a.time_us, &a.path, &a.key), (b.time_us, &b.path, &b.key)));
    wanted
}

fn check(engine: &FileEngine, all: &[(String, String, i64, i64)], page: usize) {
    let mut view = engine.view(true).unwrap().unwrap();
    for order in ORDERS {
        for scope in ["", "a", "a\0b", "ab", "z\u{1f600}", "none"] {
            let wanted = expected(all, scope, order);
            assert_eq!(positions(&mut view, scope, order, None, usize::MAX), wanted, "{order:?} {scope:?}");
            // The same in pages.
            let mut paged: Vec<Position> = Vec::new();
            loop {
                let next = positions(&mut view, scope, order, paged.last(), page);
                if next.is_empty() {
                    break;
                }
                paged.extend(next);
            }
            assert_eq!(paged, wanted, "in pages: {order:?} {scope:?}");
        }
    }
}

#[test]
fn every_order_scope_and_page_equals_the_model_collected() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let all = fill(&engine, 400, 60);
    check(&engine, &all, 7);
}

#[test]
fn every_order_scope_and_page_equals_the_model_walked() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let all = fill(&engine, 6_000, 2_000);
    check(&engine, &all, 500);
}

#[test]
fn thousands_of_equal_times_are_in_order_of_namespace_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let all = fill(&engine, 5_000, 2);
    check(&engine, &all, 900);
}

#[test]
fn positions_outside_the_scope_bound_it_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let all = fill(&engine, 300, 50);
    let mut view = engine.view(true).unwrap().unwrap();
    for order in ORDERS {
        for scope in ["", "a", "b"] {
            for (path, key) in [("", ""), ("a", "5"), ("a\0zz", ""), ("zzz", "9")] {
                let after = Position { time_us: 25, path: path.into(), key: key.into() };
                let wanted: Vec<_> = expected(&all, scope, order)
                    .into_iter()
                    .filter(|p| order.compare((p.time_us, &p.path, &p.key), (25, path, key)).is_gt())
                    .collect();
                assert_eq!(
                    positions(&mut view, scope, order, Some(&after), 999),
                    wanted,
                    "{order:?} {after:?}"
                );
            }
        }
    }
}

#[test]
fn a_scan_in_the_transaction_sees_its_writes() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    put(&engine, "a", "k", "{}").unwrap();
    write(&engine, |tx| {
        tx.put(&Address::new("a", "l"), Record { value: "{}", meta: meta(5) })?;
        tx.put(&Address::new("fresh", "m"), Record { value: "{}", meta: meta(6) })?;
        tx.delete(&Address::new("a", "k"))?;
        let mut keys = Vec::new();
        let scan = Scan { scope: "", order: Order::KEY, after: None, filter: None, skip: None };
        tx.scan(&scan, &mut |entry| {
            keys.push(entry.key.to_owned());
            ControlFlow::Continue(())
        })?;
        assert_eq!(keys, ["l", "m"]);
        Ok(())
    })
    .unwrap();
}
