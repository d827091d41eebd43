//! Filters change the way to the entries, never the entries.

use std::cell::Cell;

use super::*;
use crate::error::Code;
use crate::store::filter::Filter;

/// Values of the member `m`; each document is written with one of them.
const VALUES: [&str; 22] = [
    "1",
    "1.0",
    "10e-1",
    "1.00000000000000000000000001",
    "true",
    "false",
    "null",
    "0",
    "-0.0",
    "\"1\"",
    "\"a\"",
    "\"\\u0061\"",
    "\"a\\u0000b\"",
    "\"ab\"",
    "\"\"",
    "[1]",
    "{\"a\":1}",
    "12345678901234567890123",
    "1.2345678901234567890123e22",
    "9007199254740993",
    "1e308",
    "0.1",
];

const FILTERS: [&str; 26] = [
    r#"{"m":1}"#,
    r#"{"m":true}"#,
    r#"{"m":false}"#,
    r#"{"m":null}"#,
    r#"{"m":0}"#,
    r#"{"m":"a"}"#,
    r#"{"m":"a\u0000b"}"#,
    r#"{"m":""}"#,
    r#"{"m":[1]}"#,
    r#"{"m":{"a":1}}"#,
    r#"{"m":12345678901234567890123}"#,
    r#"{"m":9007199254740993}"#,
    r#"{"m":9007199254740992}"#,
    r#"{"m":1e308}"#,
    r#"{"m":1.00000000000000000000000001}"#,
    r#"{"m":{"$gt":1}}"#,
    r#"{"m":{"$gte":1,"$lt":2}}"#,
    r#"{"m":{"$lt":0}}"#,
    r#"{"m":{"$lte":0}}"#,
    r#"{"m":{"$gt":"a"}}"#,
    r#"{"m":{"$lte":"a"}}"#,
    r#"{"m":{"$gte":1e308}}"#,
    r#"{"m":{"$gt":9007199254740992}}"#,
    r#"{"m":{"$ne":1},"n":3}"#,
    r#"{"n":{"$lt":3}}"#,
    r#"{"rare":1}"#,
];

struct Row {
    position: (String, String, i64),
    value: String,
    duplicates: bool,
}

fn fill(engine: &FileEngine, items: usize) -> Vec<std::sync::Arc<Row>> {
    let rows: Vec<_> = (0..items)
        .map(|n| {
            let scatter = n * 7_919 % items;
            let m = VALUES[scatter % VALUES.len()];
            let rare = if scatter % 997 == 5 { ",\"rare\":1" } else { "" };
            let duplicates = scatter % 211 == 7;
            let twice = if duplicates { ",\"m\":1" } else { "" };
            std::sync::Arc::new(Row {
                position: (format!("ns\0n{}", scatter % 13), format!("k{n}"), ((n * 31) % items) as i64),
                value: format!("{{\"m\":{m},\"n\":{}{rare}{twice}}}", n % 40),
                duplicates,
            })
        })
        .collect();
    let all = rows.clone();
    write(engine, move |tx| {
        for row in &all {
            let (path, key, time) = &row.position;
            let meta = Meta { created_at: -*time, updated_at: *time, duplicates: row.duplicates, ..meta(0) };
            tx.put(&Address::new(path, key), Record { value: &row.value, meta })?;
        }
        Ok(())
    })
    .unwrap();
    rows
}

