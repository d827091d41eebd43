use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::Value;

use super::*;

/// Long enough for any machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn collecting() -> (Sink, Receiver<(i32, Value)>) {
    let (sender, receiver) = channel();
    let sink = move |level: i32, json: &str| {
        let _ = sender.send((level, serde_json::from_str(json).expect("a line is JSON")));
    };
    (Box::new(sink), receiver)
}

fn here(log: &Log, emit: impl FnOnce()) {
    tracing::dispatcher::with_default(log.dispatch(), emit);
}

#[test]
fn lines_carry_level_target_message_and_fields() {
    let log = Log::new(16, "log-a");
    let (sink, lines) = collecting();
    log.set_sink(Some(sink), 5).expect("set");
    here(&log, || {
        tracing::warn!(target: "lgstore::x", bytes = 7_u64, half = 0.5, yes = true, text = "a\"b", level = "mine", bad = f64::NAN, "value of {} bytes", 7);
    });
    let (level, line) = lines.recv_timeout(PATIENCE).expect("a line");
    assert_eq!(level, 2);
    assert_eq!(line["level"], "warn");
    assert_eq!(line["target"], "lgstore::x");
    assert_eq!(line["message"], "value of 7 bytes");
    assert_eq!(line["bytes"], 7);
    assert_eq!(line["half"], 0.5);
    assert_eq!(line["yes"], true);
    assert_eq!(line["text"], "a\"b");
    assert_eq!(line["field.level"], "mine");
    assert_eq!(line["bad"], "NaN");
    assert!(line["ts"].as_str().is_some_and(|ts| ts.ends_with('Z') && ts.len() == 27), "{line}");
    log.end();
}

#[test]
fn silent_without_a_sink_and_only_up_to_the_level() {
    let log = Log::new(16, "log-b");
    let mut formatted = false;
    here(&log, || {
        tracing::error!("{}", {
            formatted = true;
            "never seen"
        })
    });
    log.with(Level::ERROR, || formatted = true);
    assert!(!formatted, "nothing is formatted without a sink");
    let (sink, lines) = collecting();
    log.set_sink(Some(sink), 2).expect("set");
    log.with(Level::INFO, || tracing::info!("too fine"));
    log.with(Level::WARN, || tracing::warn!("first"));
    log.with(Level::ERROR, || tracing::error!("second"));
    log.end();
    let seen: Vec<_> = lines.iter().map(|(level, line)| (level, line["message"].clone())).collect();
    assert_eq!(seen, [(2, Value::from("first")), (1, Value::from("second"))]);
}

#[test]
fn levels_of_two_logs_do_not_mix() {
    let (fine, coarse) = (Log::new(16, "log-c"), Log::new(16, "log-d"));
    let (sink, fine_lines) = collecting();
    fine.set_sink(Some(sink), 5).expect("set");
    let (sink, coarse_lines) = collecting();
    coarse.set_sink(Some(sink), 1).expect("set");
    for log in [&fine, &coarse] {
        here(log, || tracing::debug!("detail"));
    }
    fine.end();
    coarse.end();
    assert_eq!(fine_lines.iter().count(), 1);
    assert_eq!(coarse_lines.iter().count(), 0);
}

