//! The files' lines: cases, steps and bodies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What a case may ask of its runner.
pub const NEEDS: [&str; 6] = ["fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub case: String,
    pub rule: String,
    #[serde(default)]
    pub config: Map<String, Value>,
    #[serde(default)]
    pub needs: Vec<String>,
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub op: Option<String>,
    body: Option<Box<RawValue>>,
    text: Option<String>,
    parts: Option<Vec<Part>>,
    #[serde(default, deserialize_with = "present")]
    pub expect: Option<Value>,
    pub error: Option<Map<String, Value>>,
    #[serde(default)]
    pub contains: Vec<String>,
    pub advance: Option<f64>,
    pub check: Option<(String, String, String)>,
    pub between: Option<(String, String)>,
    pub seconds: Option<f64>,
    #[serde(default)]
    pub within: f64,
}

/// `null` is an answer like any other.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Part {
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
    pub fn body(&self, captured: &BTreeMap<String, String>) -> Vec<u8> {
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

impl Case {
    /// The case in a line, below a root label that no other run of any case uses.
    pub fn read(file: &str, line: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // On a cluster, runs of other processes are there too.
        let began = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_micros();
        let label = format!("v{began:x}n{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let case: Self = serde_json::from_str(&line.replace("${ns}", &label))
            .unwrap_or_else(|error| panic!("{file}: {error}: {line}"));
        assert!(case.case.starts_with(&format!("{file}: ")), "{} lies in {file}", case.case);
        let unknown = case.needs.iter().find(|need| !NEEDS.contains(&need.as_str()));
        assert_eq!(unknown, None, "{}: unknown need", case.case);
        case
    }

    pub fn needs(&self, what: &str) -> bool {
        self.needs.iter().any(|need| need == what)
    }
}

/// The lines of every file, with the file's name.
pub fn lines() -> Vec<(String, String)> {
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
