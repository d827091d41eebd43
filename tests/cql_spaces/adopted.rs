//! Rows that another program has written.

use serde_json::json;

use crate::place::Place;

/// Without the index nothing is found; `reindex` builds it. Values that are not JSON objects are passed
/// over and counted, never shown and never in the way.
#[test]
fn a_table_of_another_program_is_adopted() {
    let place = Place::new();
    let store = place.store(json!({}));
    let row = |prefix: &str, key: &str, value: &str| (prefix.to_owned(), key.to_owned(), value.to_owned());
    place.insert(
        [
            row("users", "a", r#"{"n":1}"#),
            row("users", "b", "[1,2]"),
            row("users", "c", "null"),
            row("users", "d", "not json"),
            row("users", "e", r#"{"n":2}"#),
            row("users.42.notes", "k", r#"{"n":3}"#),
            row("bad..prefix", "k", "{}"),
            row("only.bad", "k", "7"),
        ]
        .into_iter(),
    );
    assert_eq!(store.list(json!({})), [""; 0]);
    assert_eq!(store.ask("reindex", json!({})), 3);
    assert_eq!(place.index(), ["only/bad", "users", "users/42/notes"]);
    let all = json!({"namespace_prefix": []});
    assert_eq!(store.search(all.clone()), ["users:a", "users:e", "users/42/notes:k"]);
    assert_eq!(store.counter("unreadable_rows"), 4);
    let down = json!({"namespace_prefix": [], "order": "key desc", "offset": 1});
    assert_eq!(store.search(down), ["users:e", "users:a"]);
    assert_eq!(store.search(json!({"namespace_prefix": ["users"], "offset": 1, "limit": 1})), ["users:e"]);
    assert_eq!(store.search(json!({"namespace_prefix": [], "order": "updated_at"})).len(), 3);
    assert_eq!(store.ask("count", all.clone()), 3);
    assert_eq!(store.ask("count", json!({"namespace_prefix": [], "filter": {"n": {"$gt": 1}}})), 2);
    let item = &store.ask("search", json!({"namespace_prefix": ["users"], "limit": 1}))["items"][0];
    assert_eq!(item["created_at"], "1970-01-01T00:00:01.000000Z");
    assert_eq!(item["updated_at"], "1970-01-01T00:00:02.000000Z");
    assert_eq!(store.ask("delete_prefix", all.clone()), 3);
    assert_eq!(store.search(all), [""; 0]);
    let b = json!({"namespace": ["users"], "key": "b"});
    assert_eq!(store.refused("get", b.clone())["code"], "corrupt");
    // A put mends it, also after a conditional write that could not tell what is there.
    let put = json!({"namespace": ["users"], "key": "b", "value": {"n": 4}});
    assert_eq!(store.refused("put_if_absent", put.clone())["code"], "corrupt");
    store.ask("put", put);
    assert_eq!(store.ask("get", b)["value"], json!({"n": 4}));
}
