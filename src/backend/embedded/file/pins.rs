//! Read connections that keep their snapshot between single gets while nothing is committed.
//!
//! A read transaction of its own costs each get two locks of the file, two system calls that are a third
//! of its time. A *pinned* connection keeps the last one open, and looks without a system call whether
//! that is still the latest state: SQLite keeps the header of the log's index in memory that all
//! processes share, and every commit changes it before it is acknowledged.
//!
//! Why no get can miss a commit that was acknowledged before it began, by whichever process:
//! - The header is copied before the snapshot is taken, so the snapshot is as new as the copy or newer. A
//!   commit in between makes the copy differ from now on: one snapshot too many is taken, none too few.
//! - A commit writes both copies of the header, and SQLite's readers take a header only when both agree.
//!   All bytes of both are compared, so a commit that is complete is noticed; one half written is not
//!   acknowledged yet, and counts as changed, too.
//! - No later header equals an earlier one: it holds a counter of commits, the log's salts and number of
//!   frames, and a checksum over all of them. What recovery after a crash writes anew describes the log,
//!   so an equal one is an equal state.
//!
//! A pin must not keep logs from starting over. A log starts over when a checkpoint has moved all of it
//! and no reader stands in it; readers that come after such a checkpoint stand in the file instead. So
//! how far checkpoints have come belongs to what is compared, and a long log that is not moved whole is
//! not pinned at all: from there on reads are as short as ever, and the log gets its chance. The writer
//! unpins idle connections after each commit and when they have not been used for a second (`Pool`).

use std::ops::Deref;

use super::session::Session;
use crate::error::Result;

/// Frames from which a log is worth a checkpoint, which pins must not be in the way of.
const LONG_LOG: u32 = super::writer::CHECKPOINT_PAGES as u32;
/// The format of the log's index that this knows; SQLite's since 3.7.0.
const INDEX_VERSION: u32 = 3_007_000;

/// The beginning of the log's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// The header, twice.
    pub headers: [[u64; 6]; 2],
    /// Frames that checkpoints have moved into the file.
    pub moved: u32,
}

impl LogState {
    const NONE: Self = Self { headers: [[0; 6]; 2], moved: 0 };

    /// Part `n` of 4 bytes of the first header.
    fn part(&self, n: usize) -> u32 {
        let bytes = self.headers[0][n / 2].to_ne_bytes();
        let half = n % 2 * 4;
        u32::from_ne_bytes([bytes[half], bytes[half + 1], bytes[half + 2], bytes[half + 3]])
    }

    /// Whether it is a header at all: not while one is being written or before there is one.
    fn settled(&self) -> bool {
        let initialised = self.part(3).to_ne_bytes()[0] == 1;
        self.headers[0] == self.headers[1] && self.part(0) == INDEX_VERSION && initialised
    }

    /// Whether a snapshot of this state may be kept, see above.
    fn may_be_kept(&self) -> bool {
        let frames = self.part(4);
        self.settled() && (frames < LONG_LOG || frames == self.moved)
    }
}

/// A read connection of the pool.
pub struct Reader {
    session: Session,
    /// The log at the last single read, and, when pinned, before the snapshot was taken.
    seen: LogState,
    snapshot: Snapshot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snapshot {
    /// Each statement has its own.
    None,
    /// That of a view, until the view ends.
    Held,
    /// Kept open for whoever comes next.
    Pinned,
}

impl Reader {
    /// A connection that is never pinned.
    pub fn new(session: Session) -> Self {
        Self { session, seen: LogState::NONE, snapshot: Snapshot::None }
    }

    /// A connection that may be pinned, where SQLite's shared memory can be seen.
    pub fn pinning(mut session: Session) -> Self {
        // Only a read makes SQLite open the log.
        if session.hold().is_ok() {
            // A log that lives elsewhere (in this process's own memory, say) leaves no header there.
            if !(session.find_log() && session.log_state().is_some_and(|state| state.settled())) {
                session.forget_log();
            }
            session.release();
        }
        Self::new(session)
    }

    /// Whether the connection keeps a snapshot between reads.
    pub fn pinned(&self) -> bool {
        self.snapshot == Snapshot::Pinned
    }

    fn pin_is_latest(&self) -> bool {
        self.pinned() && self.session.log_state() == Some(self.seen)
    }

    /// Makes ready for one read of the latest state: with the pinned snapshot if it is that.
    ///
    /// The first read of a new state is an ordinary one. Only a second shows that reads come more often
    /// than writes, and pins: otherwise each pin would be taken for a single read, at more than its cost.
    pub fn one_read(&mut self) {
        let Some(now) = self.session.log_state() else { return };
        if now != self.seen {
            self.unpin();
            self.seen = now;
        } else if !self.pinned() && now.may_be_kept() && self.session.hold().is_ok() {
            // `now` was read before the snapshot was taken, with a fence in between.
            self.snapshot = Snapshot::Pinned;
        }
    }

    /// Fixes one snapshot of now for all reads until `end`.
    pub fn hold(&mut self) -> Result<()> {
        if self.pin_is_latest() {
            return Ok(());
        }
        self.unpin();
        self.session.hold()?;
        self.snapshot = Snapshot::Held;
        Ok(())
    }

    /// The view is over. A pin stays if it is the latest state.
    pub fn end(&mut self) {
        if self.snapshot == Snapshot::Held || self.pinned() && !self.pin_is_latest() {
            self.let_go();
        }
    }

    /// Ends a pin.
    pub fn unpin(&mut self) {
        if self.pinned() {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        self.session.release();
        self.snapshot = Snapshot::None;
    }
}

impl Deref for Reader {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
