//! The op protocol under the model checker: every interleaving of a few threads.
//!
//! `RUSTFLAGS="--cfg lgstore_loom" cargo test --release --no-default-features --test loom`
#![cfg(lgstore_loom)]
#![allow(missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lgstore::error::{Code, Error, Result};
use lgstore::op::completion::{Completion, Duty, Receiver, Sink};
use lgstore::op::desk::{Desk, Observer};
use lgstore::op::queue::{CompletionQueue, Doorbell, Signal};
use lgstore::op::task::Task;
use lgstore::op::ticket::{Admission, Delivery, Ticket};
use lgstore::store::operation::{Kind, Operation};
use lgstore::telemetry::batches::Shape;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

struct Quiet;

impl Observer for Quiet {
    fn observe(&self, _: Kind, _: Option<Shape>, _: Option<Code>, _: Duration) {}
}

fn desk(slots: usize) -> Arc<Desk> {
    Arc::new(Desk::new(slots, 1_000, Arc::new(Quiet)))
}

/// Counts completions, and those that came after close.
#[derive(Default)]
struct Counter {
    count: AtomicUsize,
    closed: AtomicBool,
    after_close: AtomicBool,
}

impl Receiver for Counter {
    fn receive(&self, completion: Completion) {
        if self.closed.load(Ordering::SeqCst) {
            self.after_close.store(true, Ordering::SeqCst);
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        drop(completion);
    }
}

/// Keeps the status of the one completion.
#[derive(Default)]
struct LastStatus {
    status: Mutex<Option<i32>>,
}

impl Receiver for LastStatus {
    fn receive(&self, completion: Completion) {
        // As a callback does: the slot goes back, and close goes on, when it has returned.
        let (answer, held) = completion.detach();
        assert!(self.status.lock().unwrap().replace(answer.status()).is_none(), "a second completion");
        drop(held);
    }
}

fn request(sink: Sink, writes: bool) -> Admission {
    let started = Instant::now();
    Admission { tag: 7, kind: Kind::Put, batch: None, writes, bytes: 10, started, deadline: None, sink }
}

fn cancel(desk: &Arc<Desk>, id: u64) {
    if let Some(ticket) = desk.find(id) {
        if let Some(error) = ticket.stop(Code::Cancelled) {
            drop(Delivery::new(ticket, error));
        }
    }
}

fn expire(ticket: &Arc<Ticket>) {
    if let Some(error) = ticket.expire() {
        ticket.deliver(Err(error));
    }
}

fn answer() -> Result<String> {
    Ok("null".to_owned())
}

fn run(ticket: Arc<Ticket>) {
    let task = Task::new(ticket, Operation::Sweep);
    if task.claim() {
        task.complete(answer());
    }
}

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

/// A doorbell that a reader sleeps on, as a binding's event loop does.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Doorbell for Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.heard.notify_one();
    }
}

impl Bell {
    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.heard.wait(rung).unwrap();
        }
        *rung = false;
    }
}

fn push(desk: &Arc<Desk>, queue: &Arc<CompletionQueue>) {
    assert!(queue.reserve());
    desk.admit(request(Sink::Queue(queue.clone()), false)).unwrap().complete(answer());
}

#[test]
fn no_wake_up_is_lost_between_push_and_drain() {
    loom::model(|| {
        let desk = desk(2);
        let queue = Arc::new(CompletionQueue::new(2));
        let bell = Arc::new(Bell::default());
        queue.set_doorbell(Some(bell.clone()));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || {
            push(&desk2, &queue2);
            push(&desk2, &queue2);
        });
        // Were a ring lost, this would sleep for ever, and loom reports the deadlock.
        let mut drained = 0;
        while drained < 2 {
            bell.sleep();
            queue.drain(8, &mut |completion| {
                drained += 1;
                drop(completion);
            });
        }
        pusher.join().unwrap();
        assert_eq!(desk.gate().inside(), 0);
    });
}

#[test]
fn a_wake_up_held_back_to_the_end_of_a_burst_is_not_lost() {
    loom::model(|| {
        let desk = desk(3);
        let queue = Arc::new(CompletionQueue::new(3));
        let bell = Arc::new(Bell::default());
        queue.set_doorbell(Some(bell.clone()));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let lane = thread::spawn(move || {
            let owed = [(); 2].map(|()| {
                let appender = Arc::new(Appender { queue: queue2.clone(), owes: Mutex::new(None) });
                assert!(queue2.reserve());
                let sink = Sink::Receiver(appender.clone());
                desk2.admit(request(sink, false)).unwrap().complete(answer());
                appender.owes.lock().unwrap().take()
            });
            for duty in owed.into_iter().flatten() {
                queue2.alert();
                drop(duty);
            }
        });
        let mut drained = 0;
        while drained < 2 {
            bell.sleep();
            queue.drain(8, &mut |completion| {
                drained += 1;
                drop(completion);
            });
        }
        lane.join().unwrap();
    });
}

/// Appends without waking, as a lane does in a burst.
struct Appender {
    queue: Arc<CompletionQueue>,
    owes: Mutex<Option<Duty>>,
}

impl Receiver for Appender {
    fn receive(&self, completion: Completion) {
        *self.owes.lock().unwrap() = self.queue.append(completion);
    }
}

