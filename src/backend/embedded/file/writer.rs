//! The one thread that writes: everything queued becomes one transaction and one sync.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::error::{is_busy, map, map_commit};
use super::members::Member;
use super::pool::Pool;
use super::queue::Queue;
use super::session::Session;
use super::sql::Which;
use super::tx::Tx;
use crate::backend::embedded::engine::Job;
use crate::error::{Code, Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::op::burst::Burst;
use crate::runtime::threads;
use crate::telemetry::log::Log;

/// How long a group waits for another process's transaction to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The same while the store is being closed.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// Pages in the log from which a checkpoint moves them into the file.
pub const CHECKPOINT_PAGES: i32 = 1_000;
/// Pages in the log from which a checkpoint waits, shortly, for readers to let the log begin anew.
const RESTART_PAGES: i32 = 32_768;
/// Between two looks for pinned connections that are not used: they are unpinned at the second.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The first and the longest pause before a checkpoint that readers kept from moving all is tried again.
const AGAIN_AFTER: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));

/// The writer, as the engine holds it.
pub struct Writer {
    shared: Arc<Shared>,
    id: ThreadId,
    thread: Mutex<Option<JoinHandle<Session>>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    groups: AtomicU64,
    commits: AtomicU64,
    jobs: AtomicU64,
    failures: AtomicU64,
    checkpoints: AtomicU64,
}

/// What the writer has done since it was started.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Transactions.
    pub groups: u64,
    /// Transactions that changed something: with full durability, one sync each.
    pub commits: u64,
    /// Jobs that were finished, well or not.
    pub jobs: u64,
    /// Jobs that were finished with an error.
    pub failures: u64,
    /// Checkpoints of the log.
    pub checkpoints: u64,
    /// Jobs that wait now.
    pub queued: usize,
}

impl Writer {
    /// Starts the thread on a connection that is set up for writing; it unpins connections of the pool.
    pub fn start(mut connection: Connection, members: &Arc<[Member]>, pool: &Arc<Pool>) -> Result<Self> {
        let log_pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&log_pages);
        // Replaces SQLite's automatic checkpoint, which would run inside COMMIT, before the group's
        // callers have their answers.
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
                seen.store(pages, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(map)?;
        connection.busy_handler(Some(wait_for_lock)).map_err(map)?;
        let shared = Arc::<Shared>::default();
        let session = Session::new(connection, members);
        let mine = Arc::clone(&shared);
        let watcher = Arc::clone(&shared);
        pool.set_watch(move || watcher.watch_pins());
        let pool = Arc::clone(pool);
        // A thread of the library like any other: blocking calls are refused in what it calls back.
        let thread = threads::spawn("lgstore-writer".to_owned(), &Log::off(), move || {
            let _last_will = LastWill(Arc::clone(&mine));
            let (handed_out, restart_at) = (i64::MIN, RESTART_PAGES);
            let (look_at, again) = (None, None);
            Loop { shared: mine, session, pool, handed_out, log_pages, restart_at, look_at, again }.run()
        })
        .map_err(|error| Error::new(Code::Unavailable, format!("no thread for the writer: {error}")))?;
        Ok(Self { shared, id: thread.thread().id(), thread: Mutex::new(Some(thread)) })
    }

    /// Queues a job; one that comes after `stop` is finished as closed.
    pub fn submit(&self, job: Box<dyn Job>) {
        let bytes = job.bytes();
        let mut queue = self.shared.queue.lock();
        if queue.closing {
            drop(queue);
            job.finish(Err(Error::new(Code::Closed, "the store is closed")));
            return;
        }
        queue.jobs.push_back((bytes, job));
        let wake = std::mem::take(&mut queue.sleeping);
        let over = queue.prune();
        drop(queue);
        // What they hold goes outside the lock.
        drop(over);
        if wake {
            self.shared.arrived.notify_one();
        }
    }

    /// What has been done.
    pub fn counts(&self) -> Counts {
        let shared = &*self.shared;
        Counts {
            groups: shared.groups.load(Ordering::Relaxed),
            commits: shared.commits.load(Ordering::Relaxed),
            jobs: shared.jobs.load(Ordering::Relaxed),
            failures: shared.failures.load(Ordering::Relaxed),
            checkpoints: shared.checkpoints.load(Ordering::Relaxed),
            queued: shared.queue.lock().jobs.len(),
        }
    }

