//! The breaker in the way of requests.

use super::*;
use crate::telemetry::health::Health;

const BREAKER: &str = r#"{"enabled":true,"failure_threshold":3,"success_threshold":2,"timeout":30}"#;

fn with_breaker(more: Json) -> Json {
    let mut config = json!({"breaker": serde_json::from_str::<Json>(BREAKER).unwrap()});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn the_breaker_opens_refuses_probes_and_closes() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        let error = fails(&stage.put(""), "circuit_open").await;
        assert_eq!(error["retryable"], true);
        assert_eq!(error["details"], json!({"state": "OPEN", "failures": 3}));
        let after = error["retry_after_ms"].as_u64().unwrap();
        assert!((29_900..=30_000).contains(&after), "{after}");
        assert_eq!(stage.attempts(), 3, "an open breaker asks nothing of the backend");
        let at_once = stage.get_here("").expect("an answer on the caller's thread");
        assert_eq!(at_once.unwrap_err().code(), Code::CircuitOpen);
        advance(Duration::from_secs(30)).await;
        stage.script.holds.store(true, Ordering::Relaxed);
        let probes = [stage.put(""), stage.put("")];
        fails(&stage.put(""), "circuit_open").await;
        for task in std::mem::take(&mut *stage.script.held.lock()) {
            task.complete(Ok("null".into()));
        }
        for probe in probes {
            assert_eq!(outcome(&probe).await, Ok(Json::Null));
        }
        let breaker = stage.report().breakers[0];
        assert_eq!(
            (breaker.state, breaker.opened, breaker.rejected, breaker.failures),
            (State::Closed, 1, 3, 3)
        );
    });
}

#[test]
fn health_is_asked_past_an_open_breaker() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        assert_eq!(outcome(&stage.start(Kind::ClusterInfo, "", None).1).await, Ok(Json::Null));
        stage.script.holds.store(true, Ordering::Relaxed);
        let (_, asked) = stage.start(Kind::Health, "", None);
        stage.script.holds.store(false, Ordering::Relaxed);
        let task = stage.script.held.lock().pop().unwrap();
        task.complete(Ok(Health::begin().to_json()));
        let health = outcome(&asked).await.unwrap();
        assert_eq!(health["checks"]["circuit_breaker"]["status"], "unhealthy", "{health}");
        assert_eq!(health["status"], "unhealthy");
        fails(&stage.start(Kind::Open, "", None).1, "circuit_open").await;
        assert!(stage.guards.reset_breaker());
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
    });
}

#[test]
fn only_failures_of_the_cluster_open_the_breaker() {
    let sick = [Code::Unavailable, Code::Overloaded, Code::Timeout, Code::UnknownOutcome];
    for code in Code::ALL {
        on(with_breaker(json!({})), |stage| async move {
            stage.will((0..3).map(|_| Err(Error::new(*code, "x"))));
            for _ in 0..3 {
                fails(&stage.put(""), code.name()).await;
            }
            let state = stage.guards.breaker().unwrap().state;
            let wanted = if sick.contains(code) { State::Open } else { State::Closed };
            assert_eq!(state, wanted, "{code:?}");
        });
    }
}

#[test]
fn what_hangs_with_one_node_does_not_open_the_breaker() {
    let conditional = r#"{"namespace":["n"],"key":"k","value":{}}"#;
    let logged = r#"{"atomicity":"logged","ops":[]}"#;
    let serial = r#"{"namespace":["n"],"key":"k","value":{},"serial":true}"#;
    for (kind, body) in [(Kind::PutIfAbsent, conditional), (Kind::Batch, logged), (Kind::Put, serial)] {
        for code in [Code::Timeout, Code::UnknownOutcome, Code::Unavailable, Code::Overloaded] {
            on(with_breaker(json!({})), |stage| async move {
                stage.will((0..3).map(|_| Err(Error::new(code, "x"))));
                for _ in 0..3 {
                    fails(&stage.start(kind, body, None).1, code.name()).await;
                }
                let state = stage.guards.breaker().unwrap().state;
                let lost = matches!(code, Code::Timeout | Code::UnknownOutcome);
                assert_eq!(state, if lost { State::Closed } else { State::Open }, "{kind:?} {code:?}");
            });
        }
    }
}

