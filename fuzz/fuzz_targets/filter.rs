//! The filter evaluator beside a naive one on trees, and cursors beside their own bytes.
//!
//! Odd first byte: the rest is a filter and a value as text, a NUL between. Even: the rest chooses
//! from a grammar of filters and values, so that most inputs are legal ones.
#![no_main]

#[path = "../../tests/model/filter.rs"]
mod oracle;

use lgstore::json::reader::Reader;
use lgstore::store::cursor;
use lgstore::store::filter::Filter;
use libfuzzer_sys::fuzz_target;
use oracle::Tree;

const NAMES: [&str; 4] = ["a", "b", "a.b", "\\u0061"];
const SCALARS: [&str; 20] = [
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "1",
    "1.0",
    "10e-1",
    "-1",
    "1.5",
    "1e2",
    "100",
    "12345678901234567890",
    "12345678901234567891",
    "\"\"",
    "\"a\"",
    "\"\\u0061\"",
    "\"é\"",
    "\"1\"",
    "1e-5",
];

/// Choices out of the input; zeros when it is used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn of(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }

    fn several(&mut self, mut one: impl FnMut(&mut Self) -> String) -> String {
        let count = self.of(4);
        (0..count).map(|_| one(self)).collect::<Vec<_>>().join(",")
    }

    fn value(&mut self, depth: usize) -> String {
        match self.of(if depth > 3 { 1 } else { 3 }) {
            0 => SCALARS[self.of(SCALARS.len())].to_owned(),
            1 => format!("[{}]", self.several(|choices| choices.value(depth + 1))),
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: usize) -> String {
        let members = self.several(|choices| {
            let name = NAMES[choices.of(NAMES.len())];
            format!("\"{name}\": {}", choices.value(depth + 1))
        });
        format!("{{{members}}}")
    }

    fn filter(&mut self, depth: usize) -> String {
        let members = self.several(|choices| match choices.of(if depth > 4 { 1 } else { 4 }) {
            0 => format!("\"{}\":{}", NAMES[choices.of(NAMES.len())], choices.operand(depth + 1)),
            1 => format!("\"$not\":{}", choices.filter(depth + 1)),
            2 => format!("\"$and\":[{}]", choices.several(|choices| choices.filter(depth + 1))),
            _ => format!("\"$or\":[{}]", choices.several(|choices| choices.filter(depth + 1))),
        });
        format!("{{{members}}}")
    }

    fn operand(&mut self, depth: usize) -> String {
        if self.of(3) == 0 || depth > 5 {
            return self.value(depth);
        }
        let operators = self.several(|choices| match choices.of(12) {
            index @ 0..=5 => {
                let name = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"][index];
                format!("\"{name}\":{}", choices.value(depth + 1))
            }
            6 => format!("\"$in\":[{}]", choices.several(|choices| choices.value(depth + 1))),
            7 => format!("\"$nin\":[{}]", choices.several(|choices| choices.value(depth + 1))),
            8 => format!("\"$exists\":{}", choices.of(2) == 0),
            9 => format!("\"$not\":{}", choices.operand(depth + 1)),
            10 => format!("\"$and\":[{}]", choices.several(|choices| choices.operand(depth + 1))),
            _ => format!("\"$or\":[{}]", choices.several(|choices| choices.operand(depth + 1))),
        });
        format!("{{{operators}}}")
    }
}

/// Whether a value has duplicate members; `None` for what is no value.
fn duplicates(text: &str) -> Option<bool> {
    let mut reader = Reader::new(text);
    let raw = reader.raw(128).ok()?;
    let duplicates = raw.duplicates;
    reader.end().ok()?;
    text.trim_start().starts_with('{').then_some(duplicates)
}

fn compare(filter: &str, value: &str) {
    let (Ok(parsed), Some(duplicates)) = (Filter::parse(filter, false), duplicates(value)) else { return };
    let value = value.trim_matches([' ', '\n', '\r', '\t']);
    let found = parsed.matches(value, duplicates);
    let again = Filter::parse(filter, false).expect("as before");
    assert_eq!(parsed.fingerprint(), again.fingerprint());
    // Deeper than serde_json goes, or numbers too far from 1 to be written out.
    let (Some(filter_tree), Some(value_tree)) = (Tree::parse(filter), Tree::parse(value)) else { return };
    let wanted = oracle::matches(&filter_tree, &value_tree);
    assert_eq!(Some(found), wanted, "{filter} on {value}");
}

fn cursors(text: &str) {
    for fingerprint in [0, 7] {
        if let Some(position) = cursor::decode(text, fingerprint) {
            assert_eq!(cursor::encode(&position, fingerprint), text);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    if first % 2 == 0 {
        let mut choices = Choices(rest.iter());
        let (filter, value) = (choices.filter(0), choices.object(0));
        compare(&filter, &value);
    } else if let Ok(text) = std::str::from_utf8(rest) {
        cursors(text);
        if let Some((filter, value)) = text.split_once('\0') {
            compare(filter, value);
        }
    }
});
