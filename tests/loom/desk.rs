//! The slots of the requests under way: full, used again, closed.

use std::sync::Arc;

use lgstore::error::Code;
use lgstore::op::completion::{Receiver, Sink};
use lgstore::op::desk::Desk;
use lgstore::op::task::Task;
use lgstore::op::ticket::Delivery;
use lgstore::store::operation::Operation;
use loom::sync::atomic::Ordering;
use loom::thread;

use super::rig::{Counter, LastStatus, answer, cancel, desk, request, run};

#[test]
fn close_waits_for_every_accepted_request_and_lets_none_in() {
    loom::model(|| {
        let desk = desk(2);
        let counter = Arc::new(Counter::default());
        let (desk2, counter2) = (desk.clone(), counter.clone());
        let submitter = thread::spawn(move || match desk2.admit(request(Sink::Receiver(counter2), false)) {
            Ok(ticket) => {
                ticket.complete(answer());
                1
            }
            Err(error) => {
                assert_eq!(error.code(), Code::Closed);
                0
            }
        });
        desk.gate().close();
        assert!(desk.gate().wait_empty(None));
        counter.closed.store(true, Ordering::SeqCst);
        let accepted = submitter.join().unwrap();
        assert_eq!(counter.count.load(Ordering::SeqCst), accepted);
        assert!(!counter.after_close.load(Ordering::SeqCst), "a callback ran after close");
        assert!(desk.admit(request(Sink::Receiver(counter), false)).is_err());
    });
}

#[test]
fn an_old_id_never_reaches_the_next_request_in_its_slot() {
    loom::model(|| {
        let desk = desk(1);
        let first = Arc::new(Counter::default());
        let second = Arc::new(LastStatus::default());
        let ticket = desk.admit(request(Sink::Receiver(first), false)).unwrap();
        let old = ticket.id();
        let desk2 = desk.clone();
        let canceller = thread::spawn(move || cancel(&desk2, old));
        ticket.complete(answer());
        if let Ok(ticket) = desk.admit(request(Sink::Receiver(second.clone()), false)) {
            assert!(ticket.id() > old);
            ticket.complete(answer());
            assert_eq!(second.status.lock().unwrap().take(), Some(0));
        }
        canceller.join().unwrap();
    });
}

#[test]
fn two_submitters_share_the_last_slot() {
    loom::model(|| {
        let desk = desk(1);
        let counter = Arc::new(Counter::default());
        let submit = |desk: Arc<Desk>, counter: Arc<Counter>| match desk
            .admit(request(Sink::Receiver(counter), false))
        {
            Ok(ticket) => ticket.complete(answer()),
            Err(error) => assert_eq!(error.code(), Code::Busy),
        };
        let (desk2, counter2) = (desk.clone(), counter.clone());
        let other = thread::spawn(move || submit(desk2, counter2));
        submit(desk.clone(), counter.clone());
        other.join().unwrap();
        assert!(counter.count.load(Ordering::SeqCst) >= 1);
        assert_eq!(desk.gate().inside(), 0);
        desk.admit(request(Sink::Receiver(counter), false)).expect("nothing leaked").complete(answer());
    });
}

#[test]
fn close_stops_what_has_not_begun_and_waits_for_what_has() {
    loom::model(|| {
        let desk = desk(1);
        let last = Arc::new(LastStatus::default());
        let ticket = desk.admit(request(Sink::Receiver(last.clone()), true)).unwrap();
        let lane = thread::spawn(move || {
            let task = Task::new(ticket, Operation::Sweep);
            let applied = task.claim();
            if applied {
                task.complete(answer());
            }
            applied
        });
        desk.gate().close();
        for ticket in desk.all() {
            if let Some(error) = ticket.stop(Code::Closed) {
                drop(Delivery::new(ticket, error));
            }
        }
        assert!(desk.gate().wait_empty(None));
        let status = last.status.lock().unwrap().take().expect("delivered before close returned");
        let applied = lane.join().unwrap();
        assert_eq!(status, if applied { 0 } else { 100 });
    });
}
