//! Operations from a seed.

use lgstore::store::operation::Kind;
use serde_json::{Value, json};

use crate::compare::Known;

/// One operation on both stores.
pub struct Step {
    pub kind: Kind,
    pub body: Value,
    /// Go on by the cursor until there is none.
    pub pages: bool,
}

/// Numbers that look random and follow from the seed (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

const PATHS: [&[&str]; 7] = [&[], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "é"], &["ab"], &["b"]];
const KEYS: [&str; 8] = ["k", "k0", "k1", "K", "a.b", "ключ", " ", "k/1"];

fn namespace(random: &mut Random, root: &str) -> Vec<String> {
    let path = random.pick(&PATHS);
    std::iter::once(root).chain(path.iter().copied()).map(str::to_owned).collect()
}

fn value(random: &mut Random) -> Value {
    let n = random.below(4);
    match random.below(8) {
        0 => json!({}),
        1 => json!({"n": n}),
        2 => json!({"n": n as f64 + 0.5, "t": random.pick(&["x", "y", "", "é"])}),
        3 => json!({"n": null, "t": ["x", n]}),
        4 => json!({"n": n.to_string(), "o": {"p": n, "q": {}}}),
        5 => json!({"n": n, "t": "x", "flag": n.is_multiple_of(2)}),
        6 => json!({"n": 9_007_199_254_740_993_u64 - n as u64, "text": "z".repeat(random.below(300))}),
        _ => json!({"n": -(n as i64), "t": random.pick(&["x", "y"]), "o": {"p": random.below(3)}}),
    }
}

fn filter(random: &mut Random) -> Value {
    let n = random.below(4);
    match random.below(9) {
        0 => json!({"n": n}),
        1 => json!({"n": {"$gte": n}}),
        2 => json!({"n": {"$ne": n}}),
        3 => json!({"t": random.pick(&["x", "y"])}),
        4 => json!({"o": {"p": n}}),
        5 => json!({"n": {"$gt": 0, "$lt": 3}}),
        6 => json!({"$or": [{"n": n}, {"t": "x"}]}),
        7 => json!({"n": {"$in": [0, 1.5, "2", null]}}),
        _ => json!({"flag": true}),
    }
}

fn item(random: &mut Random, root: &str) -> Value {
    json!({"namespace": namespace(random, root), "key": random.pick(&KEYS)})
}

fn written(random: &mut Random, root: &str) -> Value {
    let mut body = item(random, root);
    body["value"] = value(random);
    if random.one_in(8) {
        // Long enough that nothing expires while the test runs.
        body["ttl"] = json!(86_400 * (1 + random.below(3)));
    }
    body
}

fn got(random: &mut Random, root: &str) -> Value {
    let mut body = item(random, root);
    if random.one_in(6) {
        body["refresh_ttl"] = json!(true);
    }
    body
}

fn scope(random: &mut Random, root: &str) -> Value {
    let mut body = json!({"namespace_prefix": namespace(random, root)});
    if random.one_in(2) {
        body["filter"] = filter(random);
    }
    body
}

fn search(random: &mut Random, root: &str) -> Value {
    let mut body = scope(random, root);
    if random.one_in(3) {
        body["order"] = json!(random.pick(&["key", "key desc", "created_at", "updated_at desc"]));
    }
    body["limit"] = json!(1 + random.below(12));
    body
}

fn list(random: &mut Random, root: &str) -> Value {
    let mut conditions = vec![json!({"match_type": "prefix", "path": namespace(random, root)})];
    if random.one_in(3) {
        conditions.push(json!({"match_type": "suffix", "path": [random.pick(&["a", "b", "c", "*"])]}));
    }
    let mut body = json!({"match_conditions": conditions, "limit": 1 + random.below(6)});
    if random.one_in(3) {
        body["max_depth"] = json!(1 + random.below(3));
    }
    body
}

fn offset(random: &mut Random, mut body: Value) -> Value {
    if random.one_in(3) {
        body["offset"] = json!(random.below(5));
    }
    body
}

fn batch(random: &mut Random, root: &str) -> Value {
    let ops: Vec<Value> = (0..1 + random.below(8))
        .map(|_| {
            let (name, mut body) = match random.below(12) {
                0..5 => ("put", written(random, root)),
                5..8 => ("get", got(random, root)),
                8 => ("delete", item(random, root)),
                9 => ("search", search(random, root)),
                10 => ("list_namespaces", list(random, root)),
                _ => ("count", scope(random, root)),
            };
            body["op"] = json!(name);
            body
        })
        .collect();
    let (mode, atomicity) =
        random.pick(&[("snapshot", "none"), ("snapshot", "logged"), ("sequential", "none")]);
    json!({"ops": ops, "mode": mode, "atomicity": atomicity})
}

fn expecting(random: &mut Random, known: &Known, mut body: Value) -> Value {
    let back = random.below(4);
    match known.version(back).filter(|_| random.one_in(2)) {
        Some(version) => body["expected_version"] = json!(version),
        None => body["expected_value"] = value(random),
    }
    body
}

/// A request that must be refused in the same way.
fn wrong(random: &mut Random, root: &str) -> (Kind, Value) {
    match random.below(4) {
        0 => (Kind::Put, json!({"namespace": [root], "key": "", "value": {}})),
        1 => (Kind::Get, json!({"namespace": [root, "a.b"], "key": "k"})),
        2 => (Kind::Search, json!({"namespace_prefix": [root], "limit": 0, "filter": {"n": {"$no": 1}}})),
        _ => (Kind::Put, json!({"namespace": [root], "key": "k", "value": {}, "ttl": 0})),
    }
}

/// The next operation of a world.
pub fn next(random: &mut Random, root: &str, known: &Known) -> Step {
    let mut pages = false;
    let (kind, body) = match random.below(100) {
        0..24 => (Kind::Put, written(random, root)),
        24..40 => (Kind::Get, got(random, root)),
        40..46 => (Kind::Delete, item(random, root)),
        46..51 => (Kind::PutIfAbsent, written(random, root)),
        51..55 => (Kind::UpdateIfExists, written(random, root)),
        55..62 => {
            let body = written(random, root);
            (Kind::CompareAndSet, expecting(random, known, body))
        }
        62..64 => (Kind::DeleteIfExists, item(random, root)),
        64..66 => {
            let mut body = item(random, root);
            body["expected_value"] = value(random);
            (Kind::DeleteIfValue, body)
        }
        66..74 => {
            let body = search(random, root);
            (Kind::Search, offset(random, body))
        }
        74..78 => {
            pages = true;
            (Kind::Search, search(random, root))
        }
        78..82 => {
            let body = list(random, root);
            (Kind::ListNamespaces, offset(random, body))
        }
        82..84 => {
            pages = true;
            (Kind::ListNamespaces, list(random, root))
        }
        84..88 => (Kind::Count, scope(random, root)),
        88 => (Kind::DeletePrefix, scope(random, root)),
        89..98 => (Kind::Batch, batch(random, root)),
        _ => wrong(random, root),
    };
    Step { kind, body, pages }
}
