//! Ten processes that start together make one schema.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::place::{Place, Store};
use crate::schema::COLUMNS;

/// What makes this program one of the ten: the configuration that it opens.
const VARIABLE: &str = "LGSTORE_TEST_CQL_OPEN_AS";

/// Started as one of the ten, opens and writes; as a test it does nothing.
#[test]
fn one_of_ten() {
    let Ok(config) = std::env::var(VARIABLE) else { return };
    let config: Value = serde_json::from_str(&config).unwrap();
    let store = Store::new(&config);
    let name = std::process::id().to_string();
    store.ask("put", json!({"namespace": ["process", name], "key": "k", "value": {"pid": name}}));
}

#[test]
fn ten_processes_that_start_together_migrate_once() {
    let place = Place::new();
    let program = std::env::current_exe().unwrap();
    let begin = |number: u32| {
        // Each wishes another number of buckets: one of them is everybody's.
        let config = place.config(json!({"schema": {"namespace_buckets": 10 + number}}));
        let mut command = Command::new(&program);
        command.args(["--exact", "together::one_of_ten", "--nocapture"]).env(VARIABLE, config.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ten: Vec<_> = (0..10).map(begin).collect();
    for process in ten {
        let output = process.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
    }
    assert_eq!(place.columns(), COLUMNS);
    assert_eq!(place.meta("migration_lock"), None);
    let buckets: u32 = place.meta("namespace_buckets").unwrap().parse().unwrap();
    assert!((10..20).contains(&buckets));
    let store = place.store(json!({}));
    let found = store.ask("list_namespaces", json!({"limit": 100}));
    assert_eq!(found["namespaces"].as_array().map(Vec::len), Some(10), "{found}");
    let items = store.ask("count", json!({"namespace_prefix": ["process"]}));
    assert_eq!(items, json!(10));
}