/// A sink that reports each call and waits in it until it is let go.
fn stopping() -> (Sink, Receiver<String>, Sender<()>) {
    let (entered, seen) = channel();
    let (go, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let sink = move |_: i32, json: &str| {
        let line: Value = serde_json::from_str(json).expect("a line is JSON");
        let _ = entered.send(line["message"].as_str().unwrap_or_default().to_owned());
        let _ = gate.lock().recv_timeout(PATIENCE);
    };
    (Box::new(sink), seen, go)
}

#[test]
fn a_full_ring_drops_the_oldest_and_says_how_many() {
    let log = Log::new(4, "log-e");
    let (sink, seen, go) = stopping();
    log.set_sink(Some(sink), 3).expect("set");
    here(&log, || tracing::info!("0"));
    assert_eq!(seen.recv_timeout(PATIENCE).expect("the first line"), "0");
    here(&log, || (1..=10).for_each(|n| tracing::info!("{n}")));
    assert_eq!(log.shared.state.lock().ring.len(), 4);
    drop(go);
    log.end();
    let rest: Vec<_> = seen.iter().collect();
    assert!(rest[0].starts_with("6 log lines were dropped"), "{rest:?}");
    assert_eq!(rest[1..], ["7", "8", "9", "10"]);
}

#[test]
fn long_lines_are_cut_and_bytes_are_bounded() {
    let log = Log::new(1_000_000, "log-f");
    let (sink, seen, go) = stopping();
    log.set_sink(Some(sink), 3).expect("set");
    here(&log, || tracing::info!("0"));
    seen.recv_timeout(PATIENCE).expect("the first line");
    let long = "ä".repeat(10_000);
    here(&log, || (0..3_000).for_each(|_| tracing::info!(text = long.as_str(), "x")));
    let state = log.shared.state.lock();
    assert!(state.bytes <= RING_BYTES && state.dropped > 0, "{} bytes", state.bytes);
    assert!(state.ring.iter().all(|line| line.json.len() < FIELD_LIMIT));
    drop(state);
    drop(go);
    log.set_sink(None, 0).expect("removed");
    log.end();
}

/// A field's bytes and the rest of its line.
const FIELD_LIMIT: usize = 4_096 + 256;

#[test]
fn removing_the_sink_waits_for_its_running_call_and_frees_it() {
    struct Owned(Sender<&'static str>);
    impl Drop for Owned {
        fn drop(&mut self) {
            let _ = self.0.send("freed");
        }
    }
    let log = Log::new(16, "log-g");
    let (sink, entered, go) = stopping();
    let (happens, happened) = channel();
    let owned = Owned(happens.clone());
    let wrapped: Sink = Box::new(move |level, json| {
        sink(level, json);
        let _ = owned.0.send("returned");
    });
    log.set_sink(Some(wrapped), 3).expect("set");
    here(&log, || tracing::info!("one"));
    here(&log, || tracing::info!("two"));
    assert_eq!(entered.recv_timeout(PATIENCE).expect("a call"), "one");
    std::thread::scope(|scope| {
        let log = &log;
        scope.spawn(move || {
            log.set_sink(None, 0).expect("removed");
            let _ = happens.send("removed");
        });
        // It can't return before the call does, however long this waits.
        assert!(happened.recv_timeout(Duration::from_millis(50)).is_err());
        drop(go);
    });
    let order: Vec<_> = happened.iter().collect();
    assert_eq!(order, ["returned", "freed", "removed"]);
    assert!(entered.recv().is_err(), "the second line is never delivered");
    log.end();
}

#[test]
fn a_new_sink_gets_what_the_old_one_had_not() {
    let log = Log::new(16, "log-h");
    let (sink, entered, go) = stopping();
    log.set_sink(Some(sink), 3).expect("set");
    here(&log, || ["one", "two"].iter().for_each(|text| tracing::info!("{text}")));
    assert_eq!(entered.recv_timeout(PATIENCE).expect("a call"), "one");
    let (second, lines) = collecting();
    std::thread::scope(|scope| {
        scope.spawn(|| log.set_sink(Some(second), 4).expect("set"));
        // The new sink is in place once its level is; only then may the old one return.
        while log.shared.level.load(Ordering::Relaxed) != 4 {
            std::thread::yield_now();
        }
        let _in_place = log.shared.state.lock();
        drop(go);
    });
    log.end();
    assert_eq!(lines.iter().map(|(_, line)| line["message"].clone()).collect::<Vec<_>>(), ["two"]);
}

#[test]
fn a_sink_may_log_and_remove_itself() {
    let log = Log::new(16, "log-i");
    let (sender, calls) = channel();
    let own = log.clone();
    let sink: Sink = Box::new(move |_, json| {
        own.with(Level::ERROR, || tracing::error!("from the sink"));
        tracing::error!("from the log's thread");
        own.set_sink(None, 0).expect("removed from inside");
        let _ = sender.send(json.to_owned());
    });
    log.set_sink(Some(sink), 5).expect("set");
    here(&log, || ["one", "two"].iter().for_each(|text| tracing::info!("{text}")));
    assert!(calls.recv_timeout(PATIENCE).expect("a call").contains("one"));
    log.end();
    assert_eq!(calls.iter().count(), 0, "neither its own lines nor the second one reach it");
}

#[test]
fn a_panicking_sink_loses_one_line() {
    let log = Log::new(16, "log-j");
    let (sender, lines) = channel();
    let sink: Sink = Box::new(move |_, json| {
        if json.contains("bad") {
            std::panic::resume_unwind(Box::new("quiet"));
        }
        let _ = sender.send(json.to_owned());
    });
    log.set_sink(Some(sink), 5).expect("set");
    here(&log, || ["bad", "good"].iter().for_each(|text| tracing::info!("{text}")));
    assert!(lines.recv_timeout(PATIENCE).expect("the next line").contains("good"));
    log.end();
}

#[test]
fn wrong_levels_and_ended_logs_are_refused() {
    let log = Log::new(16, "log-k");
    for level in [i32::MIN, -1, 0, 6, 256, 257] {
        let error = log.set_sink(Some(Box::new(|_, _| {})), level).expect_err("refused");
        assert_eq!((error.code(), error.field()), (Code::InvalidArg, Some("level")));
    }
    log.end();
    let error = log.set_sink(Some(Box::new(|_, _| {})), 1).expect_err("refused");
    assert_eq!(error.code(), Code::Closed);
    log.set_sink(None, 0).expect("removing nothing is fine");
}
