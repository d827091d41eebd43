//! Random operations on the memory engine against a plain map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::harness::*;
use crate::backend::embedded::memory::Memory;
use crate::store::address::{in_scope, labels};
use crate::store::operation::*;
use crate::store::order::{Order, Position, SortBy};

const NAMESPACES: [&str; 9] = ["a", "a/b", "a/b/c", "a/b2", "a\u{1}", "ab", "b", "b/a", "é/☃"];
const PREFIXES: [&str; 6] = ["", "a", "a/b", "b", "none", "é"];
const KEYS: [&str; 8] =
    ["", "1", "10", "2", "a key longer than sixteen", "a key longer than sixteen!", "é", "\0"];

#[derive(Clone, Debug)]
enum Step {
    Put { place: (usize, usize), ttl: Option<i64> },
    Delete { place: (usize, usize) },
    PutIfAbsent { place: (usize, usize) },
    DeletePrefix { prefix: usize },
    Pass { us: i64 },
    Sweep,
    Search { prefix: usize, order: Order, offset: usize, limit: usize, pages: bool },
    List { depth: Option<usize>, limit: usize },
}

fn steps() -> impl Strategy<Value = Step> {
    let place = || (0..NAMESPACES.len(), 0..KEYS.len());
    let order = (0..3usize, any::<bool>()).prop_map(|(by, descending)| Order {
        by: [SortBy::Key, SortBy::UpdatedAt, SortBy::CreatedAt][by],
        descending,
    });
    prop_oneof![
        8 => (place(), proptest::option::weighted(0.4, 1i64..40)).prop_map(|(place, ttl)| Step::Put { place, ttl }),
        2 => place().prop_map(|place| Step::Delete { place }),
        1 => place().prop_map(|place| Step::PutIfAbsent { place }),
        1 => (0..PREFIXES.len()).prop_map(|prefix| Step::DeletePrefix { prefix }),
        3 => (0i64..10).prop_map(|us| Step::Pass { us }),
        1 => Just(Step::Sweep),
        6 => (0..PREFIXES.len(), order, 0usize..4, 0usize..12, any::<bool>()).prop_map(
            |(prefix, order, offset, limit, pages)| Step::Search { prefix, order, offset, limit, pages }
        ),
        3 => (proptest::option::of(1usize..4), 0usize..8).prop_map(|(depth, limit)| Step::List { depth, limit }),
    ]
}

#[derive(Clone, Debug)]
struct Held {
    text: String,
    created: i64,
    updated: i64,
    expires: Option<i64>,
}

#[derive(Default)]
struct Model {
    items: BTreeMap<(String, String), Held>,
    last: i64,
    writes: usize,
}

impl Model {
    fn put(&mut self, path: &str, key: &str, ttl: Option<i64>, now: i64) -> String {
        self.writes += 1;
        self.last = now.max(self.last + 1);
        let text = format!("{{\"n\":{}}}", self.writes);
        let place = (path.to_owned(), key.to_owned());
        let live = self.items.get(&place).filter(|held| held.expires.is_none_or(|at| at > now));
        let created = live.map_or(self.last, |held| held.created);
        let expires = ttl.map(|ttl| now + ttl);
        self.items.insert(place, Held { text: text.clone(), created, updated: self.last, expires });
        text
    }

    fn live(&self, prefix: &str, now: i64) -> Vec<(&String, &String, &Held)> {
        let all = self.items.iter().map(|((path, key), held)| (path, key, held));
        all.filter(|(path, _, held)| in_scope(prefix, path) && held.expires.is_none_or(|at| at > now))
            .collect()
    }

