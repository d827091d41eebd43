//! Every kind of error that a server can answer, to every kind of request: the code, what may have
//! happened, and the figures; and that what the server refused is not there.

use scylla_proxy::{Reaction, RequestReaction, RequestRule};
use serde_json::{Value, json};

use crate::frames::{LOCAL_QUORUM, MESSAGE, ServerError, int};
use crate::rig::{Cql, Frames, RATE_LIMIT, Rig, first, holds, refuse, seen};
use crate::store::{Store, get, put};

/// One kind of error, and what a store makes of it.
struct Case {
    error: ServerError,
    /// The code that a read answers.
    read: &'static str,
    /// The code that a write answers.
    write: &'static str,
    /// Members of `details`, the cause first.
    details: Value,
    /// How often the driver asks before it gives up: reads, writes that may be repeated.
    asked: (usize, usize),
}

fn case(error: ServerError, (read, write): (&'static str, &'static str), details: Value) -> Case {
    Case { error, read, write, details, asked: (1, 1) }
}

/// A refusal: nothing was done, of a read or a write.
fn refusal(code: i32, says: &'static str, cause: &str) -> Case {
    case(ServerError::plain(code), (says, says), json!({"cause": cause}))
}

fn cases() -> Vec<Case> {
    let quorum = LOCAL_QUORUM.to_be_bytes();
    let answers = |cause: &str, received: i32, required: i32| json!({"cause": cause, "consistency": "LOCAL_QUORUM", "received": received, "required": required});
    let lost = ("timeout", "unknown_outcome");
    let failed = ("backend", "unknown_outcome");
    let mut cases = vec![
        case(
            ServerError::unavailable(),
            ("unavailable", "unavailable"),
            json!({"cause": "unavailable", "consistency": "LOCAL_QUORUM", "required": 2, "alive": 1}),
        ),
        case(
            ServerError::new(0x1200, &[&quorum, &int(1), &int(2), &[1]]),
            lost,
            answers("read_timeout", 1, 2),
        ),
        // All have answered, but none with the data: the driver asks the same node again, once.
        Case {
            asked: (2, 2),
            ..case(
                ServerError::new(0x1200, &[&quorum, &int(2), &int(2), &[0]]),
                lost,
                answers("read_timeout", 2, 2),
            )
        },
        case(
            ServerError::new(0x1300, &[&quorum, &int(1), &int(2), &int(1), &[0]]),
            failed,
            with(answers("read_failure", 1, 2), json!({"failures": 1})),
        ),
        case(
            ServerError::new(0x1500, &[&quorum, &int(0), &int(2), &int(2), &[0, 6], b"SIMPLE"]),
            failed,
            with(answers("write_failure", 0, 2), json!({"failures": 2, "write_type": "SIMPLE"})),
        ),
        case(ServerError::new(RATE_LIMIT, &[&[1, 0]]), ("overloaded", "overloaded"), {
            json!({"cause": "rate_limit_of_server"})
        }),
        refusal(0x1001, "overloaded", "overloaded"),
        refusal(0x1002, "unavailable", "bootstrapping"),
        case(ServerError::plain(0x1003), failed, json!({"cause": "truncate_error"})),
        case(ServerError::plain(0x0000), failed, json!({"cause": "server_error"})),
        refusal(0x000a, "backend", "protocol_error"),
        refusal(0x2000, "backend", "syntax_error"),
        refusal(0x2100, "unauthorized", "unauthorized"),
        refusal(0x0100, "unauthorized", "authentication"),
        refusal(0x2200, "backend", "invalid_query"),
        refusal(0x2300, "backend", "config_error"),
        case(
            ServerError::new(0x2400, &[&[0, 1], b"k", &[0, 1], b"t"]),
            ("backend", "backend"),
            json!({"cause": "already_exists"}),
        ),
        // An LWT whose outcome the server does not know; the driver has no name for it.
        case(ServerError::new(0x1700, &[&quorum, &int(1), &int(2)]), lost, {
            json!({"cause": "cas_write_unknown"})
        }),
        // Nobody knows this one.
        case(ServerError::plain(0x7fff), failed, json!({"cause": "server"})),
    ];
    let types = ["SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG", "CAS", "VIEW", "CDC", "NEW"];
    for name in types {
        let details = with(answers("write_timeout", 1, 2), json!({"write_type": name}));
        let again = if name == "BATCH_LOG" { 2 } else { 1 };
        let one = case(ServerError::write_timeout(name), lost, details);
        cases.push(Case { asked: (again, again), ..one });
    }
    cases
}

