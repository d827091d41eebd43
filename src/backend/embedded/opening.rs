//! Opening the engine with the first operation.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::engine::Engine;
use super::{NEW, OPEN, Shared, closed, guarded, sweep};
use crate::op::task::Task;
use crate::store::operation::{Admin, Operation};

/// Requests that wait until the engine is open.
#[derive(Default)]
pub struct Opening {
    pub(super) running: bool,
    pub(super) waiting: Vec<Task>,
    /// As many as were kept when tasks with an outcome were last thrown out.
    pruned: usize,
}

/// Tasks that may wait before those with an outcome are thrown out.
const MANY_WAITING: usize = 1_024;

impl Opening {
    /// A cancelled request has given its slot back, so the list could grow without end while opening
    /// hangs. Looked at each time it has doubled.
    fn push(&mut self, task: Task) {
        if self.waiting.len() >= 2 * self.pruned.max(MANY_WAITING) {
            self.waiting.retain(|task| !task.stopped());
            self.pruned = self.waiting.len();
        }
        self.waiting.push(task);
    }
}

impl<E: Engine> Shared<E> {
    /// Opens the engine on a thread that may block; `task` and those that come meanwhile wait in a
    /// list and not on threads. The next request after a failure tries again.
    pub(super) fn open_then(self: &Arc<Self>, task: Task) {
        let mut opening = self.opening.lock();
        if self.state.load(Ordering::Acquire) != NEW {
            drop(opening);
            return if self.is_open() { self.dispatch(task) } else { task.complete(Err(closed())) };
        }
        opening.push(task);
        if !std::mem::replace(&mut opening.running, true) {
            drop(opening);
            let opener = Opener(Some(self.clone()));
            self.runtime.spawn_blocking(move || opener.run());
        }
    }
}

/// Opens the engine. Dropped without having run (the runtime goes down), it lets the waiting tasks go.
pub(super) struct Opener<E: Engine>(pub(super) Option<Arc<Shared<E>>>);

impl<E: Engine> Opener<E> {
    pub(super) fn run(mut self) {
        let Some(shared) = &self.0.take() else { return };
        let mut opened = guarded(|| shared.engine.open());
        let mut first = false;
        let waiting = {
            let mut opening = shared.opening.lock();
            if opened.is_ok() {
                match shared.state.compare_exchange(NEW, OPEN, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => first = true,
                    Err(OPEN) => {}
                    Err(_) => opened = Err(closed()),
                }
            }
            opening.running = false;
            std::mem::take(&mut opening.waiting)
        };
        if first {
            *shared.sweeper.lock() = sweep::start(shared);
        }
        if shared.is_closed() {
            // Closed while it opened: `close` may have come before there was anything to close.
            shared.stop_sweeper();
            shared.engine.close();
        }
        for task in waiting {
            match &opened {
                Ok(()) => shared.dispatch(task),
                Err(error) if matches!(task.operation(), Operation::Admin(Admin::Health { .. })) => {
                    task.complete(Ok(shared.health(Err(error.clone())).to_json()));
                }
                Err(error) => task.complete(Err(error.clone())),
            }
        }
    }
}

impl<E: Engine> Drop for Opener<E> {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            let mut opening = shared.opening.lock();
            opening.running = false;
            let waiting = std::mem::take(&mut opening.waiting);
            drop(opening);
            drop(waiting);
        }
    }
}
