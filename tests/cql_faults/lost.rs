//! Requests and answers that get lost, and answers that come when nobody waits any more.

use std::time::Duration;

use scylla_proxy::{Condition, Reaction, RequestOpcode, RequestReaction, RequestRule, ResponseReaction};
use serde_json::{Value, json};

use crate::frames::ServerError;
use crate::rig::{Cql, Rig, first, results, seen};
use crate::store::{Store, get, put, until};

/// How long the driver waits for an answer, where a test wants it to give up: seconds.
const DRIVER: f64 = 2.0;

fn impatient() -> Value {
    json!({"request_timeout": DRIVER})
}

fn logged(place: &str) -> Value {
    let op = |key: &str| json!({"op": "put", "namespace": ["faults", place], "key": key, "value": {"n": 2}});
    json!({"ops": [op("a"), op("new")], "atomicity": "logged"})
}

/// Requests, and the statement that matters of each.
fn writes() -> Vec<(&'static str, Cql, Value)> {
    vec![
        ("put", Cql::Put, put("l-put", "a", 2)),
        ("delete", Cql::Delete, get("l-delete", "a")),
        ("put_if_absent", Cql::PutIfAbsent, put("l-absent", "new", 2)),
        ("batch", Cql::Put, logged("l-batch")),
    ]
}

fn place_of(body: &Value) -> String {
    let operation = body.get("ops").map_or(body, |ops| &ops[0]);
    operation["namespace"][1].as_str().unwrap().to_owned()
}

/// Makes every item of `writes` known to the store, so that each write is one request, with the value 1.
fn prepare(store: &Store) {
    let known = |(_, _, body): &(_, _, Value)| {
        let place = place_of(body);
        store.put(&place, "a", 1);
        // Registers the namespace too, and teaches the store that there is no item: a put reads otherwise.
        store.put(&place, "new", 1);
    };
    writes().iter().for_each(known);
    store.ask("delete", &get("l-absent", "new"));
}

fn is_unknown(error: &Value, cause: &str) {
    assert_eq!(error["code"], "unknown_outcome", "{error}");
    assert_eq!((&error["retryable"], &error["may_have_applied"]), (&json!(false), &json!(true)), "{error}");
    assert_eq!(error["details"]["cause"], cause, "{error}");
}

#[test]
fn a_lost_request_is_an_unknown_outcome_of_a_write_and_a_timeout_of_a_read() {
    let rig = Rig::new();
    let store = rig.store(&impatient());
    prepare(&store);
    let mut rules = Vec::new();
    let mut frames = Vec::new();
    for (_, statement, body) in writes() {
        let (reaction, met) = seen(RequestReaction::drop_frame());
        rules.push(RequestRule(rig.runs_in(statement, &place_of(&body)), reaction));
        frames.push(met);
    }
    rules.push(RequestRule(rig.runs_in(Cql::Get, "l-get"), RequestReaction::drop_frame()));
    rig.rules(0, rules, vec![]);
    let read = store.start("get", &get("l-get", "a"));
    let sent: Vec<_> = writes().iter().map(|(op, _, body)| store.start(op, body)).collect();
    for (sent, met) in sent.into_iter().zip(&mut frames) {
        let outcome = store.finish(sent);
        let error = outcome.said.expect_err("lost");
        is_unknown(&error, "request_timeout");
        assert_eq!(error["details"]["timeout_us"], (DRIVER * 1e6) as u64);
        assert!(outcome.took >= Duration::from_secs_f64(DRIVER));
        assert_eq!(met.take().len(), 1, "one node: nobody else can be asked");
    }
    let error = store.finish(read).said.expect_err("lost");
    assert_eq!((&error["code"], &error["retryable"]), (&json!("timeout"), &json!(true)), "{error}");
    assert_eq!(error["may_have_applied"], false);
    assert_eq!(error["details"]["cause"], "request_timeout");
    assert_eq!((store.errors("unknown_outcome"), store.errors("timeout")), (4, 1));
    // Nothing has reached the server.
    let beside = rig.direct();
    for (_, _, body) in writes() {
        assert_eq!(beside.number(&place_of(&body), "a"), Some(1), "{body}");
    }
    assert_eq!(beside.number("l-absent", "new"), None);
    // The store goes on.
    rig.heal();
    store.put("l-put", "a", 3);
    assert_eq!(beside.number("l-put", "a"), Some(3));
}

#[test]
fn a_lost_answer_leaves_a_write_that_is_stored() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&impatient()), rig.direct());
    prepare(&store);
    let created_at = beside.ask("get", &get("l-put", "a"))["created_at"].clone();
    for (op, _, body) in writes() {
        rig.answer_rule(first(1, results()), ResponseReaction::drop_frame());
        is_unknown(&store.refused(op, &body), "request_timeout");
    }
    rig.answer_rule(first(1, results()), ResponseReaction::drop_frame());
    assert_eq!(store.refused("get", &get("l-put", "a"))["code"], "timeout");
    rig.heal();
    assert_eq!(beside.number("l-put", "a"), Some(2));
    assert_eq!(beside.number("l-delete", "a"), None);
    assert_eq!((beside.number("l-batch", "a"), beside.number("l-batch", "new")), (Some(2), Some(2)));
    // What became of an LWT tells a read that takes part in it.
    let serial = json!({"namespace": ["faults", "l-absent"], "key": "new", "profile": "lwt_operations"});
    assert_eq!(store.ask("get", &serial)["value"]["n"], 2);
    // Later writes come after what is in doubt, and know what to keep.
    for (key, place) in [("a", "l-put"), ("a", "l-delete"), ("new", "l-absent")] {
        store.put(place, key, 3);
        assert_eq!(beside.number(place, key), Some(3));
    }
    assert_eq!(beside.ask("get", &get("l-put", "a"))["created_at"], created_at);
}

