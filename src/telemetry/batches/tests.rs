use serde_json::{Value as Json, json};

use super::*;
use crate::store::config::Config as StoreConfig;
use crate::store::operation::Kind;
use crate::store::request;

fn shape(body: &Json) -> Shape {
    let body = body.to_string();
    let parsed = request::parse(Kind::Batch, body.as_bytes(), &StoreConfig::default(), &mut |_| {});
    Shape::of(&parsed.expect("a valid batch").operation).expect("a batch has a shape")
}

fn stats(batches: &Batches) -> Json {
    let mut text = String::new();
    batches.stats().push_json(&mut text);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_way_follows_from_the_request() {
    let put = json!({"op": "put", "namespace": ["a"], "key": "k", "value": {}});
    let delete = json!({"op": "delete", "namespace": ["a"], "key": "k"});
    let get = json!({"op": "get", "namespace": ["a"], "key": "k"});
    for (body, way, operations) in [
        (json!({"ops": [put, delete]}), Way::Unlogged, 2),
        (json!({"ops": [put, get, delete]}), Way::Concurrent, 3),
        (json!({"ops": [put, put], "mode": "sequential"}), Way::Concurrent, 2),
        (json!({"ops": [get]}), Way::Concurrent, 1),
        (json!({"ops": []}), Way::Concurrent, 0),
        (json!({"ops": [put, delete], "atomicity": "logged"}), Way::Logged, 2),
        (json!({"ops": [put, get], "atomicity": "logged"}), Way::Logged, 2),
    ] {
        assert_eq!(shape(&body), Shape { operations, way }, "{body}");
    }
    let sweep = request::parse(Kind::Sweep, b"{}", &StoreConfig::default(), &mut |_| {}).expect("sweep");
    assert_eq!(Shape::of(&sweep.operation), None);
}

#[test]
fn no_batches_are_ten_zeros() {
    let stats = stats(&Batches::default());
    let stats = stats.as_object().expect("an object");
    assert_eq!(stats.len(), 10);
    assert!(stats.values().all(|value| value.as_f64() == Some(0.0)), "{stats:?}");
}

#[test]
fn the_ten_figures_add_up() {
    let batches = Batches::default();
    for operations in 1..=100 {
        batches.record(Shape { operations, way: Way::Unlogged });
    }
    for _ in 0..10 {
        batches.record(Shape { operations: 7, way: Way::Logged });
    }
    batches.record(Shape { operations: 200, way: Way::Concurrent });
    assert_eq!(
        stats(&batches),
        json!({
            "total_batches": 111,
            "total_batch_operations": 5_320,
            "avg_batch_size": 5_320.0 / 111.0,
            "atomic_batches": 110,
            "concurrent_batches": 1,
            "logged_batches": 10,
            "unlogged_batches": 100,
            "batch_size_p50": 46,
            "batch_size_p95": 96,
            "batch_size_p99": 100,
        })
    );
    batches.reset();
    assert_eq!(batches.stats(), BatchStats::default());
    batches.record(Shape { operations: 300_000_000, way: Way::Logged });
    assert_eq!(batches.stats().operations, 300_000_000, "a huge batch counts in full");
}
