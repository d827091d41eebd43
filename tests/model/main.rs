//! The store beside a plain model: sequences of requests made up by proptest, on `memory` and on
//! `file`, must be answered as a map would answer them. A failure shrinks to the shortest sequence.
#![allow(missing_docs)]

mod bodies;
mod filter;
mod plain;
mod run;
mod steps;

use std::sync::Arc;

use lgstore::op::client::Client;
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use run::Run;

const OPTIONS: &str = r#""test_clock":true,"ttl":{"refresh_slack":0,"sweep_interval":null}"#;

fn runtime() -> Arc<Runtime> {
    let options = RuntimeOptions { worker_threads: 2, ..RuntimeOptions::default() };
    Runtime::new(options).expect("a runtime")
}

fn client(runtime: &Arc<Runtime>, config: &str) -> Arc<Client> {
    let config = Config::parse(config).expect("a configuration");
    Client::new(runtime.clone(), config).expect("a store")
}

fn judge(run: &mut Run, all: &[steps::Step]) -> Result<(), TestCaseError> {
    let outcome = all.iter().enumerate().try_for_each(|(number, step)| {
        run.step(step).map_err(|error| format!("step {number}, {step:?}: {error}"))
    });
    let outcome = outcome.and_then(|()| run.finish());
    // A refresh may be dropped when the machine is too busy; then the model says too much.
    match outcome {
        Err(_) if run.refreshes_dropped() => Err(TestCaseError::reject("refreshes were dropped")),
        Err(error) => Err(TestCaseError::fail(error)),
        Ok(()) => Ok(()),
    }
}

fn cases(normal: u32) -> ProptestConfig {
    let cases = std::env::var("LGSTORE_CASES").ok().and_then(|text| text.parse().ok());
    let cases = cases.unwrap_or(normal);
    // The seeds of failures go into a test of their own, not into files beside this one.
    ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn memory_answers_like_a_map() {
    let runtime = runtime();
    proptest!(cases(192), |(all in proptest::collection::vec(steps::step(), 1..60))| {
        let client = client(&runtime, &format!(r#"{{"backend":"embedded",{OPTIONS}}}"#));
        let mut run = Run::new(client);
        judge(&mut run, &all)?;
    });
}

#[cfg(feature = "file")]
#[test]
fn a_file_answers_like_a_map_also_after_reopening() {
    let runtime = runtime();
    proptest!(cases(48), |(all in proptest::collection::vec(steps::step(), 1..60), cut in 0usize..60)| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let config = serde_json::json!({"path": path, "durability": "normal", "indexes": ["a", "n"]});
        let config = format!("{},{OPTIONS}}}", config.to_string().trim_end_matches('}'));
        let mut run = Run::new(client(&runtime, &config));
        let (before, after) = all.split_at(cut.min(all.len()));
        judge(&mut run, before)?;
        run.reopen(client(&runtime, &config)).map_err(TestCaseError::fail)?;
        judge(&mut run, after)?;
    });
}

/// The model itself, on what the rules say in words.
#[test]
fn the_model_knows_the_rules() {
    let cases = [
        (r#"{"a":1}"#, r#"{"a":1.0}"#, true),
        (r#"{"a":1}"#, r#"{"a":true}"#, false),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
        (r#"{"a":null}"#, r#"{}"#, false),
        (r#"{"a":{"$ne":1}}"#, r#"{}"#, true),
        (r#"{"a":{}}"#, r#"{"a":{"b":1}}"#, true),
        (r#"{"a":{"$eq":{}}}"#, r#"{"a":{"b":1}}"#, false),
        (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#, false),
        (r#"{"a":{"$gt":9007199254740992}}"#, r#"{"a":9007199254740993}"#, true),
        (r#"{"a":2}"#, r#"{"a":1,"a":2}"#, true),
        (r#"{"$or":[]}"#, r#"{}"#, false),
        (r#"{"a":{"$lt":1}}"#, r#"{"a":-1e10}"#, true),
        (r#"{"a":{"$gte":-0.0}}"#, r#"{"a":0}"#, true),
    ];
    for (filter, value, wanted) in cases {
        assert_eq!(plain::passes(filter, value), wanted, "{filter} on {value}");
    }
}