fn with(mut details: Value, more: Value) -> Value {
    let (Value::Object(all), Value::Object(more)) = (&mut details, more) else { unreachable!() };
    all.extend(more);
    details
}

/// A request, and the statement of it that gets the errors.
struct Part {
    op: &'static str,
    statement: Cql,
    /// Who the error says has failed.
    operation: &'static str,
    writes: bool,
    /// May be repeated, so the driver does in some cases.
    repeatable: bool,
    body: fn(&str) -> Value,
}

/// Runs the part once with each error, all side by side, each in a place of its own where the keys a to
/// e hold 1.
fn run(number: usize, part: &Part) {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    let cases = cases();
    let place = |index: usize| format!("p{number:02}c{index:02}");
    let items = (0..cases.len()).flat_map(|index| ["a", "b", "c", "d", "e"].map(|key| (place(index), key)));
    let items: Vec<_> = items.map(|(place, key)| beside.start("put", &put(&place, key, 1))).collect();
    for item in items {
        assert_eq!(beside.finish(item).said, Ok(Value::Null));
    }
    let (mut rules, mut frames) = (Vec::new(), Vec::new());
    for (index, case) in cases.iter().enumerate() {
        let condition = rig.runs_in(part.statement, &place(index));
        if matches!(part.statement, Cql::Page) {
            rules.push(RequestRule(first(1, condition.clone()), RequestReaction::noop()));
        }
        let (reaction, met) = seen(refuse(case.error.clone()));
        rules.push(RequestRule(condition, reaction));
        frames.push(met);
    }
    rig.rules(0, rules, vec![]);
    let sent: Vec<_> =
        (0..cases.len()).map(|index| store.start(part.op, &(part.body)(&place(index)))).collect();
    for ((sent, case), met) in sent.into_iter().zip(&cases).zip(&mut frames) {
        judge(part, case, store.finish(sent).said, met);
    }
    for index in 0..cases.len() {
        // A put of another key is the only one that may have come: the one whose registration or
        // read before the write has failed has not, nor has one that was refused itself.
        assert_eq!(beside.number(&place(index), "a"), Some(1), "{} {index}", part.op);
        assert_eq!(beside.number(&place(index), "new"), None, "{} {index}", part.op);
    }
    counted(part, &store, &cases);
}

fn code_of<'c>(part: &Part, case: &'c Case) -> &'c str {
    if part.writes { case.write } else { case.read }
}

fn judge(part: &Part, case: &Case, said: Result<Value, Value>, met: &mut Frames<scylla_proxy::RequestFrame>) {
    let about = format!("{} {:?} at {:#06x} {}", part.op, part.statement, case.error.code, case.details);
    let errors = match (said, part.op) {
        // Each write of the batch has its own outcome.
        (Ok(answer), "batch") => {
            let results = answer["results"].as_array().expect("results").clone();
            assert_eq!(results.len(), 2, "{about}");
            results.iter().map(|result| result["error"].clone()).collect()
        }
        (Ok(answer), _) => panic!("{about}: {answer}"),
        (Err(error), _) => vec![error],
    };
    let code = code_of(part, case);
    for error in errors {
        assert_eq!(error["code"], code, "{about}: {error}");
        assert_eq!(error["retryable"], ["unavailable", "timeout", "overloaded"].contains(&code), "{about}");
        assert_eq!(error["may_have_applied"], code == "unknown_outcome", "{about}");
        assert!(error.get("field").is_none(), "{about}: {error}");
        let details = with(case.details.clone(), json!({"operation": part.operation}));
        assert_eq!(error["details"], details, "{about}");
        let has_figures = case.details.get("consistency").is_some() && case.details.get("failures").is_none();
        let message = error["message"].as_str().unwrap();
        assert!(has_figures || message.contains(MESSAGE), "{about}: {message}");
    }
    let frames = met.take();
    let (read, write) = case.asked;
    let asked = if !part.repeatable {
        1
    } else if part.writes {
        write
    } else {
        read
    };
    assert_eq!(frames.len(), asked, "{about}");
    // Repeated to the bit: write time, version, updated_at.
    assert!(frames.iter().all(|frame| frame.body == frames[0].body), "{about}");
}

fn counted(part: &Part, store: &Store, cases: &[Case]) {
    let metrics = store.metrics();
    if part.op == "batch" && metrics["errors"] == json!({}) {
        // The request itself has succeeded.
        assert_eq!(metrics["operations"]["batch"]["count"], cases.len());
        return;
    }
    assert_eq!(metrics["operations"][part.op]["errors"], cases.len(), "{metrics}");
    for code in ["unavailable", "timeout", "unknown_outcome", "overloaded", "unauthorized", "backend"] {
        let expected = cases.iter().filter(|case| code_of(part, case) == code).count();
        assert_eq!(metrics["errors"][code].as_u64().unwrap_or(0), expected as u64, "{code} in {metrics}");
    }
}

