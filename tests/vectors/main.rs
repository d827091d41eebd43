//! Runs the test vectors in process: every case on every backend; where there are immediate answers once
//! with them and once with every request accepted and completed later. The format is in
//! `tests/vectors/README.md`.
#![allow(missing_docs)]

mod case;
#[cfg(feature = "cql")]
#[path = "../cluster/mod.rs"]
mod cluster;
mod matcher;
#[cfg(feature = "cql")]
mod on_cluster;
mod run;
mod stores;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use case::{Case, lines};
use run::{Run, Time};
use stores::Stores;

/// Failures shown in full.
const SHOWN: usize = 20;

fn run(backend: &str, base: Value, folder: Option<&Path>) {
    let mut stores = Stores::new(base, folder);
    let (mut failures, mut names, mut steps) = (Vec::new(), BTreeSet::new(), 0);
    for (file, line) in lines() {
        for immediate in [true, false] {
            let case = Case::read(&file, &line);
            assert!(!immediate || names.insert(case.case.clone()), "{} is there twice", case.case);
            steps += case.steps.len();
            if case.needs("fresh") {
                let client = stores.open(&case.config, None);
                failures.extend(Run::case(&client, &case, immediate, Time::Told).err());
                client.close(Duration::from_secs(10)).expect("closed");
            } else {
                let client = stores.shared(&case.config);
                failures.extend(Run::case(&client, &case, immediate, Time::Told).err());
            }
        }
    }
    stores.close();
    println!("{backend}: {} cases, each twice, {steps} steps, {} failures", names.len(), failures.len());
    judge(backend, &failures);
}

fn judge(backend: &str, failures: &[String]) {
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
