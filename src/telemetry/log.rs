//! Log lines for the host: `tracing` events of this runtime as JSON, delivered on a thread of their own.
//!
//! There is no global subscriber. Every thread of the library sends its events to its runtime's log
//! ([`Log::dispatch`]); a thread of the host does so only inside [`Log::with`]. Until the host sets a
//! sink the level is 0: then an event costs one load and a compare, and nothing is formatted.
//!
//! Lines wait in a bounded ring; when it is full the oldest go, and one line says how many.

mod format;

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::lock::{Condvar, Mutex};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, span};

use crate::error::{Code, Error, Result};
use crate::runtime::threads;

/// Receives lines: a level (1 error, 2 warn, 3 info, 4 debug, 5 trace) and a JSON object
/// `{"ts","level","target","message",…}` with the event's own fields behind.
pub type Sink = Box<dyn Fn(i32, &str) + Send + Sync>;

/// Bytes of lines that may wait, whatever their number.
const RING_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    /// Set while a sink runs: what it causes on its own thread is not logged, or one line would
    /// bring the next for ever.
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
}

/// The log of one runtime. Clones are handles to the same log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    dispatch: Dispatch,
}

struct Shared {
    /// The greatest level that is recorded; 0 = none.
    level: AtomicU8,
    lines: usize,
    prefix: String,
    state: Mutex<State>,
    /// A line came, the sink changed, or the end is asked for.
    work: Condvar,
    /// A call of the sink returned.
    returned: Condvar,
}

#[derive(Default)]
struct State {
    ring: VecDeque<Line>,
    bytes: usize,
    dropped: u64,
    sink: Option<Arc<Sink>>,
    /// Counts the calls of sinks; `running` is the number of the one that has not returned.
    calls: u64,
    running: Option<u64>,
    ending: bool,
    thread: Option<JoinHandle<()>>,
}

struct Line {
    level: u8,
    json: String,
}

impl Log {
    /// A silent log whose ring holds `lines`; its thread will be called `prefix` and `-log`.
    pub fn new(lines: usize, prefix: &str) -> Self {
        let shared = Shared::new(lines, prefix);
        let dispatch = Dispatch::new(Collector { shared: shared.clone(), spans: AtomicU64::new(1) });
        Self { shared, dispatch }
    }

    /// A log that stays silent: for threads without a runtime.
    pub fn off() -> Self {
        Self { shared: Shared::new(0, "lgstore"), dispatch: Dispatch::none() }
    }

    /// What the threads of the library install as their subscriber.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Runs `emit` with this log as the subscriber if `level` is recorded: for threads of the host.
    #[inline]
    pub fn with(&self, level: Level, emit: impl FnOnce()) {
        if self.shared.level.load(Ordering::Relaxed) >= number(level) {
            tracing::dispatcher::with_default(&self.dispatch, emit);
        }
    }

    /// Sets, replaces or (with `None`) removes the sink; `level` is the greatest that it receives,
    /// 1 (errors) to 5 (all).
    ///
    /// Waits until a running call of the sink before has returned; afterwards that sink is never
    /// called again, and lines that had not reached it go to the new one, or nowhere. Called from
    /// inside the sink itself it does not wait: that call is the last one.
    ///
    /// Errors: `InvalidArg` (level), `Closed` (the runtime has ended), `Unavailable` (no thread).
    pub fn set_sink(&self, sink: Option<Sink>, level: i32) -> Result<()> {
        let level = match (&sink, u8::try_from(level)) {
            (None, _) => 0,
            (Some(_), Ok(level @ 1..=5)) => level,
            _ => return Err(Error::invalid("level", format!("{level} is not a level; they are 1 to 5"))),
        };
        let mut state = self.shared.state.lock();
        if sink.is_some() {
            self.start(&mut state)?;
        } else {
            state.ring.clear();
            state.bytes = 0;
            state.dropped = 0;
        }
        let before = std::mem::replace(&mut state.sink, sink.map(Arc::new));
        self.shared.level.store(level, Ordering::Relaxed);
        if !IN_SINK.get() {
            let running = state.running;
            while running.is_some() && state.running == running {
                self.shared.returned.wait(&mut state);
            }
        }
        drop(state);
        self.shared.work.notify_one();
        // What the sink owns is freed outside the lock: its destructor may log.
        drop(before);
        // Callsites remember the greatest level anyone wants; this makes them ask again. Where there is
        // one subscriber they ask the current thread's, which on a thread of the host is none.
        tracing::dispatcher::with_default(&self.dispatch, tracing::callsite::rebuild_interest_cache);
        Ok(())
    }