#[test]
fn a_get_says_what_went_wrong() {
    run(
        1,
        &Part {
            op: "get",
            statement: Cql::Get,
            operation: "get",
            writes: false,
            repeatable: true,
            body: |place| get(place, "a"),
        },
    );
}

#[test]
fn a_put_says_what_may_have_happened() {
    run(
        2,
        &Part {
            op: "put",
            statement: Cql::Put,
            operation: "put",
            writes: true,
            repeatable: true,
            body: |place| put(place, "a", 2),
        },
    );
}

#[test]
fn a_put_whose_namespace_can_not_be_registered_is_not_stored() {
    run(
        3,
        &Part {
            op: "put",
            statement: Cql::Register,
            operation: "put",
            writes: false,
            repeatable: true,
            body: |place| put(place, "new", 2),
        },
    );
}

#[test]
fn a_put_that_can_not_read_created_at_is_not_stored() {
    run(
        4,
        &Part {
            op: "put",
            statement: Cql::Birth,
            operation: "put",
            writes: false,
            repeatable: true,
            body: |place| put(place, "new", 2),
        },
    );
}

#[test]
fn a_delete_says_what_may_have_happened() {
    run(
        5,
        &Part {
            op: "delete",
            statement: Cql::Delete,
            operation: "delete",
            writes: true,
            repeatable: true,
            body: |place| get(place, "a"),
        },
    );
}

#[test]
fn a_conditional_write_is_never_repeated() {
    run(
        6,
        &Part {
            op: "put_if_absent",
            statement: Cql::PutIfAbsent,
            operation: "put_if_absent",
            writes: true,
            repeatable: false,
            body: |place| put(place, "new", 2),
        },
    );
}

#[test]
fn a_condition_that_can_not_be_read_is_a_failed_read() {
    run(
        7,
        &Part {
            op: "compare_and_set",
            statement: Cql::Get,
            operation: "compare_and_set",
            writes: false,
            // At SERIAL the driver does not repeat.
            repeatable: false,
            body: |place| with(put(place, "a", 2), json!({"expected_value": {"n": 1}})),
        },
    );
}

#[test]
fn a_compare_and_set_says_what_may_have_happened() {
    run(
        8,
        &Part {
            op: "compare_and_set",
            statement: Cql::PutIfVersion,
            operation: "compare_and_set",
            writes: true,
            repeatable: false,
            body: |place| with(put(place, "a", 2), json!({"expected_value": {"n": 1}})),
        },
    );
}

fn two_puts(place: &str, atomicity: &str) -> Value {
    let op = |key| with(put(place, key, 2), json!({"op": "put"}));
    json!({"ops": [op("a"), op("new")], "atomicity": atomicity})
}

#[test]
fn every_write_of_a_batch_says_what_may_have_happened() {
    run(
        9,
        &Part {
            op: "batch",
            statement: Cql::Put,
            operation: "batch",
            writes: true,
            repeatable: true,
            body: |place| two_puts(place, "none"),
        },
    );
}

#[test]
fn a_logged_batch_says_what_may_have_happened() {
    run(
        10,
        &Part {
            op: "batch",
            statement: Cql::Put,
            operation: "batch",
            writes: true,
            repeatable: true,
            body: |place| two_puts(place, "logged"),
        },
    );
}

#[test]
fn a_search_that_fails_at_its_second_page_fails() {
    run(
        11,
        &Part {
            op: "search",
            statement: Cql::Page,
            operation: "search",
            writes: false,
            repeatable: true,
            body: |place| json!({"namespace_prefix": ["faults", place], "limit": 5, "page_size": 2}),
        },
    );
}

#[test]
fn a_statement_that_can_not_be_prepared_is_an_error_of_opening() {
    let rig = Rig::new();
    rig.rule(holds(b"USING TIMESTAMP ? AND TTL ?"), refuse(ServerError::plain(0x2100)));
    let store = Store::closed(&rig.config(&json!({})));
    let error = store.refused("get", &get("x", "k"));
    assert_eq!(
        (&error["code"], &error["may_have_applied"]),
        (&json!("unauthorized"), &json!(false)),
        "{error}"
    );
    assert_eq!(error["details"], json!({"operation": "open", "cause": "unauthorized"}));
    // The next request opens anew.
    rig.heal();
    assert_eq!(store.ask("get", &get("x", "k")), Value::Null);
}