/// The write was stored, but the server says that it can't tell.
#[test]
fn an_error_after_the_write_leaves_it_stored() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    prepare(&store);
    for (op, _, body) in writes() {
        let error = ServerError::write_timeout("SIMPLE");
        let instead =
            ResponseReaction::transform_frame(std::sync::Arc::new(move |answer| error.instead(&answer)));
        rig.answer_rule(first(1, results()), instead);
        is_unknown(&store.refused(op, &body), "write_timeout");
    }
    assert_eq!(beside.number("l-put", "a"), Some(2));
    assert_eq!(beside.number("l-delete", "a"), None);
    assert_eq!(beside.number("l-absent", "new"), Some(2));
    assert_eq!((beside.number("l-batch", "a"), beside.number("l-batch", "new")), (Some(2), Some(2)));
}

/// The caller's own deadline, which passes long before the driver's.
#[test]
fn a_deadline_answers_in_time_and_what_comes_later_is_passed_over() {
    let (deadline, late) = (Duration::from_millis(500), Duration::from_secs(5));
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    prepare(&store);
    beside.put("l-birth", "a", 1);
    let (reaction, mut puts) = seen(RequestReaction::noop());
    let mut rules = vec![
        RequestRule(rig.runs_in(Cql::Birth, "l-birth"), RequestReaction::delay(late)),
        RequestRule(rig.runs_in(Cql::Put, "l-birth"), reaction),
        RequestRule(rig.runs_in(Cql::Get, "l-get"), RequestReaction::delay(late)),
    ];
    for (_, statement, body) in writes() {
        rules.push(RequestRule(rig.runs_in(statement, &place_of(&body)), RequestReaction::delay(late)));
    }
    rig.rules(0, rules, vec![]);
    let get_late = ("get", Cql::Get, get("l-get", "a"));
    let birth_late = ("put", Cql::Birth, put("l-birth", "a", 2));
    let all: Vec<_> = writes().into_iter().chain([get_late, birth_late]).collect();
    let sent: Vec<_> = all.iter().map(|(op, _, body)| store.start_within(op, body, deadline)).collect();
    for (sent, (op, statement, _)) in sent.into_iter().zip(&all) {
        let outcome = store.finish(sent);
        let error = outcome.said.expect_err("late");
        let sure = matches!(statement, Cql::Get | Cql::Birth);
        let code = if sure { "timeout" } else { "unknown_outcome" };
        assert_eq!(error["code"], code, "{op} {statement:?}: {error}");
        assert_eq!(error["may_have_applied"], !sure, "{op}: {error}");
        assert!((deadline..late).contains(&outcome.took), "{op} after {:?}", outcome.took);
    }
    until("the answers", || store.counter("abandoned_requests") == all.len() as u64);
    assert_eq!((store.errors("unknown_outcome"), store.errors("timeout")), (4, 2));
    assert!(puts.take().is_empty(), "a put whose deadline has passed is not sent");
    assert_eq!(beside.number("l-birth", "a"), Some(1));
    assert_eq!(beside.number("l-put", "a"), Some(2), "what was sent is let run out");
    assert_eq!(beside.number("l-delete", "a"), None);
    assert_eq!(beside.number("l-absent", "new"), Some(2));
    assert_eq!(beside.number("l-batch", "new"), Some(2));
}

/// A driver breaks a connection that has more than 1,024 requests which nobody waits for any more.
#[test]
fn two_thousand_abandoned_requests_do_not_break_the_connection() {
    const MANY: u64 = 2_000;
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    beside.put("l-many", "a", 1);
    let (startup, mut connections) = seen(RequestReaction::noop());
    let (late, mut met) = seen(RequestReaction::delay(Duration::from_secs(15)));
    let rules = vec![
        RequestRule(Condition::RequestOpcode(RequestOpcode::Startup), startup),
        RequestRule(rig.runs_in(Cql::Get, "l-many"), late),
    ];
    rig.rules(0, rules, vec![]);
    let body = get("l-many", "a");
    let sent: Vec<_> = (0..MANY).map(|_| store.start_within("get", &body, Duration::from_secs(2))).collect();
    for sent in sent {
        assert_eq!(store.finish(sent).said.expect_err("late")["code"], "timeout");
    }
    assert_eq!(store.errors("timeout"), MANY);
    // While they are out there is room for others on the same connection.
    assert_eq!(store.ask("get", &get("l-other", "a")), Value::Null);
    // On a busy machine some have never been sent.
    let abandoned = met.take().len() as u64;
    assert!(abandoned > 1_024, "only {abandoned} were sent");
    until("the answers", || store.counter("abandoned_requests") == abandoned);
    assert!(connections.take().is_empty(), "a connection was made anew");
    rig.heal();
    assert_eq!(store.number("l-many", "a"), Some(1));
    assert_eq!(store.metrics()["in_flight"], 0);
}
