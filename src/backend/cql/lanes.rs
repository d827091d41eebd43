//! The runtime tasks that carry out requests, one request at a time each, used again and again.
//!
//! The future of a get or put, with the driver's inside, has several kilobytes. A task of its own for each
//! request would allocate them, copy them into place, and copy them once more to mark the task as finished:
//! a fifth of a request's CPU time. A lane is a task that stays: it builds the next request's future where the
//! last one's was.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

use crate::lock::Mutex;

/// Lanes that wait for work, at most: about 5 KB each. Those beyond end with their request.
const MOST_IDLE: usize = 1_024;

/// What a lane does. It is dropped when it is done, so that idle lanes hold nothing of it.
pub trait Job: Send + 'static {
    /// Does it.
    fn run(self) -> impl Future<Output = ()> + Send;
}

/// The lanes of one store.
pub struct Lanes<J> {
    idle: Mutex<Idle<J>>,
}

struct Idle<J> {
    lanes: Vec<Arc<Lane<J>>>,
    closed: bool,
}

struct Lane<J> {
    next: Mutex<Next<J>>,
}

/// What a lane does when it is polled the next time.
enum Next<J> {
    /// Waits for a job.
    Wait(Option<Waker>),
    /// Takes it.
    Job(Box<J>),
    /// There will be none, or nobody to do it.
    End,
}

impl<J: Job> Lanes<J> {
    /// None yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { idle: Mutex::new(Idle { lanes: Vec::new(), closed: false }) })
    }

    /// Does the job on an idle lane, or a new one.
    pub fn start(self: &Arc<Self>, runtime: &Handle, job: J) {
        let mut job = Box::new(job);
        while let Some(lane) = self.take() {
            match lane.give(job) {
                Ok(()) => return,
                Err(back) => job = back,
            }
        }
        let lane = Arc::new(Lane { next: Mutex::new(Next::Wait(None)) });
        runtime.spawn(serve(Arc::clone(self), lane, job));
    }

    /// Ends the idle lanes now, and the others when they are done.
    pub fn close(&self) {
        let mut idle = self.idle.lock();
        idle.closed = true;
        let lanes = std::mem::take(&mut idle.lanes);
        drop(idle);
        lanes.iter().for_each(|lane| lane.end());
    }

    fn take(&self) -> Option<Arc<Lane<J>>> {
        self.idle.lock().lanes.pop()
    }

    /// Whether the lane is to wait for more.
    fn put_back(&self, lane: &Arc<Lane<J>>) -> bool {
        let mut idle = self.idle.lock();
        let wanted = !idle.closed && idle.lanes.len() < MOST_IDLE;
        if wanted {
            idle.lanes.push(Arc::clone(lane));
        }
        wanted
    }
}

impl<J> Lane<J> {
    /// Gives the job to the lane, or back when the lane has ended.
    fn give(&self, job: Box<J>) -> Result<(), Box<J>> {
        let mut next = self.next.lock();
        let Next::Wait(waker) = &mut *next else { return Err(job) };
        let waker = waker.take();
        *next = Next::Job(job);
        drop(next);
        // Without a waker the lane is on its way to look.
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Box<J>>> {
        let mut next = self.next.lock();
        match std::mem::replace(&mut *next, Next::Wait(None)) {
            Next::Wait(_) => {
                *next = Next::Wait(Some(context.waker().clone()));
                Poll::Pending
            }
            Next::Job(job) => Poll::Ready(Some(job)),
            Next::End => {
                *next = Next::End;
                Poll::Ready(None)
            }
        }
    }

    fn end(&self) {
        let before = std::mem::replace(&mut *self.next.lock(), Next::End);
        // A job that nobody will do is dropped here, outside of the lock, and completes itself.
        if let Next::Wait(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Ends its lane, also when the runtime goes down or a job panics: whoever takes the lane for idle must not leave
/// a job with it.
struct End<J>(Arc<Lane<J>>);

impl<J> Drop for End<J> {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn serve<J: Job>(lanes: Arc<Lanes<J>>, lane: Arc<Lane<J>>, first: Box<J>) {
    let end = End(lane);
    let mut next = Some(first);
    while let Some(job) = next {
        job.run().await;
        if !lanes.put_back(&end.0) {
            return;
        }
        next = std::future::poll_fn(|context| end.0.poll(context)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    /// Says that it was done; one that is dropped says so, too.
    struct Told(Option<Sender<bool>>, Arc<AtomicUsize>);

    impl Job for Told {
        async fn run(mut self) {
            tokio::task::yield_now().await;
            if self.1.fetch_add(1, Ordering::Relaxed) % 100 == 99 {
                panic!("every hundredth");
            }
            let _ = self.0.take().map(|done| done.send(true));
        }
    }

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.take().map(|done| done.send(false));
        }
    }

    #[test]
    fn every_job_is_done_or_dropped_once_also_while_lanes_end() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (lanes, begun, (done, told)) = (Lanes::new(), Arc::new(AtomicUsize::new(0)), channel());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        lanes.start(runtime.handle(), Told(Some(done.clone()), Arc::clone(&begun)));
                    }
                });
            }
        });
        let kept = lanes.idle.lock().lanes.len();
        assert!(kept <= MOST_IDLE, "{kept} lanes wait");
        lanes.close();
        lanes.start(runtime.handle(), Told(Some(done.clone()), Arc::clone(&begun)));
        let told: Vec<bool> = (0..20_001)
            .map(|_| told.recv_timeout(Duration::from_secs(60)).expect("one word of each"))
            .collect();
        assert_eq!(told.iter().filter(|done| !**done).count(), 200, "those that panicked");
        assert!(lanes.idle.lock().lanes.is_empty());
    }

    #[test]
    fn a_job_for_a_lane_that_went_down_with_its_runtime_is_dropped() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (lanes, begun, (done, told)) = (Lanes::new(), Arc::new(AtomicUsize::new(0)), channel());
        let handle = runtime.handle().clone();
        lanes.start(&handle, Told(Some(done.clone()), Arc::clone(&begun)));
        assert_eq!(told.recv(), Ok(true));
        drop(runtime);
        lanes.start(&handle, Told(Some(done), begun));
        assert_eq!(told.recv(), Ok(false));
    }
}
