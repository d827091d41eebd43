//! The durable engine: one SQLite file in WAL mode, read connections, one writer thread.
//!
//! Readers have snapshots of their own and never wait for the writer; the writer groups what is
//! queued into one transaction and one sync; several processes may have the file open.

mod backup;
mod error;
mod forks;
mod members;
mod open;
mod pins;
mod pool;
mod probe;
mod queue;
mod row;
mod scan;
mod schema;
mod session;
mod sql;
#[allow(unsafe_code)]
mod sys;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::lock::Mutex;

use self::forks::InUse;
use self::members::{Member, push_names};
use self::open::{Role, Settings, connect};
use self::pins::Reader;
use self::pool::Pool;
use self::session::Session;
use self::writer::Writer;
use super::engine::{Engine, Job};
use crate::error::{Code, Error, Result};
use crate::json::text::push_string;
use crate::store::config::Config;

pub use self::pool::FileView;

/// How long `close` waits for reads that are under way.
const READS_PATIENCE: Duration = Duration::from_secs(5);

/// The engine on the file `path` of a configuration.
pub struct FileEngine {
    settings: Settings,
    opened: OnceLock<Opened>,
    /// Why the last `open` failed. A lock of its own: `life` is held while files are opened.
    error: Mutex<Option<Error>>,
    life: Mutex<Life>,
    closing: AtomicBool,
}

#[derive(Default)]
struct Life {
    closed: bool,
}

struct Opened {
    pool: Arc<Pool>,
    /// None when the file is open for reading only.
    writer: Option<Writer>,
    role: Role,
    in_use: InUse,
}

impl FileEngine {
    /// An engine that is not open yet; no I/O.
    pub fn new(config: &Config) -> Self {
        Self {
            settings: Settings::new(config),
            opened: OnceLock::new(),
            error: Mutex::default(),
            life: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    fn open_now(&self) -> Result<Opened> {
        let settings = &self.settings;
        let members: Arc<[Member]> = Member::all(&settings.indexes, settings.filter_paths)?.into();
        // Before the first call of SQLite: a fork from now on is one with a file open.
        let in_use = InUse::enter()?;
        let role = open::prepare(settings, &members)?;
        // Pins need the writer's thread, which ends those that are not used.
        let reader = if settings.read_only { Reader::new } else { Reader::pinning };
        let readers = (0..settings.readers)
            .map(|_| Ok(reader(Session::new(connect(settings, role)?, &members))))
            .collect::<Result<Vec<_>>>()?;
        let pool = Pool::new(readers);
        let writer = match settings.read_only {
            true => None,
            false => Some(Writer::start(connect(settings, Role::Writer)?, &members, &pool)?),
        };
        Ok(Opened { pool, writer, role, in_use })
    }

    fn opened(&self) -> Result<&Opened> {
        self.opened.get().ok_or_else(|| match &*self.error.lock() {
            _ if self.closing.load(Ordering::Relaxed) => closed(),
            Some(error) => error.clone(),
            None => Error::new(Code::Unavailable, "the store is not open yet"),
        })
    }

    fn file_view(&self, wait: bool, hold: bool) -> Result<Option<FileView>> {
        self.opened()?.pool.view(wait, hold)
    }
}

impl Engine for FileEngine {
    type View = FileView;

    fn name(&self) -> &'static str {
        "file"
    }

    fn open(&self) -> Result<()> {
        let life = self.life.lock();
        if life.closed {
            return Err(closed());
        }
        if self.opened.get().is_some() {
            return Ok(());
        }
        match self.open_now() {
            Ok(opened) => {
                *self.error.lock() = None;
                let _ = self.opened.set(opened);
                Ok(())
            }
            Err(error) => {
                *self.error.lock() = Some(error.clone());
                Err(error)
            }
        }
    }

    fn view(&self, wait: bool) -> Result<Option<FileView>> {
        self.file_view(wait, true)
    }

    fn single(&self, wait: bool) -> Result<Option<FileView>> {
        self.file_view(wait, false)
    }

    fn submit(&self, job: Box<dyn Job>) {
        match self.opened() {
            Err(error) => job.finish(Err(error)),
            Ok(Opened { writer: Some(writer), .. }) => writer.submit(job),
            Ok(_) => job.finish(Err(Error::new(Code::ReadOnly, "the store was opened with read_only"))),
        }
    }

    fn backup(&self, target: &Path) -> Result<()> {
        let opened = self.opened()?;
        let stop = || self.closing.load(Ordering::Relaxed);
        if stop() {
            return Err(closed());
        }
        backup::backup(&self.settings, opened.role, target, &stop)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let bytes = |path: &Path| path.metadata().map_or(0, |file| file.len());
        let path = &self.settings.path;
        let mut facts = vec![
            ("path", quoted(&path.display().to_string())),
            ("format", schema::FORMAT.to_string()),
            ("sqlite", quoted(rusqlite::version())),
            ("read_only", self.settings.read_only.to_string()),
            ("file_bytes", bytes(path).to_string()),
            ("log_bytes", bytes(&probe::beside(path, "-wal")).to_string()),
        ];
        let mut indexes = String::new();
        push_names(&mut indexes, self.settings.indexes.iter().map(String::as_str));
        facts.push(("indexes", indexes));
        let Some(opened) = self.opened.get() else { return facts };
        // The writer's thread has the pool, too.
        let (readers, in_use, pinned) = opened.pool.counts(1 + usize::from(opened.writer.is_some()));
        facts.push(("readers", readers.to_string()));
        facts.push(("readers_in_use", in_use.to_string()));
        facts.push(("readers_pinned", pinned.to_string()));
        if let Some(writer) = &opened.writer {
            let counts = writer.counts();
            facts.extend([
                ("groups", counts.groups.to_string()),
                ("commits", counts.commits.to_string()),
                ("jobs", counts.jobs.to_string()),
                ("failed_jobs", counts.failures.to_string()),
                ("checkpoints", counts.checkpoints.to_string()),
                ("queued", counts.queued.to_string()),
            ]);
        }
        facts
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        // Held to the end: whoever else closes returns when everything is released, too.
        let mut life = self.life.lock();
        if std::mem::replace(&mut life.closed, true) {
            return;
        }
        if let Some(opened) = self.opened.get() {
            // What is queued is written first; readers close before the writer's connection, so
            // that the last one to close, which empties the log, is one that may write.
            let last = opened.writer.as_ref().and_then(Writer::stop);
            opened.pool.close(READS_PATIENCE);
            drop(last);
            opened.in_use.release();
        }
    }
}

impl Drop for FileEngine {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> Error {
    Error::new(Code::Closed, "the store is closed")
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_string(&mut out, text);
    out
}