/// Positions of the entries that match, checked as the caller of an engine does; pages of `page`.
fn search(view: &mut dyn View, scope: &str, order: Order, filter: &Filter, page: usize) -> Vec<Position> {
    let mut found: Vec<Position> = Vec::new();
    loop {
        let (mut taken, after) = (0, found.last().cloned());
        let scan = Scan { scope, order, after: after.as_ref(), filter: Some(filter), skip: None };
        view.scan(&scan, &mut |entry| {
            let meta = &entry.record.meta;
            if filter.matches(entry.record.value, meta.duplicates) {
                let time_us = match order.by {
                    SortBy::Key => 0,
                    SortBy::UpdatedAt => meta.updated_at,
                    SortBy::CreatedAt => meta.created_at,
                };
                found.push(Position { time_us, path: entry.path.into(), key: entry.key.into() });
                taken += 1;
            }
            if taken == page { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        if taken < page {
            return found;
        }
    }
}

fn check(engine: &FileEngine, rows: &[std::sync::Arc<Row>], page: usize) {
    let mut view = engine.view(true).unwrap().unwrap();
    for text in FILTERS {
        let filter = Filter::parse(text, false).unwrap();
        for order in ORDERS {
            for scope in ["", "ns\0n5"] {
                let mut wanted: Vec<Position> = rows
                    .iter()
                    .filter(|row| crate::store::address::in_scope(scope, &row.position.0))
                    .filter(|row| filter.matches(&row.value, row.duplicates))
                    .map(|row| {
                        let (path, key, time) = row.position.clone();
                        let time_us = match order.by {
                            SortBy::Key => 0,
                            SortBy::UpdatedAt => time,
                            SortBy::CreatedAt => -time,
                        };
                        Position { time_us, path, key }
                    })
                    .collect();
                wanted.sort_by(|a, b| {
                    order.compare((a.time_us, &a.path, &a.key), (b.time_us, &b.path, &b.key))
                });
                assert_eq!(
                    search(&mut view, scope, order, &filter, page),
                    wanted,
                    "{text} {order:?} {scope:?}"
                );
            }
        }
    }
}

#[test]
fn filters_without_indexes_equal_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let rows = fill(&engine, 8_000);
    check(&engine, &rows, usize::MAX);
}

#[test]
fn declared_indexes_change_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for (items, page) in [(8_000, usize::MAX), (3_000, 100)] {
        let _ = std::fs::remove_file(&path);
        let indexes = ["m", "n", "rare"].map(str::to_owned).to_vec();
        let engine = FileEngine::new(&Config { indexes, ..config(&path) });
        engine.open().unwrap();
        let rows = fill(&engine, items);
        check(&engine, &rows, page);
    }
}

/// Rows that a scan passed over and visited until it had `limit`.
fn cost(engine: &FileEngine, filter: &str, order: Order, limit: usize) -> (usize, usize) {
    let mut view = engine.view(true).unwrap().unwrap();
    let filter = Filter::parse(filter, false).unwrap();
    let skipped = Cell::new(0);
    let skip = |_| {
        skipped.set(skipped.get() + 1);
        ControlFlow::Continue(())
    };
    let mut visited = 0;
    let scan = Scan { scope: "", order, after: None, filter: Some(&filter), skip: Some(&skip) };
    view.scan(&scan, &mut |_| {
        visited += 1;
        if visited == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    (skipped.get(), visited)
}

#[test]
fn an_index_is_used_and_its_order_stops_early() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = FileEngine::new(&Config { indexes: vec!["n".into(), "rare".into()], ..config(&path) });
    engine.open().unwrap();
    fill(&engine, 8_000);
    // 200 of 8,000 have this n, and 38 items with two members of one name are looked at too.
    for order in ORDERS {
        let (skipped, visited) = cost(&engine, r#"{"n":5}"#, order, usize::MAX);
        assert_eq!(visited, 200);
        assert!(skipped <= 300, "{order:?}: {skipped}");
        let (skipped, visited) = cost(&engine, r#"{"rare":1}"#, order, usize::MAX);
        assert_eq!(visited, 9);
        assert!(skipped <= 60, "{order:?}: {skipped}");
        if order.by == SortBy::UpdatedAt {
            assert!(cost(&engine, r#"{"n":5}"#, order, 10).0 < 20);
        }
    }
    // Other processes see what is declared, and what SQLite makes of it.
    let shell = rusqlite::Connection::open(&path).unwrap();
    let declared: String =
        shell.query_row("SELECT value FROM meta WHERE name='indexes'", [], |row| row.get(0)).unwrap();
    assert_eq!(declared, r#"["n","rare"]"#);
}

#[test]
fn a_break_of_skip_ends_every_kind_of_scan() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    fill(&engine, 4_000);
    let mut view = engine.view(true).unwrap().unwrap();
    let filter = Filter::parse(r#"{"none":1}"#, false).unwrap();
    for limit in [1, 64, 3_000] {
        for order in ORDERS {
            for scope in ["", "ns\0n5"] {
                let count = Cell::new(0);
                let skip = |_| {
                    count.set(count.get() + 1);
                    if count.get() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                let scan = Scan { scope, order, after: None, filter: Some(&filter), skip: Some(&skip) };
                view.scan(&scan, &mut |_| panic!("nothing matches")).unwrap();
                assert!(count.get() <= limit, "{order:?}");
            }
        }
    }
}

#[test]
fn indexes_follow_the_configuration_and_their_loss_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let declare = |indexes: &[&str]| {
        let indexes = indexes.iter().map(|name| (*name).to_owned()).collect();
        let engine = FileEngine::new(&Config { indexes, ..config(&path) });
        engine.open().map(|()| engine)
    };
    let names = || -> Vec<String> {
        let shell = rusqlite::Connection::open(&path).unwrap();
        let mut query = shell
            .prepare("SELECT name FROM sqlite_schema WHERE name GLOB 'items_member_*' ORDER BY 1")
            .unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<std::result::Result<_, _>>().unwrap()
    };
    fill(&declare(&[]).unwrap(), 2_000);
    let one = declare(&["n", "it's"]).unwrap();
    assert_eq!(names(), ["items_member_it's", "items_member_n"]);
    assert!(cost(&one, r#"{"n":5}"#, Order::KEY, 999).0 < 100);
    let two = declare(&["it's"]).unwrap();
    assert_eq!(names(), ["items_member_it's"]);
    for order in ORDERS {
        assert_eq!(cost(&one, r#"{"n":5}"#, order, 999).1, 50, "the index was dropped under it");
        assert_eq!(cost(&two, r#"{"n":5}"#, order, 999).1, 50);
    }
    // An index of the same name on something else serves as little.
    let shell = rusqlite::Connection::open(&path).unwrap();
    shell.execute_batch("CREATE INDEX items_member_n ON items(json_extract(value,'$.other'))").unwrap();
    for order in ORDERS {
        assert_eq!(cost(&one, r#"{"n":5}"#, order, 999).1, 50);
    }
    for bad in ["", "a\"b", "a\\b", "a\0b"] {
        let error = declare(&["n", bad]).err().unwrap();
        assert_eq!((error.code(), error.field()), (Code::InvalidArg, Some("indexes[1]")), "{bad:?}");
    }
}

#[test]
fn paths_can_be_declared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut config = Config { indexes: vec!["a.b[1]".into(), "c".into()], ..config(&path) };
    config.search.filter_paths = true;
    let engine = FileEngine::new(&config);
    engine.open().unwrap();
    write(&engine, |tx| {
        for n in 0..2_000 {
            let value = format!("{{\"a\":{{\"b\":[0,{n}]}},\"c\":1}}");
            tx.put(&Address::new("x", &n.to_string()), Record { value: &value, meta: meta(n) })?;
        }
        Ok(())
    })
    .unwrap();
    let filter = Filter::parse(r#"{"a.b[1]":77}"#, true).unwrap();
    let mut view = engine.view(true).unwrap().unwrap();
    let skipped = Cell::new(0);
    let skip = |_| {
        skipped.set(skipped.get() + 1);
        ControlFlow::Continue(())
    };
    for order in ORDERS {
        let mut keys = Vec::new();
        let scan = Scan { scope: "x", order, after: None, filter: Some(&filter), skip: Some(&skip) };
        view.scan(&scan, &mut |entry| {
            keys.push(entry.key.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(keys, ["77"]);
    }
    assert!(skipped.get() < 10);
}

#[test]
fn the_merge_with_uncertain_items_never_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = FileEngine::new(&Config { indexes: vec!["n".into()], ..config(&path) });
    engine.open().unwrap();
    let shell = rusqlite::Connection::open(&path).unwrap();
    let members = super::super::members::Member::all(&["n".to_owned()], false).unwrap();
    for filter in [r#"{"n":5}"#, r#"{"n":"x"}"#] {
        let filter = Filter::parse(filter, false).unwrap();
        for descending in [false, true] {
            let candidates = super::super::scan::Candidates::new(&filter, &members).unwrap();
            let plan = super::plans::plan(&shell, &candidates.ordered_text(descending));
            assert!(plan.contains("MERGE") && !plan.contains("TEMP B-TREE"), "{plan}");
            assert!(plan.contains("items_member_n") && plan.contains("items_flags"), "{plan}");
        }
    }
}
