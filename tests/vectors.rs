//! Runs the test vectors in process: every case on every embedded backend, once with answers on the
//! calling thread where the store gives them, once with every request accepted and completed later.
//! The format is in `tests/vectors/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use lgstore::op::client::{Client, Request, Submitted};
use lgstore::op::completion::{Answer, Completion, Receiver, Sink};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// What `needs` may ask for; all of it is there on embedded backends.
const ABLE: [&str; 6] = ["fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"];
/// Failures shown in full.
const SHOWN: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    rule: String,
    #[serde(default)]
    config: Map<String, Value>,
    #[serde(default)]
    needs: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    op: Option<String>,
    body: Option<Box<RawValue>>,
    text: Option<String>,
    parts: Option<Vec<Part>>,
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<Map<String, Value>>,
    #[serde(default)]
    contains: Vec<String>,
    advance: Option<f64>,
    check: Option<(String, String, String)>,
    between: Option<(String, String)>,
    seconds: Option<f64>,
    #[serde(default)]
    within: f64,
}

/// `null` is an answer like any other.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Bytes { hex: String },
    Repeat { repeat: String, times: u64, between: Option<String>, from: Option<u64> },
}

impl Part {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Part::Text(text) => out.extend(text.bytes()),
            Part::Bytes { hex } => {
                let digit = |index| u8::from_str_radix(&hex[index..index + 2], 16).expect("hexadecimal");
                out.extend((0..hex.len()).step_by(2).map(digit));
            }
            Part::Repeat { repeat, times, between, from } => {
                let first = from.unwrap_or(0);
                for turn in first..first + times {
                    if let Some(between) = between.as_ref().filter(|_| turn > first) {
                        out.extend(between.bytes());
                    }
                    out.extend(repeat.replace("${i}", &turn.to_string()).bytes());
                }
            }
        }
    }
}

impl Step {
    fn body(&self, captured: &BTreeMap<String, String>) -> Vec<u8> {
        let substitute = |text: &str| {
            captured.iter().fold(text.to_owned(), |text, (name, value)| {
                if text.contains("${") { text.replace(&format!("${{{name}}}"), value) } else { text }
            })
        };
        match (&self.body, &self.text, &self.parts) {
            (Some(json), None, None) => substitute(json.get()).into_bytes(),
            (None, Some(text), None) => substitute(text).into_bytes(),
            (None, None, Some(parts)) => {
                let mut out = Vec::new();
                parts.iter().for_each(|part| part.write(&mut out));
                out
            }
            (None, None, None) => Vec::new(),
            _ => panic!("a step has one body"),
        }
    }
}

/// Compares an answer with a pattern and captures what it names.
struct Matcher<'c> {
    captured: &'c mut BTreeMap<String, String>,
}

impl Matcher<'_> {
    fn compare(&mut self, pattern: &Value, got: &Value, at: &str) -> Result<(), String> {
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
            let known = self.captured.entry(name.to_owned()).or_insert_with(|| text.to_owned());
            if known != text {
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
fn micros(time: &str) -> Option<i64> {
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

/// Hands one completion to the thread that waits for it.
struct Handover(mpsc::Sender<Arc<Answer>>);

impl Receiver for Handover {
    fn receive(&self, completion: Completion) {
        let _ = self.0.send(completion.into_answer());
    }
}

/// Runs one case on one store.
struct Run<'r> {
    client: &'r Arc<Client>,
    immediate: bool,
    captured: BTreeMap<String, String>,
}

impl Run<'_> {
    /// The outcome's text; `Err` is an error document.
    fn request(&self, op: &str, body: &[u8]) -> Result<String, String> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == op).expect("a known operation");
        let (op, allow_immediate) = (kind as u32, self.immediate);
        let request = Request { op, body, allow_immediate, timeout: None, tag: 0 };
        let (sender, receiver) = mpsc::channel();
        let sink = || Sink::Receiver(Arc::new(Handover(sender.clone())));
        match self.client.submit(&request, &sink) {
            Err(refused) => Err(refused.to_json()),
            Ok(Submitted::Done(answer)) => outcome(&answer),
            Ok(Submitted::Accepted(_)) => {
                outcome(&receiver.recv_timeout(Duration::from_secs(60)).expect("a completion"))
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.advance {
            let body = format!("{{\"seconds\":{seconds}}}");
            return self.request("advance", body.as_bytes()).map(drop);
        }
        if let Some((a, relation, b)) = &step.check {
            let (left, right) = (&self.captured[a], &self.captured[b]);
            let holds = match relation.as_str() {
                "<" => left < right,
                "<=" => left <= right,
                "=" => left == right,
                "!=" => left != right,
                other => panic!("{other} is no relation"),
            };
            return if holds { Ok(()) } else { Err(format!("{a} {left} {relation} {b} {right} is false")) };
        }
        if let Some((a, b)) = &step.between {
            let time = |name| micros(&self.captured[name]).expect("a captured time");
            let passed = (time(b) - time(a)) as f64 / 1e6;
            let wanted = step.seconds.expect("between has seconds");
            let fits = (passed - wanted).abs() <= step.within + 1e-7;
            return if fits { Ok(()) } else { Err(format!("{passed} s from {a} to {b}, not {wanted}")) };
        }
        let op = step.op.as_deref().expect("a step is an operation, advance, check or between");
        let got = self.request(op, &step.body(&self.captured));
        self.judge(step, got)
    }

    fn judge(&mut self, step: &Step, got: Result<String, String>) -> Result<(), String> {
        let text = match &got {
            Ok(text) | Err(text) => text,
        };
        let parsed: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let mut matcher = Matcher { captured: &mut self.captured };
        match (&step.expect, &step.error, &got) {
            (Some(pattern), None, Ok(_)) => matcher.compare(pattern, &parsed, "answer")?,
            (None, Some(pattern), Err(_)) => {
                for (name, pattern) in pattern {
                    let got = parsed.get(name).unwrap_or(&Value::Null);
                    match (name.as_str(), pattern, got) {
                        ("message", Value::String(part), Value::String(all)) if all.contains(part) => {}
                        ("message", ..) => return Err(format!("message: expected {pattern} in {got}")),
                        _ => matcher.compare(pattern, got, name)?,
                    }
                }
            }
            (Some(pattern), None, Err(error)) => {
                return Err(format!("expected {pattern}, got error {error}"));
            }
            (None, Some(_), Ok(answer)) => return Err(format!("expected an error, got {answer}")),
            _ => panic!("a step expects an answer or an error"),
        }
        match step.contains.iter().find(|part| !text.contains(*part)) {
            Some(part) => Err(format!("{part} is not in {text}")),
            None => Ok(()),
        }
    }
}

fn outcome(answer: &Answer) -> Result<String, String> {
    let text = answer.json().to_owned();
    if answer.code().is_none() { Ok(text) } else { Err(text) }
}

/// Merges `over` into `base`, objects member by member.
fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (base.get_mut(name), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            _ => drop(base.insert(name.clone(), value.clone())),
        }
    }
}

