//! Two nodes: the driver goes to the other one, by itself, and repeats what it has sent to the bit.

use std::time::Duration;

use scylla_proxy::{Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule};
use serde_json::{Value, json};

use crate::frames::{ServerError, bound};
use crate::rig::{Cql, Frames, Rig, first, refuse, results, seen};
use crate::store::{Store, get, put, until};

type Requests = Frames<scylla_proxy::RequestFrame>;

/// Asks a second node soon; soon enough on a busy machine, too.
fn speculative() -> Value {
    json!({"speculative": {"max": 1, "delay": 0.5}})
}

/// A place whose requests go to node 0 first; it holds the item a with the value 1, known to the store.
fn place_of_first_node(rig: &Rig, store: &Store) -> String {
    for index in 0..64 {
        let place = format!("t{index:02}");
        store.put(&place, "a", 1);
        let (reaction, mut met) = seen(RequestReaction::noop());
        rig.rule(rig.runs_in(Cql::Get, &place), reaction);
        assert_eq!(store.number(&place, "a"), Some(1));
        rig.heal();
        if !met.take().is_empty() {
            return place;
        }
    }
    panic!("nobody asks the first node");
}

/// Does something to a statement's requests at the first node, and looks at them at both.
fn at_first(rig: &Rig, statement: Cql, place: &str, reaction: RequestReaction) -> (Requests, Requests) {
    at_both(rig, statement, place, reaction, RequestReaction::noop())
}

fn at_both(
    rig: &Rig,
    statement: Cql,
    place: &str,
    one: RequestReaction,
    two: RequestReaction,
) -> (Requests, Requests) {
    let ((one, first), (two, second)) = (seen(one), seen(two));
    rig.rules(0, vec![RequestRule(rig.runs_in(statement, place), one)], vec![]);
    rig.rules(1, vec![RequestRule(rig.runs_in(statement, place), two)], vec![]);
    (first, second)
}

/// Both nodes got the same write once, and its write time is the item's.
fn repeated(rig: &Rig, place: &str, (first, second): (&mut Requests, &mut Requests)) {
    let (first, second) = (first.take(), second.take());
    assert_eq!((first.len(), second.len()), (1, 1));
    let (first, second) = (bound(&first[0]), bound(&second[0]));
    assert_eq!(first, second, "write time, version, times and value are repeated");
    let text =
        format!("SELECT WRITETIME(value) FROM {{ks}}.store WHERE prefix = 'faults.{place}' AND key = 'a'");
    assert_eq!(rig.cql::<i64>(&text), [first[0].write_time()]);
    let version = rig.cql::<uuid::Uuid>(&text.replace("WRITETIME(value)", "version"));
    assert!(
        first[0].values.contains(&Some(version[0].as_bytes().to_vec())),
        "the version is the first attempt's"
    );
}

#[test]
fn a_slow_node_is_passed_by_and_the_write_repeated_as_it_is() {
    let rig = Rig::two_nodes();
    let store = rig.store(&speculative());
    let place = place_of_first_node(&rig, &store);
    let (mut first, mut second) = at_first(&rig, Cql::Put, &place, RequestReaction::drop_frame());
    store.ask("put", &put(&place, "a", 2));
    repeated(&rig, &place, (&mut first, &mut second));
    assert_eq!(rig.direct().number(&place, "a"), Some(2));
    // A node that is only late writes the same once more, after the other one: nothing changes.
    let (late, mut first) = seen(RequestReaction::delay(Duration::from_secs(4)));
    let (other, mut second) = seen(RequestReaction::noop());
    let (answer, mut written) = seen(ResponseReaction::noop());
    let puts = || rig.runs_in(Cql::Put, &place);
    rig.rules(0, vec![RequestRule(puts(), late)], vec![ResponseRule(results(), answer)]);
    rig.rules(1, vec![RequestRule(puts(), other)], vec![]);
    store.ask("put", &put(&place, "a", 3));
    let before = rig.direct().ask("get", &get(&place, "a"));
    assert!(written.take().is_empty(), "the late node has not written yet");
    until("the late write", || !written.take().is_empty());
    repeated(&rig, &place, (&mut first, &mut second));
    assert_eq!(rig.direct().ask("get", &get(&place, "a")), before);
    // Reads too, and batches.
    let (_, mut second) = at_first(&rig, Cql::Get, &place, RequestReaction::drop_frame());
    assert_eq!(store.number(&place, "a"), Some(3));
    assert_eq!(second.take().len(), 1);
    let (mut first, mut second) = at_first(&rig, Cql::Put, &place, RequestReaction::drop_frame());
    let op = |key| json!({"op": "put", "namespace": ["faults", place], "key": key, "value": {"n": 4}});
    let answer = store.ask("batch", &json!({"ops": [op("a"), op("b")]}));
    assert_eq!(answer["results"], json!([{"result": null}, {"result": null}]));
    repeated(&rig, &place, (&mut first, &mut second));
    assert_eq!(store.metrics()["errors"], json!({}));
}

