//! Request bodies and the shapes of answers.

use std::collections::BTreeMap;

use lgstore::store::operation::Kind;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::plain::{Place, TICK, place};
use crate::steps::{List, ORDERS, PREFIXES, Plain as Op, Scope, Search};

pub type Outcome<T = ()> = Result<T, String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item<'a> {
    pub namespace: Vec<String>,
    pub key: String,
    #[serde(borrow)]
    pub value: &'a RawValue,
    pub created_at: String,
    pub updated_at: String,
    pub version: String,
    pub expires_at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found<'a> {
    #[serde(borrow)]
    pub items: Vec<Item<'a>>,
    pub cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub namespaces: Vec<Vec<String>>,
    pub cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied<'a> {
    pub applied: bool,
    pub version: Option<String>,
    #[serde(borrow)]
    pub current: Option<Item<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results<'a> {
    #[serde(borrow)]
    pub results: Vec<BTreeMap<String, &'a RawValue>>,
}

pub fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))
}

pub fn at_body((labels, key): &Place) -> String {
    let body = json!({"namespace": labels, "key": key}).to_string();
    body.trim_end_matches('}').to_owned()
}

pub fn write_body(place: &Place, value: &str, ttl: Option<i64>) -> String {
    let ttl = ttl.map_or(String::new(), |ticks| format!(",\"ttl\":{}", ticks * TICK + TICK / 2));
    format!("{},\"value\":{value}{ttl}}}", at_body(place))
}

pub fn scope_body(scope: &Scope) -> String {
    let filter = scope.filter.as_ref().map_or(String::new(), |filter| format!(",\"filter\":{filter}"));
    format!("{{\"namespace_prefix\":{}{filter}", json!(PREFIXES[scope.prefix]))
}

pub fn search_body(search: &Search, cursor: Option<&str>) -> String {
    let from =
        cursor.map_or(format!(",\"offset\":{}", search.offset), |cursor| format!(",\"cursor\":\"{cursor}\""));
    let Search { scope, order, limit, refresh, .. } = search;
    let order = ORDERS[*order];
    format!("{},\"order\":\"{order}\",\"limit\":{limit},\"refresh_ttl\":{refresh}{from}}}", scope_body(scope))
}

pub fn list_body(list: &List, cursor: Option<&str>) -> String {
    let conditions: Vec<_> = list
        .conditions
        .iter()
        .map(|(suffix, path)| {
            let path: Vec<&str> = path.iter().map(|label| label.unwrap_or("*")).collect();
            json!({"match_type": if *suffix { "suffix" } else { "prefix" }, "path": path})
        })
        .collect();
    let mut body = json!({"match_conditions": conditions, "max_depth": list.depth, "limit": list.limit});
    match cursor {
        Some(cursor) => body["cursor"] = json!(cursor),
        None => body["offset"] = json!(list.offset),
    }
    body.to_string()
}

/// What may stand alone, as a request.
pub fn request(op: &Op) -> (Kind, String) {
    match op {
        Op::Put { at, value, ttl } => (Kind::Put, write_body(&place(*at), value, *ttl)),
        Op::Get { at, refresh } => {
            (Kind::Get, format!("{},\"refresh_ttl\":{refresh}}}", at_body(&place(*at))))
        }
        Op::Delete { at } => (Kind::Delete, format!("{}}}", at_body(&place(*at)))),
        Op::Search(search) => (Kind::Search, search_body(search, None)),
        Op::List(list) => (Kind::ListNamespaces, list_body(list, None)),
        Op::Count(scope) => (Kind::Count, format!("{}}}", scope_body(scope))),
    }
}