    /// Runs what is queued and ends the thread; gives its connection back, to be closed last.
    pub fn stop(&self) -> Option<Session> {
        self.shared.queue.lock().closing = true;
        self.shared.arrived.notify_one();
        let thread = self.thread.lock().take()?;
        if self.id == std::thread::current().id() {
            // Closed from a job's `finish`: the thread can't wait for itself; it ends by itself.
            return None;
        }
        thread.join().ok()
    }
}

impl Shared {
    /// Makes the thread look after pins.
    fn watch_pins(&self) {
        let mut queue = self.queue.lock();
        queue.pinned = true;
        let wake = std::mem::take(&mut queue.sleeping);
        drop(queue);
        if wake {
            self.arrived.notify_one();
        }
    }
}

/// SQLite asks this while another connection has the lock: short sleeps, because a process that
/// writes all the time leaves gaps of microseconds only; about 60 ms in all, then `begin` looks
/// around and asks again.
fn wait_for_lock(count: i32) -> bool {
    let micros = match count {
        0..=4 => 50 << count,
        _ => 1_000,
    };
    std::thread::sleep(Duration::from_micros(micros));
    count < 64
}

/// If the thread dies of a bug, nobody shall wait for it: what is queued is dropped, and jobs that
/// are dropped complete themselves; later ones are refused.
struct LastWill(Arc<Shared>);

impl Drop for LastWill {
    fn drop(&mut self) {
        let jobs = {
            let mut queue = self.0.queue.lock();
            queue.closing = true;
            std::mem::take(&mut queue.jobs)
        };
        drop(jobs);
    }
}

struct Loop {
    shared: Arc<Shared>,
    session: Session,
    pool: Arc<Pool>,
    /// The greatest time handed out by this thread.
    handed_out: i64,
    /// Pages in the log after the last commit.
    log_pages: Arc<AtomicI32>,
    /// Log size at which the next restarting checkpoint is tried.
    restart_at: i32,
    /// When to look for pins that are not used. None while there are none: an idle store sleeps.
    look_at: Option<Instant>,
    /// When to try a checkpoint again that has not moved the whole log, and after which pause. Without it a
    /// store that is only read from then on would keep a long log, which is not pinned, for ever.
    again: Option<(Instant, Duration)>,
}

impl Loop {
    fn run(mut self) -> Session {
        while let Some(jobs) = self.next_group() {
            let mut parts = VecDeque::from([jobs]);
            while let Some(part) = parts.pop_front() {
                self.commit_part(part, &mut parts);
            }
            self.checkpoint();
            self.look_after_pins();
        }
        self.session
    }

    fn look_after_pins(&mut self) {
        if self.look_at.is_some_and(|at| Instant::now() >= at) {
            self.look_at = self.pool.unpin_unused().then(|| Instant::now() + LOOK_EVERY);
        }
    }

    /// Waits for jobs; `None` when the store is closing and nothing is left.
    fn next_group(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let shared = Arc::clone(&self.shared);
        let mut queue = shared.queue.lock();
        loop {
            if std::mem::take(&mut queue.pinned) {
                self.look_at.get_or_insert_with(|| Instant::now() + LOOK_EVERY);
            }
            if !queue.jobs.is_empty() {
                break;
            }
            if queue.closing {
                return None;
            }
            queue.sleeping = true;
            let again = self.again.map(|(at, _)| at);
            let late = match self.look_at.into_iter().chain(again).min() {
                Some(at) => shared.arrived.wait_until(&mut queue, at),
                None => {
                    shared.arrived.wait(&mut queue);
                    false
                }
            };
            queue.sleeping = false;
            if late {
                drop(queue);
                self.look_after_pins();
                self.checkpoint_again();
                queue = shared.queue.lock();
            }
        }
        Some(queue.take_group())
    }

    /// Runs jobs in one transaction. When one fails, it is finished with its error, and those
    /// before it and those after it come back as parts of their own: each job runs a few times at
    /// most, however many fail.
    fn commit_part(&mut self, mut jobs: Vec<Box<dyn Job>>, parts: &mut VecDeque<Vec<Box<dyn Job>>>) {
        if let Err(error) = self.begin(&mut jobs) {
            return self.finish(jobs, &Err(error));
        }
        if jobs.is_empty() {
            return;
        }
        self.shared.groups.fetch_add(1, Ordering::Relaxed);
        let before = self.session.connection().total_changes();
        match self.run_jobs(&mut jobs) {
            Ok(()) => {
                let committed = self.commit();
                if committed.is_ok() && self.session.connection().total_changes() != before {
                    self.shared.commits.fetch_add(1, Ordering::Relaxed);
                    // Before the answers: whose read comes after its write finds its connection there.
                    self.pool.unpin_idle();
                }
                self.finish(jobs, &committed);
            }
            Err((index, error)) => {
                self.roll_back();
                let after = jobs.split_off(index + 1);
                let failed = jobs.split_off(index);
                self.finish(failed, &Err(error));
                if !after.is_empty() {
                    parts.push_front(after);
                }
                if !jobs.is_empty() {
                    parts.push_front(jobs);
                }
            }
        }
    }