#[test]
fn a_broken_connection_is_survived_and_the_write_repeated_as_it_is() {
    let rig = Rig::two_nodes();
    let store = rig.store(&json!({}));
    let place = place_of_first_node(&rig, &store);
    // The first node has stored it, but its answer is lost with the connection.
    let ((one, mut first_met), (two, mut second_met)) =
        (seen(RequestReaction::noop()), seen(RequestReaction::noop()));
    let puts = || rig.runs_in(Cql::Put, &place);
    let cut = ResponseRule(first(1, results()), ResponseReaction::drop_connection());
    rig.rules(0, vec![RequestRule(puts(), one)], vec![cut]);
    rig.rules(1, vec![RequestRule(puts(), two)], vec![]);
    store.ask("put", &put(&place, "a", 2));
    repeated(&rig, &place, (&mut first_met, &mut second_met));
    assert_eq!(store.metrics()["errors"], json!({}));
}

#[test]
fn a_node_that_refuses_is_passed_by() {
    let rig = Rig::two_nodes();
    let store = rig.store(&json!({}));
    let place = place_of_first_node(&rig, &store);
    // Overloaded, bootstrapping, unavailable, an error inside the server.
    for (error, number) in [0x1001, 0x1002, 0x1000, 0x0000].into_iter().zip(2..) {
        let error = if error == 0x1000 { ServerError::unavailable() } else { ServerError::plain(error) };
        let (mut first, mut second) = at_first(&rig, Cql::Put, &place, refuse(error.clone()));
        store.ask("put", &put(&place, "a", number));
        repeated(&rig, &place, (&mut first, &mut second));
        at_first(&rig, Cql::Get, &place, refuse(error));
        assert_eq!(store.number(&place, "a"), Some(number));
    }
    assert_eq!(store.metrics()["errors"], json!({}));
}

fn is_unknown(error: &Value, cause: &str) {
    assert_eq!(error["code"], "unknown_outcome", "{error}");
    assert_eq!((&error["retryable"], &error["may_have_applied"]), (&json!(false), &json!(true)), "{error}");
    assert_eq!(error["details"]["cause"], cause, "{error}");
}

#[test]
fn an_attempt_in_doubt_is_not_forgotten_when_the_next_node_refuses() {
    let rig = Rig::two_nodes();
    let store = rig.store(&json!({}));
    let place = place_of_first_node(&rig, &store);
    let refusal = || RequestRule(rig.runs_in(Cql::Put, &place), refuse(ServerError::unavailable()));
    // A connection that breaks after the server has stored the write.
    let cut = ResponseRule(first(1, results()), ResponseReaction::drop_connection());
    rig.rules(0, vec![], vec![cut]);
    rig.rules(1, vec![refusal()], vec![]);
    let error = store.refused("put", &put(&place, "a", 2));
    // The driver may have looked once more for the first one's connection.
    let cause = error["details"]["cause"].as_str().unwrap();
    assert!(["unavailable", "no_connection"].contains(&cause), "{error}");
    is_unknown(&error, cause);
    assert_eq!(rig.direct().number(&place, "a"), Some(2), "it was stored");
    // An error inside the server, which may come at any time. The second node is first until the driver
    // has a new connection to the first.
    crate::store::until("the first node is first again", || {
        let failure = refuse(ServerError::plain(0x0000));
        let (mut met, _) = at_both(&rig, Cql::Put, &place, failure, refuse(ServerError::unavailable()));
        let error = store.refused("put", &put(&place, "a", 3));
        let cause = error["details"]["cause"].as_str().unwrap();
        if !met.take().is_empty() {
            is_unknown(&error, cause);
        }
        cause == "unavailable" && error["may_have_applied"] == true
    });
    // Refused by both: surely not stored.
    let overloaded = refuse(ServerError::plain(0x1001));
    at_both(&rig, Cql::Put, &place, overloaded, refuse(ServerError::unavailable()));
    let error = store.refused("put", &put(&place, "a", 4));
    assert_eq!(
        (&error["code"], &error["may_have_applied"]),
        (&json!("unavailable"), &json!(false)),
        "{error}"
    );
    assert_eq!(rig.direct().number(&place, "a"), Some(2));
}

