//! One request: whoever ends it, it is completed once and says what happened.

use std::sync::Arc;

use lgstore::error::{Code, Error};
use lgstore::op::completion::{Receiver, Sink};
use lgstore::op::task::Task;
use lgstore::op::ticket::Delivery;
use lgstore::store::operation::Operation;
use loom::sync::atomic::Ordering;
use loom::thread;

use super::rig::{Counter, LastStatus, answer, cancel, desk, expire, request, run};

#[test]
fn complete_cancel_and_expire_deliver_once() {
    loom::model(|| {
        let desk = desk(1);
        let counter = Arc::new(Counter::default());
        let sink = Sink::Receiver(counter.clone());
        let ticket = desk.admit(request(sink.clone(), false)).unwrap();
        let id = ticket.id();
        let (desk2, expiring) = (desk.clone(), ticket.clone());
        let canceller = thread::spawn(move || cancel(&desk2, id));
        let timer = thread::spawn(move || expire(&expiring));
        run(ticket);
        canceller.join().unwrap();
        timer.join().unwrap();
        assert_eq!(counter.count.load(Ordering::SeqCst), 1);
        assert_eq!(desk.gate().inside(), 0);
        assert!(desk.find(id).is_none());
        desk.admit(request(sink, false)).expect("the slot is free again").complete(answer());
    });
}

#[test]
fn what_a_stopped_write_says_is_what_happened() {
    loom::model(|| {
        let desk = desk(1);
        let last = Arc::new(LastStatus::default());
        let ticket = desk.admit(request(Sink::Receiver(last.clone()), true)).unwrap();
        let id = ticket.id();
        let (desk2, expiring) = (desk.clone(), ticket.clone());
        let canceller = thread::spawn(move || cancel(&desk2, id));
        let timer = thread::spawn(move || expire(&expiring));
        let task = Task::new(ticket, Operation::Sweep);
        let applied = task.claim();
        if applied {
            task.complete(answer());
        }
        canceller.join().unwrap();
        timer.join().unwrap();
        match last.status.lock().unwrap().take().expect("one completion") {
            0 | 302 => assert!(applied, "said applied or in doubt, and was not"),
            103 | 104 => assert!(!applied, "said surely not applied, and was"),
            other => panic!("unexpected status {other}"),
        }
    });
}

#[test]
fn a_dropped_task_competes_like_any_other_outcome() {
    loom::model(|| {
        let desk = desk(1);
        let counter = Arc::new(Counter::default());
        let ticket = desk.admit(request(Sink::Receiver(counter.clone()), true)).unwrap();
        let id = ticket.id();
        let desk2 = desk.clone();
        let canceller = thread::spawn(move || cancel(&desk2, id));
        drop(Task::new(ticket, Operation::Sweep));
        canceller.join().unwrap();
        assert_eq!(counter.count.load(Ordering::SeqCst), 1);
        assert_eq!(desk.gate().inside(), 0);
    });
}

/// A write that fails without effect, waits, and is tried again, while it is cancelled and expires.
#[test]
fn between_two_attempts_a_write_can_be_stopped_and_says_what_happened() {
    loom::model(|| {
        let desk = desk(1);
        let last = Arc::new(LastStatus::default());
        let ticket = desk.admit(request(Sink::Receiver(last.clone()), true)).unwrap();
        let (cancelled, expiring, watched) = (ticket.clone(), ticket.clone(), ticket.clone());
        let canceller = thread::spawn(move || match cancelled.stop(Code::Cancelled) {
            Some(error) => drop(Delivery::new(cancelled, error)),
            None => assert!(cancelled.stopped() || cancelled.is_unwanted(), "nobody will end it"),
        });
        let timer = thread::spawn(move || {
            expire(&expiring);
            assert!(expiring.stopped(), "passed over: the timer does not look again");
        });
        let task = Task::new(ticket, Operation::Sweep);
        let mut applied = false;
        let mut gave_up = false;
        if task.claim() {
            // The first attempt surely had no effect.
            watched.reopen();
            if task.is_unwanted() {
                gave_up = true;
                task.complete(Err(Error::new(Code::Unavailable, "away")));
            } else if task.claim() {
                applied = true;
                task.complete(answer());
            }
        }
        canceller.join().unwrap();
        timer.join().unwrap();
        match last.status.lock().unwrap().take().expect("one completion") {
            0 => assert!(applied),
            300 => assert!(gave_up && !applied),
            302 => {}
            103 | 104 => assert!(!applied, "said surely not applied, and was"),
            other => panic!("unexpected status {other}"),
        }
    });
}