    /// Delivers what waits, joins the log's thread, and frees the sink. The reaper calls it last.
    pub fn end(&self) {
        let mut state = self.shared.state.lock();
        state.ending = true;
        let thread = state.thread.take();
        drop(state);
        self.shared.work.notify_one();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        self.shared.level.store(0, Ordering::Relaxed);
        let sink = self.shared.state.lock().sink.take();
        drop(sink);
    }

    fn start(&self, state: &mut State) -> Result<()> {
        if state.ending {
            return Err(Error::new(Code::Closed, "the runtime has ended"));
        }
        if state.thread.is_some() {
            return Ok(());
        }
        let shared = self.shared.clone();
        let thread = threads::spawn(format!("{}-log", shared.prefix), self, move || shared.deliver());
        state.thread = Some(thread.map_err(|error| {
            Error::new(Code::Unavailable, format!("can't start the log's thread: {error}"))
        })?);
        Ok(())
    }
}

impl Shared {
    fn new(lines: usize, prefix: &str) -> Arc<Self> {
        Arc::new(Self {
            level: AtomicU8::new(0),
            lines,
            prefix: prefix.to_owned(),
            state: Mutex::default(),
            work: Condvar::new(),
            returned: Condvar::new(),
        })
    }

    /// Keeps a line for the sink; the oldest go when there is no room.
    fn push(&self, line: Line) {
        let mut state = self.state.lock();
        if state.sink.is_none() {
            return;
        }
        state.bytes += line.json.len();
        state.ring.push_back(line);
        while state.ring.len() > self.lines || state.bytes > RING_BYTES {
            let Some(oldest) = state.ring.pop_front() else { break };
            state.bytes -= oldest.json.len();
            state.dropped += 1;
        }
        drop(state);
        self.work.notify_one();
    }

    /// Body of the log's thread.
    fn deliver(&self) {
        let mut state = self.state.lock();
        loop {
            let Some((sink, line)) = state.next() else {
                if state.ending {
                    return;
                }
                self.work.wait(&mut state);
                continue;
            };
            state.calls += 1;
            state.running = Some(state.calls);
            drop(state);
            IN_SINK.set(true);
            // A sink that panics loses this line and nothing else.
            let outcome = catch_unwind(AssertUnwindSafe(|| sink(i32::from(line.level), &line.json)));
            // Perhaps the last reference: then the sink's own data goes before `set_sink` returns.
            let freed = catch_unwind(AssertUnwindSafe(move || drop(sink)));
            IN_SINK.set(false);
            for payload in [outcome.err(), freed.err()].into_iter().flatten() {
                std::mem::forget(payload);
            }
            state = self.state.lock();
            state.running = None;
            self.returned.notify_all();
        }
    }
}

impl State {
    /// The next line with its sink; a line about dropped ones comes first.
    fn next(&mut self) -> Option<(Arc<Sink>, Line)> {
        let sink = self.sink.as_ref()?;
        if self.dropped > 0 {
            let json = format::dropped(std::mem::take(&mut self.dropped));
            return Some((sink.clone(), Line { level: number(Level::WARN), json }));
        }
        let line = self.ring.pop_front()?;
        self.bytes -= line.json.len();
        Some((sink.clone(), line))
    }
}

/// The number of a level at the C boundary: 1 error to 5 trace.
const fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// The subscriber of one runtime: events only, spans have no meaning here.
struct Collector {
    shared: Arc<Shared>,
    spans: AtomicU64,
}

impl Subscriber for Collector {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // Levels differ per runtime and change, so every event asks `enabled`.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.shared.level.load(Ordering::Relaxed) >= number(*metadata.level()) && !IN_SINK.get()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.shared.level.load(Ordering::Relaxed) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        // Formatted before the lock: a field's `Debug` may log, and must not meet it.
        let json = format::event(event);
        self.shared.push(Line { level: number(*event.metadata().level()), json });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
mod tests;
