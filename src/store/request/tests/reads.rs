//! Searches, listings and their cursors.

use super::*;
use crate::store::order::{Order, Position, SortBy};

#[test]
fn search_fills_in_its_defaults() {
    let search = search_of(r#"{"namespace_prefix":[]}"#);
    assert_eq!((search.limit, search.offset, search.page_size), (10, 0, 5_000));
    assert_eq!((search.order, search.refresh, search.after), (Order::KEY, false, None));
    assert!(search.scope.prefix.is_root() && search.scope.filter.is_none());
    let search = search_of(
        r#"{"namespace_prefix":["a","b"],"filter":{"x":1},"limit":1e1,"offset":20.0,"order":"updated_at desc",
            "refresh_ttl":null,"page_size":7,"query":"","query_vector":null,"cursor":null}"#,
    );
    assert_eq!((search.limit, search.offset, search.page_size), (10, 20, 7));
    assert_eq!(search.order, Order { by: SortBy::UpdatedAt, descending: true });
    assert_eq!(search.scope.prefix, Namespace::from_path("a\0b"));
    assert!(search.scope.filter.expect("a filter").matches(r#"{"x":1}"#, false));
    assert_eq!(search_of(r#"{"namespace_prefix":[],"limit":0}"#).limit, 0);
    for none in ["null", "{}"] {
        let body = format!(r#"{{"namespace_prefix":[],"filter":{none},"order":null}}"#);
        assert!(search_of(&body).scope.filter.is_none());
    }
}

#[test]
fn search_is_checked() {
    for (members, field, message) in [
        (r#""limit":-1"#, "limit", "must be at least 0, not -1"),
        (r#""limit":1.5"#, "limit", "must be an integer, not 1.5"),
        (r#""limit":100001"#, "limit", "100001 is above the limit of 100000"),
        (r#""limit":"10""#, "limit", "must be a number, not a string"),
        (r#""limit":null"#, "limit", "must be a number, not null"),
        (r#""limit":99999999999999999999999"#, "limit", "above the limit of 100000"),
        (r#""offset":-0.5"#, "offset", "must be at least 0"),
        (r#""offset":99999999999999999999999"#, "offset", "is above the limit"),
        (r#""page_size":0"#, "page_size", "must be at least 1, not 0"),
        (r#""order":"score""#, "order", "must be one of key, key asc"),
        (r#""order":5"#, "order", "must be a string or null, not a number"),
        (r#""filter":[]"#, "filter", "must be an object or null, not an array"),
        (r#""filter":{"$and":[{"age":{"$x":1}}]}"#, "filter.$and[0].age.$x", "Unsupported operator: $x"),
        (r#""refresh_ttl":1"#, "refresh_ttl", "must be a boolean or null, not a number"),
        (r#""query":5"#, "query", "must be a string or null"),
        (r#""cursor":"nonsense""#, "cursor", "not a cursor of this request"),
        (r#""cursor":"AA","offset":3"#, "offset", "must be 0 with a cursor, not 3"),
        (r#""namespace":[]"#, "namespace", "did you mean `namespace_prefix`?"),
        (r#""limits":3"#, "limits", "did you mean `limit`?"),
        (r#""zzzzzzzzzzz":3"#, "zzzzzzzzzzz", "the fields of search are namespace_prefix, filter"),
    ] {
        invalid(Kind::Search, &format!(r#"{{"namespace_prefix":[],{members}}}"#), field, message);
    }
    invalid(Kind::Search, "{}", "namespace_prefix", "search needs `namespace_prefix`");
    fails(Kind::Search, r#"{"namespace_prefix":[],"limit":1e999}"#, Code::Json, "limit", "too large");
    for (members, field) in [(r#""query":"x""#, "query"), (r#""query_vector":[1,2]"#, "query_vector")] {
        let body = format!(r#"{{"namespace_prefix":[],{members}}}"#);
        fails(Kind::Search, &body, Code::Unsupported, field, "needs an index");
    }
    let body = r#"{"namespace_prefix":[],"omit_expired":false}"#;
    assert_eq!(parse_with(Kind::Search, body, &Config::default()).1, [Warning::OmitExpiredIgnored]);
}

#[test]
fn a_cursor_goes_on_with_the_same_search_only() {
    let search = search_of(r#"{"namespace_prefix":["a"],"filter":{"x":1,"y":2}}"#);
    let place = Position { time_us: 0, path: "a\0b".into(), key: "k".into() };
    let cursor = crate::store::cursor::encode(&place, search.fingerprint);
    let with = |members: &str| format!(r#"{{{members},"cursor":"{cursor}"}}"#);
    let next = search_of(&with(r#""namespace_prefix":["a"],"limit":3,"filter":{"y":2.0,"x":1}"#));
    assert_eq!(next.after, Some(place));
    for other in [
        r#""namespace_prefix":["b"],"filter":{"x":1,"y":2}"#,
        r#""namespace_prefix":["a"],"filter":{"x":1,"y":3}"#,
        r#""namespace_prefix":["a"],"filter":{"x":1,"y":2},"order":"key desc""#,
        r#""namespace_prefix":["a"]"#,
    ] {
        invalid(Kind::Search, &with(other), "cursor", "prefix, filter and order must be those");
    }
    invalid(Kind::ListNamespaces, &format!(r#"{{"cursor":"{cursor}"}}"#), "cursor", "conditions and depth");
}

#[test]
fn list_namespaces() {
    let Operation::ListNamespaces(list) = ok(Kind::ListNamespaces, "") else { panic!("a list") };
    assert_eq!((list.limit, list.offset, list.max_depth, list.conditions.len()), (100, 0, None, 0));
    let body = r#"{"match_conditions":[{"match_type":"suffix","path":["*","b"]},{"path":[],"match_type":"prefix"}],
                   "max_depth":2,"limit":5,"offset":1}"#;
    let Operation::ListNamespaces(list) = ok(Kind::ListNamespaces, body) else { panic!("a list") };
    let expected = [
        MatchCondition { suffix: true, path: vec![None, Some("b".into())] },
        MatchCondition { suffix: false, path: vec![] },
    ];
    assert_eq!(list.conditions, expected);
    assert_eq!((list.limit, list.offset, list.max_depth), (5, 1, Some(2)));
    for (body, field, message) in [
        (r#"{"max_depth":0}"#, "max_depth", "must be at least 1, not 0"),
        (r#"{"max_depth":-2}"#, "max_depth", "must be at least 1, not -2"),
        (r#"{"match_conditions":{}}"#, "match_conditions", "must be an array"),
        (r#"{"match_conditions":[{"path":[]}]}"#, "match_conditions[0].match_type", "needs `match_type`"),
        (
            r#"{"match_conditions":[{"path":[],"match_type":"infix"}]}"#,
            "match_conditions[0].match_type",
            r#"must be one of "prefix", "suffix", not "infix""#,
        ),
        (
            r#"{"match_conditions":[{"match_type":"prefix","path":["a","b.c"]}]}"#,
            "match_conditions[0].path[1]",
            "must not contain '.'",
        ),
        (r#"{"limit":100001}"#, "limit", "above the limit"),
        (r#"{"prefix":["a"]}"#, "prefix", "unknown field `prefix`"),
    ] {
        invalid(Kind::ListNamespaces, body, field, message);
    }
}