    /// Matches in order, as (time, path, key, text).
    fn search(&self, prefix: &str, order: Order, now: i64) -> Vec<(Position, String)> {
        let time = |held: &Held| match order.by {
            SortBy::Key => 0,
            SortBy::UpdatedAt => held.updated,
            SortBy::CreatedAt => held.created,
        };
        let mut found: Vec<(Position, String)> = self
            .live(prefix, now)
            .into_iter()
            .map(|(path, key, held)| {
                let position = Position { time_us: time(held), path: path.clone(), key: key.clone() };
                (position, held.text.clone())
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| {
            order.compare((a.time_us, &a.path, &a.key), (b.time_us, &b.path, &b.key))
        });
        found
    }

    fn list(&self, depth: Option<usize>, now: i64) -> Vec<String> {
        let mut names: Vec<Vec<&str>> = self
            .live("", now)
            .into_iter()
            .map(|(path, ..)| labels(path).take(depth.unwrap_or(usize::MAX)).collect())
            .collect();
        names.sort();
        names.dedup();
        names.into_iter().map(|labels| labels.join("/")).collect()
    }
}

fn joined(namespace: &str) -> String {
    namespace.replace('/', "\0")
}

fn texts(answer: &Json) -> Vec<String> {
    answer["items"].as_array().unwrap().iter().map(|item| item["value"].to_string()).collect()
}

fn check_search(store: &Harness<Memory>, model: &Model, mut body: Search, pages: bool) {
    let all = model.search(body.scope.prefix.path(), body.order, store.now);
    if !pages || body.limit == 0 {
        let wanted: Vec<String> =
            all.iter().skip(body.offset).take(body.limit).map(|(_, text)| text.clone()).collect();
        assert_eq!(texts(&store.read(Operation::Search(Box::new(body)))), wanted);
        return;
    }
    // Page after page makes the whole; the last one says so.
    body.offset = 0;
    let mut seen = Vec::new();
    loop {
        let answer = store.read(Operation::Search(Box::new(body.clone())));
        seen.extend(texts(&answer));
        if answer.get("cursor").is_none() {
            break;
        }
        assert!(seen.len() <= all.len());
        body.after = Some(all[seen.len() - 1].0.clone());
    }
    assert_eq!(seen, all.into_iter().map(|(_, text)| text).collect::<Vec<_>>());
}

fn step(store: &mut Harness<Memory>, model: &mut Model, step: Step) {
    let now = store.now;
    match step {
        Step::Put { place: (namespace, key), ttl } => {
            let text = model.put(&joined(NAMESPACES[namespace]), KEYS[key], ttl, now);
            store.write(put(NAMESPACES[namespace], KEYS[key], &text, ttl));
        }
        Step::Delete { place: (namespace, key) } => {
            model.items.remove(&(joined(NAMESPACES[namespace]), KEYS[key].to_owned()));
            store.write(delete(NAMESPACES[namespace], KEYS[key]));
        }
        Step::PutIfAbsent { place: (namespace, key) } => {
            let (path, key) = (joined(NAMESPACES[namespace]), KEYS[key]);
            let absent = !model.live(&path, now).iter().any(|live| *live.0 == path && *live.1 == key);
            let text = if absent { model.put(&path, key, None, now) } else { "{}".to_owned() };
            let body = Conditional {
                kind: Kind::PutIfAbsent,
                condition: Condition::Absent,
                address: address(NAMESPACES[namespace], key),
                write: Some((value(&text), None)),
            };
            assert_eq!(store.write(Operation::Conditional(Box::new(body)))["applied"], absent);
        }
        Step::DeletePrefix { prefix } => {
            let prefix = joined(PREFIXES[prefix]);
            let before = model.live(&prefix, now).len();
            model.items.retain(|(path, _), held| {
                !in_scope(&prefix, path) || held.expires.is_some_and(|at| at <= now)
            });
            let chunk = store.delete_chunk(
                Scope { prefix: crate::store::address::Namespace::from_path(prefix), filter: None },
                None,
            );
            assert_eq!((chunk.removed, chunk.next), (before, None));
        }
        Step::Pass { us } => store.now += us,
        Step::Sweep => {
            let before = model.items.len();
            model.items.retain(|_, held| held.expires.is_none_or(|at| at > now));
            assert_eq!(store.sweep(), before - model.items.len());
        }
        Step::Search { prefix, order, offset, limit, pages } => {
            check_search(store, model, search(PREFIXES[prefix], order, offset, limit), pages);
        }
        Step::List { depth, limit } => {
            let wanted = model.list(depth, now);
            let answer = store.read(Operation::ListNamespaces(Box::new(list(vec![], depth, limit))));
            assert_eq!(namespaces(&answer), wanted[..limit.min(wanted.len())]);
            assert_eq!(answer.get("cursor").is_some(), limit > 0 && limit <= wanted.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn memory_behaves_like_a_map(all in proptest::collection::vec(steps(), 1..120)) {
        let mut store = Harness::new(Memory::new());
        let mut model = Model { last: 0, ..Model::default() };
        for one in all {
            step(&mut store, &mut model, one);
        }
        for namespace in NAMESPACES {
            for key in KEYS {
                let held = model.items.get(&(joined(namespace), key.to_owned()));
                let held = held.filter(|held| held.expires.is_none_or(|at| at > store.now));
                let item = store.get(namespace, key);
                prop_assert_eq!(held.map(|held| held.text.clone()), item.get("value").map(Json::to_string));
            }
        }
    }
}