#[test]
fn a_waiting_reader_gets_everything() {
    loom::model(|| {
        let desk = desk(2);
        let queue = Arc::new(CompletionQueue::new(2));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || {
            push(&desk2, &queue2);
            push(&desk2, &queue2);
        });
        let mut drained = 0;
        while drained < 2 {
            queue.wait(1, None, &mut |completion| {
                drained += 1;
                drop(completion);
            });
        }
        pusher.join().unwrap();
    });
}

#[test]
fn a_replaced_doorbell_is_never_rung_again() {
    struct Mortal {
        alive: AtomicBool,
    }
    impl Doorbell for Mortal {
        fn ring(&self) {
            assert!(self.alive.load(Ordering::SeqCst), "rung after set_doorbell(NULL) had returned");
        }
    }
    loom::model(|| {
        let desk = desk(1);
        let queue = Arc::new(CompletionQueue::new(1));
        let bell = Arc::new(Mortal { alive: AtomicBool::new(true) });
        queue.set_doorbell(Some(bell.clone()));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || push(&desk2, &queue2));
        queue.set_doorbell(None);
        bell.alive.store(false, Ordering::SeqCst);
        pusher.join().unwrap();
        queue.drain(8, &mut drop);
    });
}

#[test]
fn freeing_a_queue_gives_back_the_slots_of_what_comes_later() {
    loom::model(|| {
        let desk = desk(1);
        let queue = Arc::new(CompletionQueue::new(1));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || push(&desk2, &queue2));
        queue.free();
        pusher.join().unwrap();
        assert_eq!(desk.gate().inside(), 0);
        let counter = Arc::new(Counter::default());
        desk.admit(request(Sink::Receiver(counter), false)).expect("the slot came back").complete(answer());
    });
}

#[test]
fn close_does_not_wait_for_a_reader_that_never_drains() {
    loom::model(|| {
        let desk = desk(1);
        let queue = Arc::new(CompletionQueue::new(1));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || {
            if queue2.reserve() {
                match desk2.admit(request(Sink::Queue(queue2.clone()), false)) {
                    Ok(ticket) => ticket.complete(Err(Error::new(Code::Unavailable, "down"))),
                    Err(_) => queue2.unreserve(1),
                }
            }
        });
        desk.gate().close();
        assert!(desk.gate().wait_empty(None));
        pusher.join().unwrap();
        queue.drain(8, &mut drop);
    });
}

#[test]
fn every_wake_makes_one_reader_look_up() {
    loom::model(|| {
        let queue = Arc::new(CompletionQueue::new(1));
        let queue2 = queue.clone();
        // Were one wake enough for both readers' wakes, the other would sleep for ever.
        let reader = thread::spawn(move || queue2.wait(1, None, &mut drop));
        queue.wake();
        queue.wake();
        queue.wait(1, None, &mut drop);
        reader.join().unwrap();
    });
}

#[test]
fn a_wake_is_not_used_up_by_a_completion() {
    loom::model(|| {
        let desk = desk(1);
        let queue = Arc::new(CompletionQueue::new(1));
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || {
            push(&desk2, &queue2);
            queue2.wake();
        });
        let (mut got, mut empty) = (0, 0);
        while got == 0 || empty == 0 {
            let mut count = 0;
            queue.wait(1, None, &mut |completion| {
                count += 1;
                drop(completion);
            });
            *(if count > 0 { &mut got } else { &mut empty }) += 1;
        }
        pusher.join().unwrap();
    });
}

#[test]
fn two_waiting_readers_share_what_comes() {
    loom::model(|| {
        let desk = desk(2);
        let queue = Arc::new(CompletionQueue::new(2));
        let one = |queue: &CompletionQueue| {
            let mut got = 0;
            queue.wait(1, None, &mut |completion| {
                got += 1;
                drop(completion);
            });
            got
        };
        let queue2 = queue.clone();
        let reader = thread::spawn(move || one(&queue2));
        push(&desk, &queue);
        push(&desk, &queue);
        assert_eq!((one(&queue), reader.join().unwrap()), (1, 1));
    });
}

#[test]
fn a_doorbell_that_comes_late_rings_for_what_is_there() {
    loom::model(|| {
        let desk = desk(1);
        let queue = Arc::new(CompletionQueue::new(1));
        let bell = Arc::new(Bell::default());
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || push(&desk2, &queue2));
        queue.set_doorbell(Some(bell.clone()));
        bell.sleep();
        let mut drained = 0;
        queue.drain(8, &mut |completion| {
            drained += 1;
            drop(completion);
        });
        assert_eq!(drained, 1, "rung before there was something");
        pusher.join().unwrap();
    });
}

/// What poll would see.
#[derive(Clone, Default)]
struct Level(Arc<AtomicBool>);

impl Signal for Level {
    fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
    fn clear(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
    fn descriptor(&self) -> i32 {
        3
    }
}

#[test]
fn the_descriptor_is_readable_exactly_while_something_waits() {
    loom::model(|| {
        let desk = desk(2);
        let queue = Arc::new(CompletionQueue::new(2));
        let level = Level::default();
        let (desk2, queue2) = (desk.clone(), queue.clone());
        let pusher = thread::spawn(move || {
            push(&desk2, &queue2);
            push(&desk2, &queue2);
        });
        let made = level.clone();
        queue.descriptor(move || Some(Box::new(made)));
        let mut drained = 0;
        let mut drain = |max| {
            queue.drain(max, &mut |completion| {
                drained += 1;
                drop(completion);
            });
        };
        drain(1);
        pusher.join().unwrap();
        let waits = 2 - drained;
        assert_eq!(level.0.load(Ordering::SeqCst), waits > 0, "{waits} wait");
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