    /// Takes the file's write lock. Jobs whose requests are over are dropped while it waits.
    fn begin(&self, jobs: &mut Vec<Box<dyn Job>>) -> Result<()> {
        let begun = Instant::now();
        while !jobs.is_empty() {
            match self.session.run(Which::Begin) {
                Ok(()) => return Ok(()),
                Err(error) if is_busy(&error) => {
                    let patience = match self.shared.queue.lock().closing {
                        true => CLOSE_PATIENCE,
                        false => LOCK_PATIENCE,
                    };
                    if begun.elapsed() >= patience {
                        return Err(map(error));
                    }
                    jobs.retain(|job| !job.expired());
                }
                Err(error) => return Err(map(error)),
            }
        }
        Ok(())
    }

    fn run_jobs(&mut self, jobs: &mut [Box<dyn Job>]) -> std::result::Result<(), (usize, Error)> {
        let mut tx = Tx::new(&mut self.session, &mut self.handed_out);
        for (index, job) in jobs.iter_mut().enumerate() {
            let result = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
            let failed = match (result, tx.failed()) {
                (Err(panic), _) => Some(panicked(&*panic)),
                (Ok(_), Some(error)) | (Ok(Err(error)), None) => Some(error),
                (Ok(Ok(())), None) => None,
            };
            if let Some(error) = failed {
                return Err((index, error));
            }
        }
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        let committed = self.session.run(Which::Commit).map_err(map_commit);
        if committed.is_err() {
            self.roll_back();
        }
        self.session.settled();
        committed
    }

    /// Some errors have ended the transaction already.
    fn roll_back(&self) {
        if !self.session.connection().is_autocommit() {
            let _ = self.session.run(Which::Rollback);
        }
        self.session.settled();
    }

    fn finish(&self, jobs: Vec<Box<dyn Job>>, committed: &Result<()>) {
        self.shared.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        if committed.is_err() {
            self.shared.failures.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        }
        // Their readers are woken once.
        let _burst = Burst::begin();
        for job in jobs {
            // The others must have their answers whatever one does with its own.
            let _ = catch_unwind(AssertUnwindSafe(|| job.finish(committed.clone())));
        }
    }

    /// Moves the log into the file when it has grown, after the answers are given. Readers that
    /// stay in the log keep it from beginning anew; if it grows far, writes wait shortly for them.
    fn checkpoint(&mut self) {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < CHECKPOINT_PAGES {
            self.restart_at = RESTART_PAGES;
            return;
        }
        let mode = if pages >= self.restart_at { "RESTART" } else { "PASSIVE" };
        if mode == "RESTART" {
            // If readers do not let go within the busy handler's patience, not before it has
            // grown by as much again.
            self.restart_at = pages.saturating_add(RESTART_PAGES);
        }
        let whole = self.move_log(mode);
        self.again = (!whole).then(|| (Instant::now() + AGAIN_AFTER.0, AGAIN_AFTER.0));
    }

    /// Tries the checkpoint again when it is time.
    fn checkpoint_again(&mut self) {
        let Some((at, pause)) = self.again else { return };
        if Instant::now() >= at {
            let pause = (pause * 2).min(AGAIN_AFTER.1);
            let whole = self.move_log("PASSIVE");
            self.again = (!whole).then(|| (Instant::now() + pause, pause));
        }
    }

    /// Whether the whole log is in the file now.
    fn move_log(&mut self, mode: &str) -> bool {
        // Those that came back since the commit.
        self.pool.unpin_idle();
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        // While another process moves the log, both are -1: what it moves may end before our last commit.
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        // Errors (a full disk, say) leave the log as it is, like readers that stand in it.
        let moved = self.session.connection().query_row(&pragma, [], pages);
        self.log_pages.store(0, Ordering::Relaxed);
        self.shared.checkpoints.fetch_add(1, Ordering::Relaxed);
        moved.is_ok_and(|(log, moved)| log >= 0 && log == moved)
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    Error::new(Code::Panic, format!("a write panicked and was not applied: {what}"))
}
