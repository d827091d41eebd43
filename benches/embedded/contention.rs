//! 64 threads that submit at once: how much of their time they wait for locks.
//!
//! The kernel says how long a thread ran and how long it waited for a processor; what is left of the
//! elapsed time it slept. Submitting never waits for anything but locks, so that is the time of locks.
//! What threads sleep that only allocate as much (the C library's allocator has locks of its own) is
//! measured beside it and taken off.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lgstore::capi::submit::*;

use crate::abi::Store;

const SUBMITTERS: usize = 64;

/// At most this part of the time may go to locks.
const CEILING: f64 = 0.01;

/// Nanoseconds that this thread has run, and has waited for a processor.
fn scheduled() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstats");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("run time"), numbers.next().expect("wait time"))
}

/// Runs `work` on 64 threads for a while; the part of their time that they slept.
fn slept(work: &(dyn Fn(usize) + Sync)) -> f64 {
    let stop = AtomicBool::new(false);
    let (mut asleep, mut elapsed) = (0.0, 0.0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SUBMITTERS)
            .map(|number| {
                let stop = &stop;
                scope.spawn(move || {
                    let (begun, before) = (Instant::now(), scheduled());
                    while !stop.load(Ordering::Relaxed) {
                        work(number);
                    }
                    let (wall, after) = (begun.elapsed().as_nanos() as f64, scheduled());
                    let awake = (after.0 - before.0 + after.1 - before.1) as f64;
                    ((wall - awake).max(0.0), wall)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            let (sleep, wall) = thread.join().expect("a submitter");
            asleep += sleep;
            elapsed += wall;
        }
    });
    asleep / elapsed
}

/// Prints the part of the submitters' time that went to locks; false when it is above the ceiling.
pub fn hold(name: &str, store: &Store) -> bool {
    let body = crate::get_body(4_242);
    let put = crate::put_body(4_242);
    let (accepted, completed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let submit = |op: u32, body: &str| {
        if store.submit_or_yield(op, body, &completed) {
            accepted.fetch_add(1, Ordering::Relaxed);
        }
    };
    let immediate = slept(&|_| {
        store.try_immediate(LGSTORE_OP_GET, &body);
    });
    let gets = slept(&|_| submit(LGSTORE_OP_GET, &body));
    let puts = slept(&|_| submit(LGSTORE_OP_PUT, &put));
    while completed.load(Ordering::Acquire) < accepted.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    let allocating = slept(&|_| {
        black_box((vec![0u8; 32], String::with_capacity(1_500), Box::new([0u64; 6])));
    });
    let mut all = true;
    for (what, part) in [("gets, immediate", immediate), ("gets, accepted", gets), ("puts, accepted", puts)] {
        let part = (part - allocating).max(0.0);
        let verdict = if part <= CEILING { "holds" } else { "PASSED" };
        all &= part <= CEILING;
        println!(
            "| {name}, 64 submitters, {what} | {:.2} % of their time on locks | {verdict} |",
            part * 100.0
        );
    }
    all
}