#[test]
fn a_callers_short_deadline_does_not_open_the_breaker() {
    on(with_breaker(json!({})), |stage| async move {
        stage.script.holds.store(true, Ordering::Relaxed);
        let time_out = |deadline: Duration| {
            let (_, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), Some(deadline));
            let task = stage.script.held.lock().pop().unwrap();
            (task, inbox)
        };
        for _ in 0..10 {
            let (task, inbox) = time_out(Duration::ZERO);
            task.complete(Err(Error::new(Code::Timeout, "late")));
            fails(&inbox, "timeout").await;
        }
        assert_eq!(stage.guards.breaker().unwrap().failures, 0);
        // The same deadline, but the cluster had a second.
        for _ in 0..3 {
            let (task, inbox) = time_out(Duration::ZERO);
            advance(Duration::from_secs(1)).await;
            task.complete(Err(Error::new(Code::Timeout, "late")));
            fails(&inbox, "timeout").await;
        }
        assert_eq!(stage.guards.breaker().unwrap().state, State::Open);
    });
}

#[test]
fn a_cancelled_or_dropped_probe_makes_room_for_another() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        advance(Duration::from_secs(30)).await;
        for _ in 0..5 {
            stage.script.holds.store(true, Ordering::Relaxed);
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            stage.cancel(&ticket);
            fails(&inbox, "cancelled").await;
            drop(stage.script.held.lock().pop().unwrap());
            drop(stage.get_here(""));
        }
        stage.script.holds.store(false, Ordering::Relaxed);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.guards.breaker().unwrap().state, State::Closed);
    });
}

#[test]
fn an_opening_breaker_ends_retries() {
    on(with_breaker(json!({"retry": {"max_retries": 10}})), |stage| async move {
        stage.will((0..20).map(|_| Err(unavailable())));
        fails(&stage.put(""), "unavailable").await;
        assert_eq!((stage.attempts(), stage.guards.breaker().unwrap().state), (3, State::Open));
    });
}

#[test]
fn failed_parts_of_a_batch_count() {
    on(with_breaker(json!({})), |stage| async move {
        stage.script.holds.store(true, Ordering::Relaxed);
        for failures in 1..=3 {
            let (_, inbox) = stage.start(Kind::Batch, r#"{"ops":[]}"#, None);
            let task = stage.script.held.lock().pop().unwrap();
            task.part_failed(&Error::invalid("x", "the caller's"));
            task.part_failed(&unavailable());
            task.complete(Ok(r#"{"results":[]}"#.into()));
            outcome(&inbox).await.unwrap();
            assert_eq!(stage.guards.breaker().unwrap().failures, failures, "the answer must not hide it");
        }
        assert_eq!(stage.guards.breaker().unwrap().state, State::Open);
    });
}

#[test]
fn answers_at_once_pass_breaker_and_retry() {
    on(with_breaker(json!({"retry": {"retry_delay": 1, "jitter": false}})), |stage| async move {
        stage.script.at_once.store(true, Ordering::Relaxed);
        stage.will((0..2).map(|_| Err(unavailable())));
        assert_eq!(stage.get_here("").unwrap().unwrap_err().code(), Code::Unavailable);
        assert_eq!(stage.guards.breaker().unwrap().failures, 1);
        // To be tried again it must be accepted: the failure is its first attempt.
        let body = r#"{"namespace":["n"],"key":"k","max_retries":1}"#;
        let mut request = stage.prepare(Kind::Get, body);
        assert!(stage.guards.immediate(&mut request).is_none());
        let (ticket, inbox) = stage.admit(&request, None);
        stage.guards.start_all(&mut vec![Task::new(ticket, request)]);
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
        assert_eq!((stage.attempts(), stage.pauses()[1]), (3, 1.0));
    });
}
