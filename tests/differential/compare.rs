//! When two answers are the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What one world has seen: which of the cluster's times and versions stands for which of the embedded store's.
#[derive(Default)]
pub struct Known {
    /// By item and the embedded store's text. Writes of one batch may share a time in one store only.
    times: BTreeMap<String, String>,
    versions: BTreeMap<String, String>,
    /// The embedded store's versions, in the order they were seen.
    seen: Vec<String>,
}

impl Known {
    /// A version that was seen lately.
    pub fn version(&self, back: usize) -> Option<&str> {
        self.seen.iter().rev().nth(back).map(String::as_str)
    }

    /// The body for the cluster: its own version for one of the embedded store.
    pub fn of_cluster(&self, body: &str) -> String {
        const MEMBER: &str = "\"expected_version\":\"";
        let Some(at) = body.find(MEMBER).map(|at| at + MEMBER.len()) else { return body.to_owned() };
        let end = at + body[at..].find('"').expect("the end of a text");
        match self.versions.get(&body[at..end]) {
            Some(version) => format!("{}{version}{}", &body[..at], &body[end..]),
            None => body.to_owned(),
        }
    }

    /// Whether the answers agree; says where they do not.
    pub fn same(&mut self, embedded: &Value, cql: &Value, at: &str) -> Result<(), String> {
        match (embedded, cql) {
            (Value::Object(a), Value::Object(b)) => self.same_object(a, b, at),
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b).enumerate();
                pairs.try_for_each(|(index, (a, b))| self.same(a, b, &format!("{at}[{index}]")))
            }
            _ if embedded == cql => Ok(()),
            _ => Err(format!("at {at}: {embedded} and {cql}")),
        }
    }

    fn same_object(
        &mut self,
        a: &Map<String, Value>,
        b: &Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        if !a.keys().eq(b.keys()) {
            return Err(format!("at {at}: other members"));
        }
        let item = a.contains_key("created_at").then(|| format!("{} {}", a["namespace"], a["key"]));
        for (name, left) in a {
            let (right, at) = (&b[name], format!("{at}.{name}"));
            let texts = left.as_str().zip(right.as_str());
            match (name.as_str(), texts) {
                ("created_at" | "updated_at", Some((left, right))) if item.is_some() => {
                    let item = item.as_deref().unwrap_or_default();
                    stands_for(&mut self.times, &format!("{item} {left}"), right, &at)?;
                }
                ("version", Some((left, right))) => {
                    if !self.versions.contains_key(left) {
                        self.seen.push(left.to_owned());
                    }
                    stands_for(&mut self.versions, left, right, &at)?;
                }
                // Set by clocks of their own, a moment apart; that they are there and far away must agree.
                ("expires_at", Some((left, right))) if item.is_some() => {
                    if left[..10] != right[..10] && !near_midnight(left) {
                        return Err(format!("at {at}: {left} and {right}"));
                    }
                }
                ("cursor", Some(_)) => {}
                // A value is compared as it is, whatever its members are called.
                ("value", _) if left == right => {}
                ("value", _) => return Err(format!("at {at}: {left} and {right}")),
                _ => self.same(left, right, &at)?,
            }
        }
        Ok(())
    }
}

fn near_midnight(time: &str) -> bool {
    time[11..].starts_with("23:5") || time[11..].starts_with("00:0")
}

/// The same of one is always the same of the other.
fn stands_for(known: &mut BTreeMap<String, String>, left: &str, right: &str, at: &str) -> Result<(), String> {
    let first = known.entry(left.to_owned()).or_insert_with(|| right.to_owned());
    if first == right {
        Ok(())
    } else {
        Err(format!("at {at}: {left} was {first} before, now it is {right}"))
    }
}
