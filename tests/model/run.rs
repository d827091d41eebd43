//! Carries steps out on a store and compares every answer with the model's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lgstore::op::client::{Client, Request};
use lgstore::store::operation::Kind;

use crate::bodies::*;
use crate::plain::{Place, Plain, TICK, equal, place};
use crate::steps::{At, Expected, List, Plain as Op, Scope, Search, Step};

macro_rules! ensure {
    ($holds:expr, $($text:tt)*) => {
        if !$holds {
            return Err(format!($($text)*));
        }
    };
}

/// A store and what it should hold.
pub struct Run {
    client: Arc<Client>,
    plain: Plain,
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.client.close(Duration::from_secs(10));
    }
}

impl Run {
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, plain: Plain::default() }
    }

    /// Goes on with another store on the same data. Its clock begins at the wall's.
    pub fn reopen(&mut self, client: Arc<Client>) -> Outcome {
        self.client.close(Duration::from_secs(10)).map_err(|error| error.to_string())?;
        self.client = client;
        let ticks = self.plain.now / 2;
        self.plain.now = 0;
        if ticks > 0 { self.advance(ticks) } else { Ok(()) }
    }

    fn call(&self, kind: Kind, body: &str) -> Outcome<String> {
        let request =
            Request { op: kind as u32, body: body.as_bytes(), allow_immediate: true, timeout: None, tag: 0 };
        let answer = self.client.call(&request).map_err(|error| format!("{body}: {error}"))?;
        ensure!(answer.status() == 0, "{} {body}: {}", kind.name(), answer.json());
        Ok(answer.json().to_owned())
    }

    pub fn refreshes_dropped(&self) -> bool {
        let info = self.call(Kind::ClusterInfo, "{}").unwrap_or_default();
        !info.contains("\"refreshes_dropped\":0")
    }

    /// Everything once more, and the history of times and versions.
    pub fn finish(&mut self) -> Outcome {
        let scope = Scope { prefix: 0, filter: None };
        self.step(&Step::Plain(Op::Search(Search {
            scope,
            order: 0,
            limit: 1_000,
            offset: 0,
            refresh: false,
        })))?;
        self.plain.check_history()
    }

    pub fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Plain(op) => {
                let (kind, body) = request(op);
                let answer = self.call(kind, &body)?;
                self.check(op, &answer)?;
                self.apply(op);
                Ok(())
            }
            Step::Batch { ops, sequential, logged } => self.batch(ops, *sequential, *logged),
            Step::PutIfAbsent { at, value, ttl } => {
                let place = place(*at);
                let holds = self.plain.live(&place).is_none();
                self.conditional(Kind::PutIfAbsent, &place, holds, "", Some((value, *ttl)))
            }
            Step::UpdateIfExists { at, value, ttl } => {
                let place = place(*at);
                let holds = self.plain.live(&place).is_some();
                self.conditional(Kind::UpdateIfExists, &place, holds, "", Some((value, *ttl)))
            }
            Step::CompareAndSet { at, expected, value, ttl } => {
                self.expecting(Kind::CompareAndSet, *at, expected, Some((value, *ttl)))
            }
            Step::DeleteIfExists { at } => {
                let place = place(*at);
                let holds = self.plain.live(&place).is_some();
                self.conditional(Kind::DeleteIfExists, &place, holds, "", None)
            }
            Step::DeleteIf { at, expected } => self.expecting(Kind::DeleteIfValue, *at, expected, None),
            Step::DeletePrefix(scope) => {
                let places = self.plain.scope(scope);
                self.number(Kind::DeletePrefix, &format!("{}}}", scope_body(scope)), places.len())?;
                places.iter().for_each(|place| self.plain.delete(place));
                Ok(())
            }
            Step::Sweep => {
                let swept = self.plain.sweep();
                self.number(Kind::Sweep, "", swept)
            }
            Step::Advance(ticks) => self.advance(*ticks),
            Step::Pages { search, between } => self.pages(search, between),
            Step::ListPages(list) => self.list_pages(list),
        }
    }

    fn advance(&mut self, ticks: i64) -> Outcome {
        self.call(Kind::Advance, &format!("{{\"seconds\":{}}}", ticks * TICK))?;
        self.plain.now += 2 * ticks;
        Ok(())
    }

    fn number(&self, kind: Kind, body: &str, wanted: usize) -> Outcome {
        let answer = self.call(kind, body)?;
        ensure!(answer == wanted.to_string(), "{answer}, not {wanted}");
        Ok(())
    }

    fn check(&mut self, op: &Op, answer: &str) -> Outcome {
        match op {
            Op::Put { .. } | Op::Delete { .. } => ensure!(answer == "null", "{answer}"),
            Op::Get { at, .. } => {
                let place = place(*at);
                let item: Option<Item> = parse(answer)?;
                ensure!(item.is_some() == self.plain.live(&place).is_some(), "{item:?}");
                item.map_or(Ok(()), |item| self.check_item(&place, &item))?;
            }
            Op::Search(search) => {
                let wanted = self.plain.search(search);
                let wanted: Vec<_> = wanted.into_iter().skip(search.offset).take(search.limit).collect();
                self.check_items(&wanted, &parse::<Found>(answer)?.items)?;
            }
            Op::List(list) => {
                let wanted = self.plain.list(list).into_iter().skip(list.offset).take(list.limit);
                let wanted: Vec<_> = wanted.collect();
                let found: Listed = parse(answer)?;
                ensure!(found.namespaces == wanted, "{:?}, not {wanted:?}", found.namespaces);
            }
            Op::Count(scope) => {
                let wanted = self.plain.scope(scope).len();
                ensure!(answer == wanted.to_string(), "{answer}, not {wanted}");
            }
        }
        Ok(())
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Put { at, value, ttl } => drop(self.plain.put(&place(*at), value, *ttl)),
            Op::Delete { at } => self.plain.delete(&place(*at)),
            Op::Get { at, refresh: true } => {
                let place = place(*at);
                if self.plain.live(&place).is_some() {
                    self.plain.refresh(&place);
                }
            }
            Op::Search(search) if search.refresh => {
                let found = self.plain.search(search);
                let found = found.iter().skip(search.offset).take(search.limit);
                found.for_each(|place| self.plain.refresh(place));
            }
            _ => {}
        }
    }

    fn check_items(&mut self, wanted: &[Place], found: &[Item]) -> Outcome {
        let places: Vec<_> = found.iter().map(|item| (item.namespace.clone(), item.key.clone())).collect();
        ensure!(places == wanted, "found {places:?}, not {wanted:?}");
        wanted.iter().zip(found).try_for_each(|(place, item)| self.check_item(place, item))
    }

    /// An item that the store shows is the one the model holds: text, times, version.
    fn check_item(&mut self, place: &Place, item: &Item) -> Outcome {
        let held = self.plain.live(place).ok_or("an item that should not be")?.clone();
        ensure!((&item.namespace, &item.key) == (&place.0, &place.1), "another place: {item:?}");
        ensure!(item.value.get() == held.text, "{} is not the text {}", item.value, held.text);
        ensure!(item.expires_at.is_some() == held.expires.is_some(), "expires_at: {item:?}");
        same(&mut self.plain.times, held.created, &item.created_at)?;
        same(&mut self.plain.times, held.updated, &item.updated_at)?;
        same(&mut self.plain.versions, held.updated, &item.version)
    }

    fn batch(&mut self, ops: &[Op], sequential: bool, logged: bool) -> Outcome {
        let bodies: Vec<String> = ops
            .iter()
            .map(|op| {
                let (kind, body) = request(op);
                format!("{{\"op\":\"{}\",{}", kind.name(), &body[1..])
            })
            .collect();
        let mode = if sequential { "sequential" } else { "snapshot" };
        let atomicity = if logged { "logged" } else { "none" };
        let body =
            format!("{{\"mode\":\"{mode}\",\"atomicity\":\"{atomicity}\",\"ops\":[{}]}}", bodies.join(","));
        let answer = self.call(Kind::Batch, &body)?;
        let answers = parse::<Results>(&answer)?.results;
        ensure!(answers.len() == ops.len(), "{} answers to {} operations", answers.len(), ops.len());
        let mut writes = Vec::new();
        for (op, answer) in ops.iter().zip(&answers) {
            let answer = answer.get("result").ok_or_else(|| format!("{op:?}: {answer:?}"))?.get();
            self.check(op, answer).map_err(|error| format!("in the batch, {op:?}: {error}"))?;
            match op {
                Op::Put { at, .. } | Op::Delete { at } if !sequential => writes.push((*at, op)),
                _ => self.apply(op),
            }
        }
        // Of several writes to one place the last counts; the others never happen.
        for (index, (at, op)) in writes.iter().enumerate() {
            if writes[index + 1..].iter().all(|(other, _)| other != at) {
                self.apply(op);
            }
        }
        Ok(())
    }

    fn expecting(
        &mut self,
        kind: Kind,
        at: At,
        expected: &Expected,
        write: Option<(&String, Option<i64>)>,
    ) -> Outcome {
        let place = place(at);
        let held = self.plain.live(&place).cloned();
        let (holds, member) = match expected {
            Expected::Held | Expected::Text(_) => {
                let text = match (expected, &held) {
                    (Expected::Text(text), _) => text.clone(),
                    // The same value in another spelling.
                    (_, Some(held)) => held.text.replace(" :", "\n: "),
                    _ => "{}".to_owned(),
                };
                let holds = held.is_some_and(|held| equal(&held.text, &text));
                (holds, format!(",\"expected_value\":{text}"))
            }
            Expected::Version | Expected::OldVersion => {
                let get = Op::Get { at, refresh: false };
                let (get_kind, body) = request(&get);
                let answer = self.call(get_kind, &body)?;
                self.check(&get, &answer)?;
                let current = held.and_then(|held| self.plain.versions.get(&held.updated).cloned());
                let other = self.plain.versions.values().next().cloned();
                let none = || "00000000-0000-7000-8000-000000000000".to_owned();
                let version = match expected {
                    Expected::Version => current.clone().unwrap_or_else(none),
                    _ => other.unwrap_or_else(none),
                };
                (current.as_ref() == Some(&version), format!(",\"expected_version\":\"{version}\""))
            }
        };
        self.conditional(kind, &place, holds, &member, write)
    }

    fn conditional(
        &mut self,
        kind: Kind,
        place: &Place,
        holds: bool,
        member: &str,
        write: Option<(&String, Option<i64>)>,
    ) -> Outcome {
        let body = match write {
            Some((value, ttl)) => write_body(place, value, ttl),
            None => format!("{}}}", at_body(place)),
        };
        let body = format!("{}{member}}}", &body[..body.len() - 1]);
        let answer = self.call(kind, &body)?;
        let answer: Applied = parse(&answer)?;
        ensure!(answer.applied == holds, "{} {body}: {answer:?}", kind.name());
        if !holds {
            ensure!(answer.current.is_some() == self.plain.live(place).is_some(), "{answer:?}");
            return answer.current.map_or(Ok(()), |item| self.check_item(place, &item));
        }
        ensure!(answer.version.is_some() == write.is_some(), "{answer:?}");
        match (write, answer.version) {
            (Some((value, ttl)), Some(version)) => {
                let number = self.plain.put(place, value, ttl);
                same(&mut self.plain.versions, number, &version)?;
            }
            _ => self.plain.delete(place),
        }
        Ok(())
    }

    /// Pages make the whole: without writes between them exactly, with writes at least for every
    /// item that was there before and was not touched.
    fn pages(&mut self, search: &Search, between: &[(At, String)]) -> Outcome {
        let search = Search { limit: search.limit.max(1), offset: 0, refresh: false, ..search.clone() };
        let before = self.plain.search(&search);
        let mut touched = BTreeSet::new();
        let mut writes = between.iter();
        let mut seen: Vec<Place> = Vec::new();
        let mut cursor = None;
        loop {
            let answer = self.call(Kind::Search, &search_body(&search, cursor.as_deref()))?;
            let found: Found = parse(&answer)?;
            ensure!(found.items.len() <= search.limit, "a page above the limit");
            for item in &found.items {
                let place = (item.namespace.clone(), item.key.clone());
                self.check_item(&place, item)?;
                seen.push(place);
            }
            cursor = found.cursor;
            if cursor.is_none() {
                break;
            }
            ensure!(seen.len() <= 1_000, "the pages do not end");
            if let Some((at, value)) = writes.next() {
                let op = Op::Put { at: *at, value: value.clone(), ttl: None };
                touched.insert(place(*at));
                self.step(&Step::Plain(op))?;
            }
        }
        let kept =
            |all: &[Place]| all.iter().filter(|place| !touched.contains(*place)).cloned().collect::<Vec<_>>();
        ensure!(
            kept(&seen) == kept(&before),
            "the pages showed {seen:?}, not {before:?}; touched: {touched:?}"
        );
        Ok(())
    }

    fn list_pages(&mut self, list: &List) -> Outcome {
        let list = List { limit: list.limit.max(1), offset: 0, ..list.clone() };
        let wanted = self.plain.list(&list);
        let mut seen = Vec::new();
        let mut cursor = None;
        while seen.len() <= wanted.len() {
            let answer = self.call(Kind::ListNamespaces, &list_body(&list, cursor.as_deref()))?;
            let found: Listed = parse(&answer)?;
            seen.extend(found.namespaces);
            cursor = found.cursor;
            if cursor.is_none() {
                break;
            }
        }
        ensure!(seen == wanted, "the pages showed {seen:?}, not {wanted:?}");
        Ok(())
    }
}

/// What was shown of a write before is what is shown now.
fn same(known: &mut BTreeMap<u64, String>, write: u64, shown: &str) -> Outcome {
    let first = known.entry(write).or_insert_with(|| shown.to_owned());
    ensure!(first == shown, "write {write} was {first} and is now {shown}");
    Ok(())
}
