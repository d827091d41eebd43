//! The breaker's states, with a clock that stands still.

use std::sync::Arc;

use tokio::time::advance;

use super::*;

fn paused(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test);
}

type Heard = Arc<Mutex<Vec<State>>>;

/// 3 failures open it, 2 successes close it, 10 seconds.
fn breaker() -> (Breaker, Heard) {
    let heard = Heard::default();
    let config = BreakerConfig { enabled: None, failure_threshold: 3, success_threshold: 2, timeout: 10.0 };
    let notes = heard.clone();
    (Breaker::new(&config, move |state, _| notes.lock().push(state)), heard)
}

fn send(breaker: &Breaker, verdict: Verdict) {
    let permit = breaker.admit().expect("let through");
    breaker.report(permit, verdict);
}

fn opened() -> (Breaker, Heard) {
    let (breaker, heard) = breaker();
    (0..3).for_each(|_| send(&breaker, Verdict::Sick));
    assert_eq!(breaker.status().state, State::Open);
    (breaker, heard)
}

#[test]
fn only_failures_in_a_row_open_it() {
    paused(async {
        let (breaker, heard) = breaker();
        for _ in 0..10 {
            send(&breaker, Verdict::Sick);
            send(&breaker, Verdict::Sick);
            send(&breaker, Verdict::Neutral);
            assert_eq!(breaker.status().failures, 2, "a request at fault says nothing");
            send(&breaker, Verdict::Healthy);
            assert_eq!(breaker.status().failures, 0);
        }
        (0..3).for_each(|_| send(&breaker, Verdict::Sick));
        assert_eq!(*heard.lock(), [State::Open]);
        assert_eq!((breaker.status().opened, breaker.status().all_failures), (1, 23));
    });
}

#[test]
fn what_others_succeeded_beside_says_nothing_of_the_cluster() {
    paused(async {
        let (breaker, heard) = breaker();
        let hung: Vec<_> = (0..9).map(|_| breaker.admit().expect("let through")).collect();
        send(&breaker, Verdict::Healthy);
        hung.into_iter().for_each(|permit| breaker.report(permit, Verdict::Sick));
        assert_eq!((breaker.status().failures, breaker.status().all_failures), (0, 9));
        // What begins later has nobody to speak for it.
        let later: Vec<_> = (0..3).map(|_| breaker.admit().expect("let through")).collect();
        later.into_iter().for_each(|permit| breaker.report(permit, Verdict::Sick));
        assert_eq!(*heard.lock(), [State::Open]);
    });
}

#[test]
fn open_refuses_and_says_for_how_long() {
    paused(async {
        let (breaker, _) = opened();
        assert_eq!(breaker.admit(), Err(Duration::from_secs(10)));
        advance(Duration::from_secs(7)).await;
        assert_eq!(breaker.admit(), Err(Duration::from_secs(3)));
        assert_eq!(breaker.status().retry_after, Some(Duration::from_secs(3)));
        advance(Duration::from_secs(3)).await;
        assert_eq!(breaker.status().state, State::HalfOpen);
        breaker.admit().expect("a probe");
    });
}

#[test]
fn half_open_lets_as_many_through_as_are_missing_and_closes() {
    paused(async {
        let (breaker, heard) = opened();
        advance(Duration::from_secs(10)).await;
        let (first, second) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        assert!(breaker.admit().is_err(), "two probes are enough to close it");
        breaker.report(first, Verdict::Healthy);
        assert!(breaker.admit().is_err(), "one is missing, and that one is under way");
        breaker.report(second, Verdict::Neutral);
        send(&breaker, Verdict::Healthy);
        assert_eq!(breaker.status().state, State::Closed);
        assert_eq!(*heard.lock(), [State::Open, State::HalfOpen, State::Closed]);
        assert_eq!(breaker.status().failures, 0);
        (0..2).for_each(|_| send(&breaker, Verdict::Sick));
        assert_eq!(breaker.status().state, State::Closed);
    });
}

#[test]
fn one_failure_of_a_probe_opens_it_again_for_the_whole_time() {
    paused(async {
        let (breaker, _) = opened();
        advance(Duration::from_secs(10)).await;
        send(&breaker, Verdict::Healthy);
        send(&breaker, Verdict::Sick);
        assert_eq!(breaker.admit(), Err(Duration::from_secs(10)));
    });
}

#[test]
fn verdicts_of_an_earlier_state_do_not_count() {
    paused(async {
        let (breaker, _) = breaker();
        let early: Vec<_> = (0..8).map(|_| breaker.admit().unwrap()).collect();
        early[..3].iter().for_each(|permit| breaker.report(*permit, Verdict::Sick));
        advance(Duration::from_secs(10)).await;
        let probe = breaker.admit().unwrap();
        breaker.report(early[3], Verdict::Sick);
        breaker.report(early[4], Verdict::Healthy);
        breaker.part_failed(early[5]);
        let status = breaker.status();
        assert_eq!((status.state, status.successes), (State::HalfOpen, 0));
        breaker.report(probe, Verdict::Healthy);
        send(&breaker, Verdict::Healthy);
        breaker.report(early[6], Verdict::Sick);
        assert_eq!((breaker.status().state, breaker.status().failures), (State::Closed, 0));
    });
}

#[test]
fn probes_that_never_end_do_not_keep_it_half_open() {
    paused(async {
        let (breaker, _) = opened();
        advance(Duration::from_secs(10)).await;
        let lost = [breaker.admit().unwrap(), breaker.admit().unwrap()];
        advance(Duration::from_secs(9)).await;
        assert!(breaker.admit().is_err());
        advance(Duration::from_secs(1)).await;
        send(&breaker, Verdict::Healthy);
        breaker.report(lost[0], Verdict::Sick);
        send(&breaker, Verdict::Healthy);
        assert_eq!(breaker.status().state, State::Closed);
    });
}

#[test]
fn reset_closes_it_and_forgets() {
    paused(async {
        let (breaker, heard) = opened();
        breaker.reset();
        assert_eq!(breaker.status().state, State::Closed);
        let old = breaker.admit().unwrap();
        (0..2).for_each(|_| send(&breaker, Verdict::Sick));
        breaker.reset();
        breaker.report(old, Verdict::Sick);
        (0..2).for_each(|_| send(&breaker, Verdict::Sick));
        assert_eq!((breaker.status().state, breaker.status().failures), (State::Closed, 2));
        assert_eq!(*heard.lock(), [State::Open, State::Closed]);
    });
}