#[test]
fn a_node_that_gives_up_is_passed_by_after_the_delay() {
    let rig = Rig::two_nodes();
    let store = rig.store(&speculative());
    let place = place_of_first_node(&rig, &store);
    // The driver's retry policy leaves it at such an error.
    let gives_up = refuse(ServerError::write_timeout("SIMPLE"));
    let (mut first, mut second) = at_first(&rig, Cql::Put, &place, gives_up);
    store.ask("put", &put(&place, "a", 2));
    repeated(&rig, &place, (&mut first, &mut second));
    assert_eq!(rig.direct().number(&place, "a"), Some(2));
}

#[test]
fn an_attempt_under_way_is_not_forgotten_when_another_one_ends_the_request() {
    let rig = Rig::two_nodes();
    let store = rig.store(&speculative());
    let place = place_of_first_node(&rig, &store);
    // The first node is late; the second one, asked meanwhile, gives an answer that ends the request.
    let late = || RequestReaction::delay(Duration::from_secs(3));
    for (code, cause) in [(0x2100, "unauthorized"), (0x2200, "invalid_query"), (0x000a, "protocol_error")] {
        at_both(&rig, Cql::Put, &place, late(), refuse(ServerError::plain(code)));
        is_unknown(&store.refused("put", &put(&place, "a", 2)), cause);
    }
    at_both(&rig, Cql::Put, &place, late(), refuse(ServerError::plain(0x2100)));
    let op = |key| json!({"op": "put", "namespace": ["faults", place], "key": key, "value": {"n": 2}});
    let error = store.refused("batch", &json!({"ops": [op("a"), op("b")], "atomicity": "logged"}));
    is_unknown(&error, "unauthorized");
    crate::store::until("the late write", || rig.direct().number(&place, "b") == Some(2));
    // A read that is refused is refused: there is nothing to be in doubt.
    at_both(&rig, Cql::Get, &place, late(), refuse(ServerError::plain(0x2100)));
    assert_eq!(store.refused("get", &get(&place, "a"))["code"], "unauthorized");
}

#[test]
fn a_conditional_write_goes_to_one_node_once() {
    let rig = Rig::two_nodes();
    let options = json!({"speculative": {"max": 2, "delay": 0.2}, "request_timeout": 3});
    let store = rig.store(&options);
    let place = place_of_first_node(&rig, &store);
    let lwt = put(&place, "new", 2);
    for reaction in [RequestReaction::drop_frame(), refuse(ServerError::write_timeout("CAS"))] {
        let (mut first, mut second) = at_both(&rig, Cql::PutIfAbsent, &place, reaction.clone(), reaction);
        let error = store.refused("put_if_absent", &lwt);
        assert_eq!((&error["code"], &error["may_have_applied"]), (&json!("unknown_outcome"), &json!(true)));
        assert_eq!(first.take().len() + second.take().len(), 1, "{error}");
    }
    // What surely was not done may be tried elsewhere.
    let (mut first, _) = at_first(&rig, Cql::PutIfAbsent, &place, refuse(ServerError::unavailable()));
    assert_eq!(store.ask("put_if_absent", &lwt)["applied"], true);
    assert!(first.take().len() <= 1);
}

#[test]
fn a_profile_without_retry_asks_no_second_node() {
    let rig = Rig::two_nodes();
    let store = rig.store(&json!({"profiles": {"once": {"retry": false}}}));
    let place = place_of_first_node(&rig, &store);
    for op in ["put", "get"] {
        let statement = if op == "put" { Cql::Put } else { Cql::Get };
        let (mut first, mut second) = at_first(&rig, statement, &place, refuse(ServerError::plain(0x1001)));
        let mut body = if op == "put" { put(&place, "a", 2) } else { get(&place, "a") };
        body["profile"] = json!("once");
        assert_eq!(store.refused(op, &body)["code"], "overloaded");
        assert_eq!((first.take().len(), second.take().len()), (1, 0));
    }
    // The retries of this library are others: after a pause, the same write to the bit.
    let (reaction, mut met) = seen(refuse(ServerError::plain(0x0000)));
    let puts = || rig.runs_in(Cql::Put, &place);
    rig.rules(0, vec![RequestRule(first(2, puts()), reaction)], vec![]);
    let mut body = put(&place, "a", 3);
    for (name, value) in [("profile", json!("once")), ("max_retries", json!(2)), ("retry_delay", json!(0.01))]
    {
        body[name] = value;
    }
    assert_eq!(store.ask("put", &body), Value::Null);
    let frames = met.take();
    assert_eq!(frames.len(), 2);
    assert_eq!(bound(&frames[0]), bound(&frames[1]));
    let text =
        format!("SELECT WRITETIME(value) FROM {{ks}}.store WHERE prefix = 'faults.{place}' AND key = 'a'");
    assert_eq!(rig.cql::<i64>(&text), [bound(&frames[0])[0].write_time()]);
}
