//! Patterns for answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Compares an answer with a pattern and captures what it names.
pub struct Matcher<'c> {
    pub captured: &'c mut Captured,
    /// Seconds by which an `expires_at` may differ from the one that was shown before: a cluster tells
    /// whole seconds that are left.
    pub slack: f64,
}

/// What answers have shown, by the names that patterns give it.
#[derive(Default)]
pub struct Captured {
    pub texts: BTreeMap<String, String>,
    expiries: BTreeSet<String>,
}

impl Captured {
    /// Whether a relation holds between two captured texts, of which an expiry may be off by `slack` seconds.
    pub fn holds(&self, a: &str, relation: &str, b: &str, slack: f64) -> bool {
        let (left, right) = (&self.texts[a], &self.texts[b]);
        let vague = slack > 0.0 && (self.expiries.contains(a) || self.expiries.contains(b));
        if vague && near(left, right, slack) {
            return relation != "!=";
        }
        match relation {
            "<" => left < right,
            "<=" => left <= right,
            "=" => left == right,
            "!=" => left != right,
            other => panic!("{other} is no relation"),
        }
    }
}

fn near(a: &str, b: &str, seconds: f64) -> bool {
    let apart = micros(a).zip(micros(b)).map(|(a, b)| (a - b).abs());
    apart.is_some_and(|apart| apart as f64 <= seconds * 1e6)
}

impl Matcher<'_> {
    pub fn compare(&mut self, pattern: &Value, got: &Value, at: &str) -> Result<(), String> {
        let differs = || Err(format!("at {at}: expected {pattern}, got {got}"));
        match (pattern, got) {
            (Value::String(pattern), _) if self.stands_for(pattern, got, at)? => Ok(()),
            (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => Ok(()),
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b).enumerate();
                pairs.try_for_each(|(index, (a, b))| self.compare(a, b, &format!("{at}[{index}]")))
            }
            (Value::Object(a), Value::Object(b)) => {
                let more = a.get("$more").is_some();
                if let Some(name) = b.keys().find(|name| !more && !a.contains_key(*name)) {
                    return Err(format!("at {at}: unexpected member {name:?}: {}", b[name]));
                }
                a.iter().filter(|(name, _)| *name != "$more").try_for_each(|(name, pattern)| {
                    match b.get(name) {
                        Some(got) => self.compare(pattern, got, &format!("{at}.{name}")),
                        None => Err(format!("at {at}: member {name:?} is missing")),
                    }
                })
            }
            _ if pattern == got => Ok(()),
            _ => differs(),
        }
    }

    /// Whether the pattern is a placeholder and `got` what it stands for; an error if it is not.
    fn stands_for(&mut self, pattern: &str, got: &Value, at: &str) -> Result<bool, String> {
        let (kind, name) = pattern.split_once(':').map_or((pattern, None), |(kind, name)| (kind, Some(name)));
        let fits: fn(&str) -> bool = match kind {
            "$any" if name.is_none() => return Ok(true),
            "$time" => |text| micros(text).is_some(),
            "$version" => is_version,
            "$cursor" => |text| !text.is_empty(),
            _ => return Ok(false),
        };
        let Some(text) = got.as_str().filter(|text| fits(text)) else {
            return Err(format!("at {at}: expected {pattern}, got {got}"));
        };
        if let Some(name) = name {
            let expiry = at.ends_with(".expires_at");
            if expiry {
                self.captured.expiries.insert(name.to_owned());
            }
            let known = self.captured.texts.entry(name.to_owned()).or_insert_with(|| text.to_owned());
            if known != text && !(expiry && near(known, text, self.slack)) {
                return Err(format!("at {at}: {name} was {known}, now it is {text}"));
            }
        }
        Ok(true)
    }
}

fn is_version(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'7',
        19 => b"89ab".contains(&byte),
        _ => hex(byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// Microseconds since 1970 of `2026-01-31T09:30:00.000001Z`.
pub fn micros(time: &str) -> Option<i64> {
    let template = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    let same = |(wanted, byte): (u8, u8)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted };
    if time.len() != template.len() || !template.bytes().zip(time.bytes()).all(same) {
        return None;
    }
    let part = |from: usize, to: usize| time[from..to].parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second, micro) = (part(11, 13)?, part(14, 16)?, part(17, 19)?, part(20, 26)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from a civil date, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micro)
}
