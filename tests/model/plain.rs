//! The plain model: a map, a clock that only `advance` moves, and numbers for the writes.

use std::collections::BTreeMap;

use crate::filter::{Tree, matches};
use crate::steps::{At, KEYS, List, NAMESPACES, ORDERS, PREFIXES, Scope, Search};

/// Seconds of one tick of `advance`. Times to live lie half a tick beside, so that the wall clock,
/// which runs on underneath, decides nothing.
pub const TICK: i64 = 1_000;

/// A place: labels and key. Their order is that of the store.
pub type Place = (Vec<String>, String);

#[derive(Clone, Debug)]
pub struct Held {
    pub text: String,
    /// Numbers of the writes that made it and that changed it last.
    pub created: u64,
    pub updated: u64,
    pub ttl: Option<i64>,
    pub expires: Option<i64>,
}

#[derive(Default)]
pub struct Plain {
    pub items: BTreeMap<Place, Held>,
    /// In ticks and halves: doubled.
    pub now: i64,
    writes: u64,
    /// Time and version of each write, as far as an answer has shown them.
    pub times: BTreeMap<u64, String>,
    pub versions: BTreeMap<u64, String>,
}

pub fn place((namespace, key): At) -> Place {
    (labels(NAMESPACES[namespace]), KEYS[key].to_owned())
}

pub fn labels(all: &[&str]) -> Vec<String> {
    all.iter().map(|label| (*label).to_owned()).collect()
}

impl Plain {
    pub fn live(&self, place: &Place) -> Option<&Held> {
        self.items.get(place).filter(|held| self.is_live(held))
    }

    pub fn is_live(&self, held: &Held) -> bool {
        held.expires.is_none_or(|at| at > self.now)
    }

    /// Gives the number of the write.
    pub fn put(&mut self, place: &Place, text: &str, ttl: Option<i64>) -> u64 {
        self.writes += 1;
        let created = self.live(place).map_or(self.writes, |held| held.created);
        let ttl = ttl.map(|ticks| 2 * ticks + 1);
        let held = Held {
            text: text.to_owned(),
            created,
            updated: self.writes,
            ttl,
            expires: ttl.map(|ttl| self.now + ttl),
        };
        self.items.insert(place.clone(), held);
        self.writes
    }

    pub fn delete(&mut self, place: &Place) {
        self.items.remove(place);
    }

    pub fn refresh(&mut self, place: &Place) {
        let now = self.now;
        if let Some(held) = self.items.get_mut(place) {
            held.expires = held.expires.zip(held.ttl).map(|(at, ttl)| at.max(now + ttl));
        }
    }

    /// Reclaims what has expired; how many.
    pub fn sweep(&mut self) -> usize {
        let (before, now) = (self.items.len(), self.now);
        self.items.retain(|_, held| held.expires.is_none_or(|at| at > now));
        before - self.items.len()
    }

    fn in_scope(&self, scope: &Scope, place: &Place, held: &Held) -> bool {
        let prefix = labels(PREFIXES[scope.prefix]);
        place.0.starts_with(&prefix)
            && self.is_live(held)
            && scope.filter.as_ref().is_none_or(|filter| passes(filter, &held.text))
    }

    /// Places in scope, ordered by place.
    pub fn scope(&self, scope: &Scope) -> Vec<Place> {
        let all = self.items.iter().filter(|(place, held)| self.in_scope(scope, place, held));
        all.map(|(place, _)| place.clone()).collect()
    }

    /// All matches of a search in its order, without offset and limit.
    pub fn search(&self, search: &Search) -> Vec<Place> {
        let mut places = self.scope(&search.scope);
        let (by, direction) = ORDERS[search.order].split_once(' ').expect("two words");
        match by {
            "updated_at" => places.sort_by_key(|place| self.items[place].updated),
            "created_at" => places.sort_by_key(|place| self.items[place].created),
            _ => {}
        }
        if direction == "desc" {
            places.reverse();
        }
        places
    }

    /// All namespaces of a listing, without offset and limit.
    pub fn list(&self, list: &List) -> Vec<Vec<String>> {
        let live = self.items.iter().filter(|(_, held)| self.is_live(held));
        let mut all: Vec<Vec<String>> = live
            .filter(|((labels, _), _)| list.conditions.iter().all(|condition| meets(labels, condition)))
            .map(|((labels, _), _)| labels.iter().take(list.depth.unwrap_or(99)).cloned().collect())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Times grow with the writes, and no version comes twice.
    pub fn check_history(&self) -> Result<(), String> {
        let times: Vec<&String> = self.times.values().collect();
        if let Some(pair) = times.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("a later write has the time {} after {}", pair[1], pair[0]));
        }
        let mut versions: Vec<&String> = self.versions.values().collect();
        versions.sort();
        match versions.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("version {} came twice", pair[0])),
            None => Ok(()),
        }
    }
}

fn meets(namespace: &[String], (suffix, path): &(bool, Vec<Option<&'static str>>)) -> bool {
    let Some(rest) = namespace.len().checked_sub(path.len()) else { return false };
    let part = if *suffix { &namespace[rest..] } else { &namespace[..path.len()] };
    part.iter().zip(path).all(|(label, wanted)| wanted.is_none_or(|wanted| wanted == label))
}

pub fn passes(filter: &str, text: &str) -> bool {
    let tree = |text| Tree::parse(text).expect("made up here");
    matches(&tree(filter), &tree(text)).expect("a filter made up here")
}

/// Equal as JSON.
pub fn equal(a: &str, b: &str) -> bool {
    Tree::parse(a) == Tree::parse(b)
}