/// The stores of one run: one per configuration, and one for each case that wants its own.
struct Stores<'d> {
    runtime: Arc<Runtime>,
    base: Value,
    folder: Option<&'d Path>,
    shared: BTreeMap<String, Arc<Client>>,
    opened: usize,
}

impl Stores<'_> {
    fn open(&mut self, config: &Map<String, Value>) -> Arc<Client> {
        let mut whole = self.base.as_object().expect("an object").clone();
        merge(&mut whole, config);
        if let Some(folder) = self.folder {
            self.opened += 1;
            let path = folder.join(format!("{}.db", self.opened));
            whole.insert("path".into(), path.to_str().expect("a path in UTF-8").into());
        }
        let config = Config::parse(&Value::Object(whole).to_string()).expect("a configuration");
        Client::new(Arc::clone(&self.runtime), config).expect("a store")
    }

    fn for_case(&mut self, case: &Case) -> Arc<Client> {
        if case.needs.iter().any(|need| need == "fresh") {
            return self.open(&case.config);
        }
        let key = Value::Object(case.config.clone()).to_string();
        if let Some(client) = self.shared.get(&key) {
            return Arc::clone(client);
        }
        let client = self.open(&case.config);
        self.shared.insert(key, Arc::clone(&client));
        client
    }
}

/// The lines of every file, with the file's name.
fn lines() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<_> =
        folder.read_dir().expect("the vectors").map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    let mut lines = Vec::new();
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        lines.extend(text.lines().map(|line| (name.clone(), line.to_owned())));
    }
    lines
}

/// No two runs of any case share a root label.
fn root_label() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("v{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn run(backend: &str, base: Value, folder: Option<&Path>) {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let mut stores = Stores { runtime, base, folder, shared: BTreeMap::new(), opened: 0 };
    let (mut failures, mut names, mut steps) = (Vec::new(), BTreeSet::new(), 0);
    for (file, line) in lines() {
        for immediate in [true, false] {
            let case: Case = serde_json::from_str(&line.replace("${ns}", &root_label()))
                .unwrap_or_else(|error| panic!("{file}: {error}: {line}"));
            assert!(case.case.starts_with(&format!("{file}: ")), "{} lies in {file}", case.case);
            if immediate {
                assert!(names.insert(case.case.clone()), "{} is there twice", case.case);
            }
            let unable = case.needs.iter().find(|need| !ABLE.contains(&need.as_str()));
            assert_eq!(unable, None, "{}: unknown need", case.case);
            let client = stores.for_case(&case);
            let mut run = Run { client: &client, immediate, captured: BTreeMap::new() };
            steps += case.steps.len();
            let failed = case.steps.iter().enumerate().find_map(|(index, step)| {
                let why = run.step(step).err()?;
                Some(format!(
                    "{} [immediate: {immediate}], step {index}: {why}\n    {}",
                    case.case, case.rule
                ))
            });
            failures.extend(failed);
            if Arc::strong_count(&client) == 1 {
                client.close(Duration::from_secs(10)).expect("closed");
            }
        }
    }
    for client in stores.shared.values() {
        client.close(Duration::from_secs(10)).expect("closed");
    }
    println!("{backend}: {} cases, each twice, {steps} steps, {} failures", names.len(), failures.len());
    let shown: Vec<String> =
        failures.iter().take(SHOWN).map(|text| text.chars().take(1_500).collect()).collect();
    assert!(failures.is_empty(), "{backend}: {} failures\n{}", failures.len(), shown.join("\n"));
}

fn base(backend: &str) -> Value {
    // Durability has no say in any answer; waiting for the medium would only take time.
    json!({"backend": backend, "test_clock": true, "durability": "normal",
        "ttl": {"refresh_slack": 0, "sweep_interval": null}})
}

#[test]
fn memory() {
    run("memory", base("embedded"), None);
}

#[cfg(feature = "file")]
#[test]
fn file() {
    let folder = tempfile::tempdir().expect("a folder");
    run("file", base("embedded"), Some(folder.path()));
}

/// The fault backend without faults is a store like any other.
#[test]
fn fault() {
    run("fault", base("fault"), None);
}
