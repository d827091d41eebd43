//! What is tried again, when, and what a request says that was.

use super::*;

#[test]
fn without_guards_nothing_is_tried_twice() {
    on(json!({}), |stage| async move {
        stage.will([Err(unavailable())]);
        fails(&stage.put(""), "unavailable").await;
        assert_eq!((stage.attempts(), stage.guards.breaker()), (1, None));
        assert_eq!(stage.report(), Report::default());
    });
}

#[test]
fn a_request_says_how_it_is_tried_again() {
    on(json!({"retry": {"jitter": false}}), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        let options = r#","max_retries":3,"retry_delay":0.5,"retry_backoff":3"#;
        assert_eq!(outcome(&stage.put(options)).await, Ok(Json::Null));
        assert_eq!(stage.pauses(), [0.5, 1.5, 4.5]);
        let retries = stage.report().retries.unwrap();
        assert_eq!((retries.attempts, retries.succeeded, retries.exhausted), (3, 1, 0));
        stage.will((0..9).map(|_| Err(unavailable())));
        fails(&stage.put(r#","max_retries":2"#), "unavailable").await;
        assert_eq!(stage.attempts(), 4 + 3);
        assert_eq!(stage.report().retries.unwrap().exhausted, 1);
    });
}

#[test]
fn the_configuration_says_it_for_all_and_a_request_wins() {
    on(json!({"retry": {"max_retries": 2, "retry_delay": 0.2, "jitter": false}}), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        fails(&stage.put(""), "unavailable").await;
        assert_eq!(stage.pauses(), [0.2, 0.4]);
        stage.will([Err(unavailable())]);
        fails(&stage.put(r#","max_retries":0"#), "unavailable").await;
        assert_eq!(stage.attempts(), 4);
    });
}

#[test]
fn only_what_time_may_cure_is_tried_again() {
    let transient = [Code::Unavailable, Code::Overloaded, Code::Timeout, Code::UnknownOutcome];
    for code in Code::ALL {
        on(json!({"retry": {"max_retries": 1}}), |stage| async move {
            stage.will([Err(Error::new(*code, "x"))]);
            let inbox = stage.put("");
            let ended = outcome(&inbox).await;
            assert_eq!(stage.attempts(), if transient.contains(code) { 2 } else { 1 }, "{code:?}");
            assert_eq!(ended.is_ok(), transient.contains(code));
        });
    }
}

#[test]
fn conditional_writes_are_never_tried_again() {
    let put = r#"{"namespace":["n"],"key":"k","value":{}"#;
    let place = r#"{"namespace":["n"],"key":"k""#;
    for (kind, body) in [
        (Kind::PutIfAbsent, format!("{put}}}")),
        (Kind::UpdateIfExists, format!("{put}}}")),
        (Kind::CompareAndSet, format!(r#"{put},"expected_value":{{}}}}"#)),
        (Kind::DeleteIfExists, format!("{place}}}")),
        (Kind::DeleteIfValue, format!(r#"{place},"expected_value":{{}}}}"#)),
        (Kind::DeletePrefix, r#"{"namespace_prefix":[]}"#.to_owned()),
        (Kind::Sweep, String::new()),
        (Kind::Open, String::new()),
    ] {
        on(json!({"retry": {"max_retries": 5}}), |stage| async move {
            stage.will([Err(unavailable())]);
            fails(&stage.start(kind, &body, None).1, "unavailable").await;
            assert_eq!(stage.attempts(), 1, "{kind:?}");
        });
    }
}

#[test]
fn a_batch_in_doubt_is_tried_again_only_if_it_does_not_read_and_write() {
    let get = r#"{"op":"get","namespace":["n"],"key":"k"}"#;
    let put = r#"{"op":"put","namespace":["n"],"key":"k","value":{}}"#;
    for (ops, error, attempts) in [
        (format!("{put},{put}"), in_doubt(), 2),
        (format!("{get},{put}"), in_doubt(), 1),
        (format!("{get},{put}"), unavailable(), 2),
        (format!("{get},{get}"), in_doubt(), 2),
    ] {
        on(json!({"retry": {"max_retries": 1}}), |stage| async move {
            stage.will([Err(error)]);
            let body = format!(r#"{{"ops":[{ops}]}}"#);
            let ended = outcome(&stage.start(Kind::Batch, &body, None).1).await;
            assert_eq!((stage.attempts(), ended.is_ok()), (attempts, attempts == 2), "{ops}");
        });
    }
}

#[test]
fn a_serial_write_in_doubt_is_not_tried_again() {
    for (error, attempts) in [(in_doubt(), 1), (unavailable(), 2)] {
        on(json!({"retry": {"max_retries": 1}}), |stage| async move {
            stage.will([Err(error)]);
            let ended = outcome(&stage.put(r#","serial":true"#)).await;
            assert_eq!((stage.attempts(), ended.is_ok()), (attempts, attempts == 2));
        });
    }
}

#[test]
fn no_pause_goes_past_the_deadline() {
    on(json!({"retry": {"max_retries": 5, "retry_delay": 10, "jitter": false}}), |stage| async move {
        stage.will([Err(unavailable())]);
        let body = format!("{PUT}}}");
        let (_, inbox) = stage.start(Kind::Put, &body, Some(Duration::from_secs(9)));
        settle().await;
        assert_eq!(
            inbox.try_recv().unwrap().unwrap_err()["code"],
            "unavailable",
            "at once, not at the deadline"
        );
        assert_eq!(stage.attempts(), 1);
        stage.will([Err(unavailable())]);
        let (_, inbox) = stage.start(Kind::Put, &body, Some(Duration::from_secs(60)));
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
    });
}

#[test]
fn a_retry_waits_as_long_as_the_error_asks() {
    on(json!({"retry": {"max_retries": 1, "jitter": false}}), |stage| async move {
        stage.will([Err(Error::new(Code::Overloaded, "busy").with_retry_after_ms(7_000))]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.pauses(), [7.0]);
    });
}

#[test]
fn attempts_share_their_stamp_and_requests_do_not() {
    on(json!({"retry": {"max_retries": 3}}), |stage| async move {
        stage.will([Err(unavailable()), Err(in_doubt()), Ok("null".into())]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        let stamps: Vec<_> = stage.script.attempts.lock().iter().map(|(_, stamp)| *stamp).collect();
        assert_eq!(stamps, [0, 0, 0, 3]);
    });
}

#[test]
fn once_in_doubt_a_failure_says_so() {
    on(json!({"retry": {"max_retries": 2}}), |stage| async move {
        stage.will([Err(unavailable()), Err(in_doubt()), Err(unavailable())]);
        let error = fails(&stage.put(""), "unknown_outcome").await;
        assert_eq!(
            (&error["may_have_applied"], &error["details"]["cause"]["code"]),
            (&json!(true), &json!("unavailable"))
        );
        stage.will([Err(in_doubt()), Err(Error::new(Code::Unauthorized, "no"))]);
        fails(&stage.put(""), "unknown_outcome").await;
        stage.will([Err(in_doubt()), Ok("null".into())]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null), "applied now, whatever was before");
    });
}

#[test]
fn a_cancel_between_attempts_ends_the_request() {
    let config = json!({"retry": {"max_retries": 5, "retry_delay": 100, "max_delay": 100, "jitter": false}});
    for (error, code) in [(unavailable(), "cancelled"), (in_doubt(), "unknown_outcome")] {
        on(config.clone(), |stage| async move {
            stage.script.claims.store(true, Ordering::Relaxed);
            stage.will([Err(error)]);
            let began = Instant::now();
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            settle().await;
            assert!(inbox.try_recv().is_err(), "waits");
            stage.cancel(&ticket);
            fails(&inbox, code).await;
            assert!(began.elapsed() < Duration::from_secs(1));
            sleep(Duration::from_secs(200)).await;
            assert_eq!(stage.attempts(), 1);
        });
    }
}

#[test]
fn a_cancel_while_a_write_is_under_way_ends_its_retries() {
    on(json!({"retry": {"max_retries": 5}}), |stage| async move {
        stage.script.claims.store(true, Ordering::Relaxed);
        stage.script.holds.store(true, Ordering::Relaxed);
        let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
        stage.cancel(&ticket);
        let task = stage.script.held.lock().pop().unwrap();
        task.complete(Err(unavailable()));
        fails(&inbox, "unavailable").await;
        assert_eq!(stage.attempts(), 1);
    });
}

#[test]
fn close_ends_pauses() {
    on(json!({"retry": {"max_retries": 5, "retry_delay": 100, "max_delay": 100}}), |stage| async move {
        stage.script.claims.store(true, Ordering::Relaxed);
        stage.will([Err(in_doubt()), Err(unavailable())]);
        let (first, second) = (stage.put(""), stage.put(""));
        settle().await;
        stage.guards.close();
        fails(&first, "unknown_outcome").await;
        fails(&second, "unavailable").await;
    });
}

#[test]
fn a_runtime_that_goes_down_leaves_nobody_without_an_outcome() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let config = json!({"retry": {"max_retries": 5}, "rate_limit": {"on_limit": "wait",
        "operations": {"get": {"requests_per_minute": 1}}}});
    let config = Config::parse(&config.to_string()).unwrap();
    let script = Arc::<Script>::default();
    let guards = Guarded::new(script.clone(), &config, runtime.handle());
    let stage = Stage { config, script, guards, desk: Arc::new(Desk::new(100, 1 << 20, Arc::new(Silent))) };
    let get = r#"{"namespace":["n"],"key":"k"}"#;
    let (pausing, waiting) = runtime.block_on(async {
        stage.will([Err(in_doubt())]);
        let pausing = stage.put("");
        drop(stage.start(Kind::Get, get, None));
        (pausing, stage.start(Kind::Get, get, None).1)
    });
    assert!(pausing.try_recv().is_err() && waiting.try_recv().is_err());
    drop(runtime);
    assert_eq!(pausing.try_recv().unwrap().unwrap_err()["code"], "unknown_outcome");
    assert_eq!(waiting.try_recv().unwrap().unwrap_err()["code"], "closed");
    let (_, late) = stage.start(Kind::Get, get, None);
    assert_eq!(late.try_recv().unwrap().unwrap_err()["code"], "closed", "a caller that can't start");
}
