//! What waits for the writer.

use std::collections::VecDeque;

use crate::backend::embedded::engine::Job;

/// Most jobs of one group.
const GROUP_JOBS: usize = 512;
/// Most bytes of one group, as far as jobs say how large they are.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Jobs with the bytes that they write.
pub type Jobs = VecDeque<(usize, Box<dyn Job>)>;

/// The writer's queue, under its lock.
#[derive(Default)]
pub struct Queue {
    /// What is to be written.
    pub jobs: Jobs,
    /// As many jobs as were kept when expired ones were last thrown out.
    pruned: usize,
    /// The thread waits to be woken.
    pub sleeping: bool,
    /// A read connection was pinned, and nobody looks after pins yet.
    pub pinned: bool,
    /// Nothing may be added.
    pub closing: bool,
}

impl Queue {
    /// A cancelled or expired request gives its place among the requests in flight back while its job
    /// waits here, so while the writer can't write the queue would grow with every request that is
    /// cancelled and sent again. Jobs nobody waits for are taken out each time the queue has doubled:
    /// two looks at each job on average.
    pub fn prune(&mut self) -> Jobs {
        if self.jobs.len() <= 2 * self.pruned.max(GROUP_JOBS) {
            return Jobs::new();
        }
        let (over, kept) = std::mem::take(&mut self.jobs).into_iter().partition(|(_, job)| job.expired());
        self.jobs = kept;
        self.pruned = self.jobs.len();
        over
    }

    /// The jobs of the next transaction, at least one if there is one.
    pub fn take_group(&mut self) -> Vec<Box<dyn Job>> {
        let mut total = 0usize;
        let fits = |(bytes, _): &&(usize, Box<dyn Job>)| {
            total = total.saturating_add(*bytes);
            total <= GROUP_BYTES
        };
        let count = self.jobs.iter().take(GROUP_JOBS).take_while(fits).count().max(1);
        self.jobs.drain(..count.min(self.jobs.len())).map(|(_, job)| job).collect()
    }
}
