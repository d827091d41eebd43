//! The rate limits in the way of requests.

use super::*;

#[test]
fn a_limit_refuses_with_the_time_to_come_again() {
    let limit = json!({"rate_limit": {"requests_per_minute": 60, "burst": 2,
        "operations": {"get": {"requests_per_minute": 6, "burst": 1}, "delete": {}}}});
    on(limit, |stage| async move {
        for _ in 0..2 {
            assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        }
        let error = fails(&stage.put(""), "rate_limited").await;
        assert_eq!(
            (&error["retry_after_ms"], &error["details"]),
            (&json!(1_000), &json!({"operation": "put", "requests_per_minute": 60}))
        );
        // Each operation has its own; `delete` has none.
        assert!(stage.get_here("").is_none());
        assert_eq!(stage.get_here("").unwrap().unwrap_err().code(), Code::RateLimited);
        for _ in 0..100 {
            let (_, inbox) = stage.start(Kind::Delete, r#"{"namespace":["n"],"key":"k"}"#, None);
            assert_eq!(outcome(&inbox).await, Ok(Json::Null));
        }
        sleep(Duration::from_millis(1_000)).await;
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.report().rate_limit.unwrap().refused, 2);
    });
}

#[test]
fn a_request_tried_here_and_then_accepted_pays_once() {
    on(json!({"rate_limit": {"requests_per_minute": 1}}), |stage| async move {
        let mut request = stage.prepare(Kind::Get, r#"{"namespace":["n"],"key":"k"}"#);
        assert!(stage.guards.immediate(&mut request).is_none());
        let (ticket, inbox) = stage.admit(&request, None);
        stage.guards.start_all(&mut vec![Task::new(ticket, request)]);
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
    });
}

fn waiting() -> Json {
    json!({"rate_limit": {"requests_per_minute": 60, "burst": 1, "on_limit": "wait"}})
}

#[test]
fn those_who_wait_come_in_order_at_the_rate() {
    on(waiting(), |stage| async move {
        let began = Instant::now();
        let all: Vec<_> = (0..5).map(|_| stage.put("")).collect();
        for (index, inbox) in all.iter().enumerate() {
            assert_eq!(outcome(inbox).await, Ok(Json::Null));
            let seconds = began.elapsed().as_millis() as usize / 1_000;
            assert_eq!(seconds, index);
            assert!(all[index + 1..].iter().all(|later| later.try_recv().is_err()));
        }
        let limit = stage.report().rate_limit.unwrap();
        assert_eq!((limit.waited, limit.waited_us / 1_000_000), (4, 1 + 2 + 3 + 4));
        // The line is empty: the next one goes at once when the bucket has a token.
        sleep(Duration::from_secs(2)).await;
        let again = stage.put("");
        assert_eq!(again.try_recv().unwrap(), Ok(Json::Null));
    });
}

#[test]
fn nobody_overtakes_the_line() {
    on(waiting(), |stage| async move {
        let line = [stage.put(""), stage.put(""), stage.put("")];
        // A token is there, but it belongs to the first in the line, who has not been called yet.
        advance(Duration::from_millis(1_000)).await;
        let late = stage.put("");
        for inbox in line.iter().chain([&late]) {
            assert_eq!(outcome(inbox).await, Ok(Json::Null));
        }
        assert_eq!(stage.attempts(), 4);
    });
}

#[test]
fn a_cancel_in_the_line_is_at_once_and_uses_no_token() {
    on(waiting(), |stage| async move {
        drop(stage.put(""));
        let (first, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
        let second = stage.put("");
        let began = Instant::now();
        stage.cancel(&first);
        fails(&inbox, "cancelled").await;
        assert_eq!(outcome(&second).await, Ok(Json::Null));
        assert_eq!(began.elapsed().as_secs(), 1, "the second has taken the first one's turn");
        assert_eq!(stage.attempts(), 2);
    });
}

#[test]
fn a_line_of_the_cancelled_does_not_grow() {
    on(json!({"rate_limit": {"requests_per_minute": 1, "on_limit": "wait"}}), |stage| async move {
        drop(stage.put(""));
        for _ in 0..10_000 {
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            stage.cancel(&ticket);
            assert_eq!(inbox.try_recv().unwrap().unwrap_err()["code"], "cancelled");
            assert!(Arc::strong_count(&stage.desk) <= 200, "tickets are kept");
        }
    });
}

#[test]
fn close_ends_the_line() {
    on(waiting(), |stage| async move {
        let all: Vec<_> = (0..5).map(|_| stage.put("")).collect();
        assert_eq!(outcome(&all[0]).await, Ok(Json::Null));
        stage.guards.close();
        for inbox in &all[1..] {
            fails(inbox, "closed").await;
        }
        settle().await;
        assert_eq!(stage.attempts(), 1);
    });
}
