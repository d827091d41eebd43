//! Completion queues: no completion and no wake-up is lost.

use std::sync::Arc;

use lgstore::error::{Code, Error};
use lgstore::op::completion::{Completion, Duty, Receiver, Sink};
use lgstore::op::desk::Desk;
use lgstore::op::queue::{CompletionQueue, Doorbell, Signal};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::rig::{Counter, answer, desk, request};

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
