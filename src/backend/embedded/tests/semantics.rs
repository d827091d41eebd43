//! What each operation promises.

use serde_json::{Value as Json, json};

use super::harness::*;
use crate::backend::embedded::memory::Memory;
use crate::store::item::{Entry, Meta, Record, push_item};
use crate::store::operation::*;
use crate::store::order::{Order, Position, SortBy};

fn store() -> Harness<Memory> {
    Harness::new(Memory::new())
}

const UPDATED_DESC: Order = Order { by: SortBy::UpdatedAt, descending: true };

#[test]
fn created_at_survives_overwrites_and_starts_anew_after_delete() {
    let mut store = store();
    store.put("a", "k", r#"{"n":1}"#);
    let first = store.get("a", "k");
    assert_eq!(first["value"], json!({"n":1}));
    assert_eq!(first["created_at"], first["updated_at"]);
    assert_eq!(first["created_at"], "2023-11-14T22:13:20.000000Z");
    store.now += SECOND;
    store.put("a", "k", r#"{"n":2}"#);
    let second = store.get("a", "k");
    assert_eq!(second["created_at"], first["created_at"]);
    assert_eq!(second["updated_at"], "2023-11-14T22:13:21.000000Z");
    assert_ne!(second["version"], first["version"]);
    assert_eq!(store.write(delete("a", "k")), Json::Null);
    assert_eq!(store.get("a", "k"), Json::Null);
    store.put("a", "k", r#"{"n":3}"#);
    let third = store.get("a", "k");
    assert_eq!(third["created_at"], third["updated_at"]);
    assert!(third["created_at"].as_str() > first["created_at"].as_str());
}

#[test]
fn updated_at_increases_within_one_microsecond() {
    let store = store();
    let times: Vec<String> = (0..5)
        .map(|_| {
            store.put("a", "k", "{}");
            store.get("a", "k")["updated_at"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(times.is_sorted() && times.windows(2).all(|pair| pair[0] != pair[1]), "{times:?}");
}

#[test]
fn an_expired_item_is_absent_everywhere() {
    let mut store = store();
    store.write(put("a", "k", "{}", Some(SECOND)));
    store.now += SECOND - 1;
    assert_eq!(store.get("a", "k")["expires_at"], "2023-11-14T22:13:21.000000Z");
    assert_eq!(namespaces(&store.read(Operation::ListNamespaces(Box::new(list(vec![], None, 9))))), ["a"]);
    store.now += 1;
    assert_eq!(store.get("a", "k"), Json::Null);
    assert_eq!(store.read(Operation::Count(Box::new(scope("")))), json!(0));
    assert!(keys(&store.read(Operation::Search(Box::new(search("", Order::KEY, 0, 9))))).is_empty());
    let listed = store.read(Operation::ListNamespaces(Box::new(list(vec![], None, 9))));
    assert!(namespaces(&listed).is_empty());
    let exists = conditional(Condition::Exists, Some("{}"));
    assert_eq!(store.write(exists), json!({"applied":false,"current":null}));
    store.write(put("a", "k", "{}", None));
    let item = store.get("a", "k");
    assert_eq!(item["created_at"], item["updated_at"], "created anew");
    assert_eq!(item.get("expires_at"), None, "overwriting sets the TTL anew");
    assert_eq!(store.sweep(), 0);
}

#[test]
fn an_expiry_counts_from_the_clock_although_times_of_writes_have_run_ahead() {
    let mut store = store();
    store.now += 3_600 * SECOND;
    store.put("a", "written by a clock that was wrong", "{}");
    store.now -= 3_600 * SECOND;
    store.write(put("a", "lease", "{}", Some(SECOND)));
    assert!(store.get("a", "lease")["updated_at"].as_str() > Some("2023-11-14T23:13:20"));
    assert_eq!(store.get("a", "lease")["expires_at"], "2023-11-14T22:13:21.000000Z");
    store.now += SECOND;
    assert_eq!(store.get("a", "lease"), Json::Null);
}

#[test]
fn times_that_nobody_sane_wrote_are_no_reason_to_panic() {
    for (expires_at, ttl_us) in [(i64::MAX, i64::MIN), (i64::MAX, -1), (i64::MAX, i64::MAX), (i64::MIN, 1)] {
        for now in [0, -1, START, i64::MIN] {
            let meta = Meta {
                created_at: i64::MIN,
                updated_at: i64::MAX,
                version: [0; 16],
                expires_at: Some(expires_at),
                ttl_us: Some(ttl_us),
                duplicates: false,
            };
            meta.is_refresh_due(now, 0.5);
            let record = Record { value: "{}", meta };
            push_item(&mut String::new(), &Entry { path: "a", key: "k", record });
        }
    }
}

#[test]
fn sweep_removes_exactly_what_has_expired() {
    let mut store = store();
    for (key, ttl) in [("a", Some(SECOND)), ("b", Some(2 * SECOND)), ("c", None), ("d", Some(SECOND))] {
        store.write(put("n", key, "{}", ttl));
    }
    store.now += SECOND + 10;
    assert_eq!(store.sweep(), 2);
    assert_eq!(store.sweep(), 0);
    assert_eq!(store.read(Operation::Count(Box::new(scope("n")))), json!(2));
}

fn conditional(condition: Condition, write: Option<&str>) -> Operation {
    let write = write.map(|text| (value(text), None));
    let kind = Kind::CompareAndSet;
    Operation::Conditional(Box::new(Conditional { kind, condition, address: address("a", "k"), write }))
}

#[test]
fn conditions() {
    let mut store = store();
    let absent = || conditional(Condition::Absent, Some(r#"{"n":1}"#));
    let answer = store.write(absent());
    let item = store.get("a", "k");
    assert_eq!(answer, json!({"applied":true,"version":item["version"]}));
    assert_eq!(store.write(absent()), json!({"applied":false,"current":item}));
    store.now += SECOND;
    let wrong = conditional(Condition::Value(value(r#"{"n":7}"#)), Some(r#"{"n":2}"#));
    assert_eq!(store.write(wrong), json!({"applied":false,"current":item}));
    let right = conditional(Condition::Value(value(r#"{"n":1}"#)), Some(r#"{"n":2}"#));
    assert_eq!(store.write(right)["applied"], true);
    let changed = store.get("a", "k");
    assert_eq!(changed["created_at"], item["created_at"]);
    let version = |item: &Json| *uuid::Uuid::parse_str(item["version"].as_str().unwrap()).unwrap().as_bytes();
    let old = conditional(Condition::Version(version(&item)), None);
    assert_eq!(store.write(old)["applied"], false);
    assert_eq!(
        store.write(conditional(Condition::Version(version(&changed)), None)),
        json!({"applied":true})
    );
    assert_eq!(store.write(conditional(Condition::Exists, None)), json!({"applied":false,"current":null}));
}

#[test]
fn search_is_by_labels_and_pages_by_cursor() {
    let store = store();
    for (namespace, key) in [("a", "2"), ("a", "1"), ("a/b", "3"), ("ab", "4"), ("b", "5"), ("a b", "6")] {
        store.put(namespace, key, "{}");
    }
    let found = |prefix: &str, order, offset, limit| {
        keys(&store.read(Operation::Search(Box::new(search(prefix, order, offset, limit)))))
    };
    assert_eq!(found("a", Order::KEY, 0, 10), ["1", "2", "3"]);
    assert_eq!(found("", Order::KEY, 1, 4), ["2", "3", "6", "4"]);
    assert_eq!(found("a", Order { descending: true, ..Order::KEY }, 0, 10), ["3", "2", "1"]);
    assert_eq!(found("", UPDATED_DESC, 0, 2), ["6", "5"]);
    assert_eq!(found("a", UPDATED_DESC, 1, 10), ["1", "2"]);
    let mut first = search("a", Order::KEY, 0, 2);
    let page = store.read(Operation::Search(Box::new(first.clone())));
    assert!(page["cursor"].is_string());
    first.after = Some(Position { time_us: 0, path: "a".into(), key: "2".into() });
    let page = store.read(Operation::Search(Box::new(first.clone())));
    assert_eq!(keys(&page), ["3"]);
    assert_eq!(page.get("cursor"), None);
    let full = store.read(Operation::Search(Box::new(search("a", Order::KEY, 0, 3))));
    assert!(full["cursor"].is_string(), "a full page always has one");
    let none = store.read(Operation::Search(Box::new(search("", Order::KEY, 0, 0))));
    assert_eq!(none, json!({"items":[]}));
}

#[test]
fn a_search_stops_at_its_budget() {
    let store = store();
    for key in 0..100 {
        store.put("n", &format!("{key:03}"), "{}");
    }
    let within = |limit, order, budget| {
        let operation = Operation::Search(Box::new(search("n", order, 0, limit)));
        store.read_within(&operation, Some(budget)).0.is_ok()
    };
    assert!(within(64, Order::KEY, 64));
    assert!(!within(65, Order::KEY, 64));
    assert!(!within(1, UPDATED_DESC, 99));
    assert!(within(1, UPDATED_DESC, 100));
}

#[test]
fn listing() {
    let store = store();
    for namespace in ["a", "a/b", "a/b/c", "a/d/c", "ab", "e/b/c"] {
        store.put(namespace, "k", "{}");
    }
    for many in 0..50 {
        store.put(&format!("a/d/{many}"), "k", "{}");
    }
    let names = |body: ListNamespaces| namespaces(&store.read(Operation::ListNamespaces(Box::new(body))));
    let condition = |suffix: bool, path: &[&str]| MatchCondition {
        suffix,
        path: path.iter().map(|label| (*label != "*").then(|| Box::from(*label))).collect(),
    };
    assert_eq!(names(list(vec![], Some(1), 10)), ["a", "ab", "e"]);
    assert_eq!(names(list(vec![], Some(2), 10)), ["a", "a/b", "a/d", "ab", "e/b"]);
    assert_eq!(names(list(vec![condition(true, &["c"])], None, 10)), ["a/b/c", "a/d/c", "e/b/c"]);
    assert_eq!(names(list(vec![condition(true, &["c"])], Some(1), 10)), ["a", "e"]);
    assert_eq!(names(list(vec![condition(false, &["*", "b"])], None, 10)), ["a/b", "a/b/c", "e/b/c"]);
    let both = vec![condition(false, &["a"]), condition(true, &["b"])];
    assert_eq!(names(list(both, None, 10)), ["a/b"]);
    assert!(names(list(vec![], None, 0)).is_empty());
    let mut page = list(vec![], Some(2), 2);
    let answer = store.read(Operation::ListNamespaces(Box::new(page.clone())));
    assert!(answer["cursor"].is_string());
    page.after = Some("a\0b".into());
    assert_eq!(names(page.clone()), ["a/d", "ab"]);
    page.after = Some("a".into());
    assert_eq!(names(page.clone()), ["a/b", "a/d"]);
    page.offset = 1;
    page.after = None;
    assert_eq!(names(page), ["a/b", "a/d"]);
    let all = store.read(Operation::ListNamespaces(Box::new(list(vec![], Some(2), 6))));
    assert_eq!(all.get("cursor"), None);
}

#[test]
fn batches() {
    let store = store();
    store.put("a", "k", r#"{"n":0}"#);
    let operations = || {
        vec![
            get("a", "k", false),
            put("a", "k", r#"{"n":1}"#, None),
            get("a", "k", false),
            put("a", "k", r#"{"n":2}"#, None),
            delete("a", "x"),
            Operation::Count(Box::new(scope(""))),
        ]
    };
    let batch = |mode| Batch { operations: operations(), mode, logged: false };
    let values = |answer: &Json| {
        let results = answer["results"].as_array().unwrap();
        results.iter().map(|r| r["result"]["value"]["n"].clone()).collect::<Vec<_>>()
    };
    let null = Json::Null;
    let snapshot = store.batch(batch(Mode::Snapshot));
    assert_eq!(
        values(&snapshot),
        [json!(0), null.clone(), json!(0), null.clone(), null.clone(), null.clone()]
    );
    assert_eq!(snapshot["results"][5], json!({"result":1}));
    assert_eq!(store.get("a", "k")["value"]["n"], 2);
    let sequential = store.batch(batch(Mode::Sequential));
    assert_eq!(values(&sequential)[..3], [json!(2), null, json!(1)]);
    let empty = Batch { operations: vec![], mode: Mode::Snapshot, logged: false };
    assert_eq!(store.batch(empty.clone()), json!({"results":[]}));
    assert_eq!(store.read(Operation::Batch(Box::new(empty))), json!({"results":[]}));
}

#[test]
fn delete_prefix_goes_on_where_it_stopped() {
    let mut store = store();
    for key in 0..1_500 {
        store.put(if key % 2 == 0 { "a" } else { "a/b" }, &format!("{key:04}"), "{}");
    }
    store.write(put("a", "gone", "{}", Some(1)));
    store.put("ab", "stays", "{}");
    store.now += SECOND;
    let first = store.delete_chunk(scope("a"), None);
    assert_eq!(first.removed, 1_000);
    let second = store.delete_chunk(scope("a"), first.next);
    assert_eq!((second.removed, second.next), (500, None));
    assert_eq!(store.read(Operation::Count(Box::new(scope("")))), json!(1));
}

#[test]
fn refresh_moves_only_the_expiry_of_what_was_read() {
    let mut store = store();
    store.write(put("a", "k", "{}", Some(10 * SECOND)));
    let before = store.get("a", "k");
    store.now += 4 * SECOND;
    let (answer, due) = store.read_within(&get("a", "k", true), None);
    assert!(answer.unwrap().contains("22:13:30"), "the answer shows the expiry before it");
    assert_eq!(due.len(), 1);
    store.refresh(due.clone());
    let after = store.get("a", "k");
    assert_eq!(after["expires_at"], "2023-11-14T22:13:34.000000Z");
    for field in ["created_at", "updated_at", "version", "value"] {
        assert_eq!(after[field], before[field]);
    }
    let found = store.read(Operation::Search(Box::new(search("a", UPDATED_DESC, 0, 9))));
    assert_eq!(found["items"][0], after, "every index shows the new expiry");

    // A refresh that comes late does not shorten.
    store.now += SECOND;
    let (_, later) = store.read_within(&get("a", "k", true), None);
    store.refresh(later);
    let longer = store.get("a", "k");
    assert_eq!(longer["expires_at"], "2023-11-14T22:13:35.000000Z");
    store.refresh(due.clone());
    assert_eq!(store.get("a", "k"), longer);

    // Another version, an expired item and a deleted one stay as they are.
    store.write(put("a", "k", "{}", Some(SECOND)));
    let rewritten = store.get("a", "k");
    let mut ahead = due;
    ahead[0].read = store.now + SECOND / 2;
    store.refresh(ahead);
    assert_eq!(store.get("a", "k"), rewritten);
    let (_, due) = store.read_within(&get("a", "k", true), None);
    store.now += SECOND;
    store.refresh(due);
    assert_eq!(store.get("a", "k"), Json::Null);
    assert_eq!(store.sweep(), 1, "nothing has revived it");
}

#[test]
fn a_search_refreshes_exactly_what_it_returns() {
    let mut store = store();
    for key in ["1", "2", "3"] {
        store.write(put("a", key, "{}", Some(10 * SECOND)));
    }
    store.put("a", "4", "{}");
    store.now += SECOND;
    let mut body = search("a", Order::KEY, 1, 1);
    body.refresh = true;
    let (_, due) = store.read_within(&Operation::Search(Box::new(body.clone())), None);
    assert_eq!(due.iter().map(|due| due.address.key()).collect::<Vec<_>>(), ["2"]);
    body.limit = 10;
    let (_, due) = store.read_within(&Operation::Search(Box::new(body)), None);
    assert_eq!(due.len(), 2, "an item without a TTL is not refreshed");
}

fn filtered(prefix: &str, filter: &str) -> Scope {
    let filter = crate::store::filter::Filter::parse(filter, false).unwrap();
    Scope { filter: Some(filter), ..scope(prefix) }
}

#[test]
fn a_filter_chooses_before_offset_and_limit() {
    let store = store();
    for n in 0..30 {
        let kind = if n % 3 == 0 { "x" } else { "y" };
        store.put("a", &format!("{n:02}"), &format!("{{\"kind\":\"{kind}\",\"n\":{n}}}"));
    }
    let x = || filtered("a", r#"{"kind":"x"}"#);
    let found = |order, offset, limit| {
        let body = Search { scope: x(), ..search("a", order, offset, limit) };
        keys(&store.read(Operation::Search(Box::new(body))))
    };
    assert_eq!(found(Order::KEY, 1, 3), ["03", "06", "09"]);
    assert_eq!(found(UPDATED_DESC, 0, 2), ["27", "24"]);
    assert_eq!(store.read(Operation::Count(Box::new(x()))), json!(10));
    assert_eq!(store.delete_chunk(filtered("", r#"{"n":{"$lt":15},"kind":"x"}"#), None).removed, 5);
    assert_eq!(found(Order::KEY, 0, 9), ["15", "18", "21", "24", "27"]);
    assert_eq!(store.read(Operation::Count(Box::new(scope("")))), json!(25));
}

#[test]
fn compare_and_set_compares_json_and_not_text() {
    let store = store();
    store.put("a", "k", r#"{"n":1.0,"b":[true]}"#);
    let same = conditional(Condition::Value(value(r#"{ "b": [true], "n": 1 }"#)), Some("{}"));
    assert_eq!(store.write(same)["applied"], true);
}
