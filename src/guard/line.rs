//! The requests of one operation that wait for their turn under its rate limit, in order.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Guarded;
use super::rate::Limit;
use crate::lock::Mutex;
use crate::op::task::Task;

/// Cancelled requests are thrown out of a line when it has become longer than this, and then again
/// each time it has doubled.
const PRUNE: usize = 64;

/// The limit of an operation and those who wait for it.
///
/// A request that is cancelled or expires has its outcome at once and gives its slot back; what is
/// left of it goes when its turn comes, or when the line is pruned.
#[derive(Debug)]
pub struct Line {
    limit: Limit,
    /// Whether anybody waits: whoever comes then stands at the end.
    waiting: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    tasks: VecDeque<(Task, Instant)>,
    prune_at: usize,
    /// A caller lets tasks out; it ends only under this lock, when nobody waits.
    called: bool,
}

impl Line {
    /// An empty line.
    pub fn new(limit: Limit) -> Self {
        Self { limit, waiting: AtomicBool::new(false), queue: Mutex::default() }
    }

    /// The limit.
    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// Takes leave for one request that comes now.
    pub fn pass(&self) -> Result<(), Duration> {
        if self.waiting.load(Ordering::Relaxed) {
            return Err(Duration::ZERO);
        }
        self.limit.take()
    }

    /// Lets a task wait for its turn; `guards` runs it then.
    pub fn stand(self: &Arc<Self>, task: Task, guards: &Arc<Guarded>) {
        let mut gone = Vec::new();
        let mut queue = self.queue.lock();
        if queue.tasks.len() >= queue.prune_at.max(PRUNE) {
            let is_gone = |(task, _): &(Task, Instant)| task.stopped();
            let (decided, undecided): (Vec<_>, Vec<_>) = queue.tasks.drain(..).partition(is_gone);
            queue.tasks = undecided.into();
            queue.prune_at = 2 * queue.tasks.len();
            gone = decided;
        }
        queue.tasks.push_back((task, Instant::now()));
        self.waiting.store(true, Ordering::Relaxed);
        let call = !std::mem::replace(&mut queue.called, true);
        drop(queue);
        // Not under the lock, whatever dropping them does.
        drop(gone);
        if call {
            let caller = Caller(Some(self.clone()));
            guards.runtime().spawn(caller.run(guards.clone()));
        }
    }

    /// The next task whose turn it is, or how long it takes until then; `None` when nobody waits.
    fn next(&self, gone: &mut Vec<(Task, Instant)>) -> Option<Result<(Task, Instant), Duration>> {
        let mut queue = self.queue.lock();
        while queue.tasks.front().is_some_and(|(task, _)| task.stopped()) {
            gone.extend(queue.tasks.pop_front());
        }
        if queue.tasks.is_empty() {
            self.waiting.store(false, Ordering::Relaxed);
            queue.called = false;
            return None;
        }
        match self.limit.take() {
            Ok(()) => queue.tasks.pop_front().map(Ok),
            Err(wait) => Some(Err(wait)),
        }
    }

    /// Drops everyone who waits; they complete themselves as closed if nobody was faster.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut self.queue.lock().tasks);
        drop(tasks);
    }
}

/// Calls those who wait, one after the other. Dropped by a runtime that goes down it clears the line.
struct Caller(Option<Arc<Line>>);

impl Caller {
    async fn run(mut self, guards: Arc<Guarded>) {
        let Some(line) = self.0.clone() else { return };
        loop {
            let mut bell = pin!(guards.bell().notified());
            // Before the look, so that a close after it wakes this.
            bell.as_mut().enable();
            if guards.is_closed() {
                line.clear();
            }
            let mut gone = Vec::new();
            let next = line.next(&mut gone);
            drop(gone);
            match next {
                None => break,
                Some(Ok((task, since))) => guards.after_limit(task, since.elapsed()),
                Some(Err(wait)) => drop(timeout_at(Instant::now() + wait, bell).await),
            }
        }
        self.0 = None;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            let mut queue = line.queue.lock();
            queue.called = false;
            let tasks = std::mem::take(&mut queue.tasks);
            drop(queue);
            drop(tasks);
        }
    }
}
