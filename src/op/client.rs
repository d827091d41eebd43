//! The front of a store: takes requests, hands out ids, cancels, closes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::announce::{Announcement, Announcements};
use super::burst::Burst;
use super::completion::{Answer, Completion, Receiver, Sink};
use super::deadline::Deadlines;
use super::desk::{Desk, Observer};
use super::lane::Lanes;
use super::task::Task;
use super::ticket::{Admission, Delivery, Ticket};
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;
use crate::store::Store;
use crate::store::config::Config;
use crate::store::operation::Kind;
use crate::store::request::Prepared;
use crate::telemetry::batches::Shape;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::prometheus;
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::Snapshot;

/// How long `close` waits, at the least, for requests that it has told to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// A request as a caller hands it over; the body may go away when submit has returned.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Number of the operation.
    pub op: u32,
    /// JSON document.
    pub body: &'a [u8],
    /// The caller takes an answer at once.
    pub allow_immediate: bool,
    /// Time until the deadline; `None` = the store's default.
    pub timeout: Option<Duration>,
    /// Echoed in the completion.
    pub tag: u64,
}

/// The outcome of submit when nothing was wrong.
#[derive(Debug)]
pub enum Submitted {
    /// Exactly one completion will come, with this operation id.
    Accepted(u64),
    /// This is the outcome; no completion comes.
    Done(Answer),
}

/// How a request came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Alone,
    Burst,
    /// Its caller waits for the outcome.
    Call,
}

/// A store that accepts requests.
pub struct Client {
    store: Arc<Store>,
    desk: Arc<Desk>,
    lanes: Arc<Lanes>,
    deadlines: Arc<Deadlines>,
    metrics: Arc<Metrics>,
    /// What the store's parts had counted when the counters were reset.
    reset_at: Mutex<Report>,
    runtime: Arc<Runtime>,
    timeout: Option<Duration>,
    /// True when the backend is closed; the lock makes a second close wait for the first.
    closed: Mutex<bool>,
    announcements: Arc<Announcements>,
}

impl Observer for Metrics {
    fn observe(&self, kind: Kind, batch: Option<Shape>, code: Option<Code>, latency: Duration) {
        self.record(kind, code, latency);
        if let Some(shape) = batch {
            self.batch(shape);
        }
    }
}

impl Client {
    /// A store on `runtime`; validates the configuration's combination of options, does no I/O.
    pub fn new(runtime: Arc<Runtime>, config: Config) -> Result<Arc<Self>> {
        let metrics = Arc::new(Metrics::new());
        let limits = &config.limits;
        let desk = Arc::new(Desk::new(
            limits.inflight_operations,
            limits.inflight_bytes,
            Arc::clone(&metrics) as Arc<dyn Observer>,
        ));
        let timeout = config.timeout();
        let store = Arc::new(Store::new(config, runtime.handle())?);
        let workers = runtime.handle().metrics().num_workers();
        let lanes = Lanes::start(runtime.handle(), workers, desk.capacity(), Arc::clone(&store));
        let deadlines = Deadlines::start(runtime.handle(), &desk);
        let (closed, reset_at, announcements) = (Mutex::new(false), Mutex::default(), Arc::default());
        Ok(Arc::new(Self {
            store,
            desk,
            lanes,
            deadlines,
            metrics,
            reset_at,
            runtime,
            timeout,
            closed,
            announcements,
        }))
    }

    /// The runtime this store runs on.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Counts, errors and latencies so far, as a JSON document; `reset` starts them anew.
    pub fn metrics_json(&self, reset: bool) -> String {
        let json = self.metrics().to_json();
        if reset {
            self.metrics.reset();
            *self.reset_at.lock().unwrap_or_else(PoisonError::into_inner) = self.store.report();
        }
        json
    }

    /// The same as text for Prometheus.
    pub fn metrics_prometheus(&self) -> String {
        let options = &self.store.config().metrics;
        let (backend, store) = (self.store.backend_name(), options.store.as_deref());
        let options = prometheus::Options { backend, store, legacy_names: options.legacy_names };
        prometheus::expose(&self.metrics(), &options)
    }

    fn metrics(&self) -> Snapshot {
        let mut snapshot = self.metrics.snapshot();
        snapshot.in_flight = self.in_flight();
        let reset_at = self.reset_at.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot.report = self.store.report().since(&reset_at);
        snapshot
    }

    /// The store behind.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Takes one request: refuses it, answers it at once (where allowed), or accepts it.
    pub fn submit(self: &Arc<Self>, request: &Request<'_>, sink: &dyn Fn() -> Sink) -> Result<Submitted> {
        self.take(request, sink, Way::Alone)
    }

    /// Like `submit` for a burst: does not wake the lanes (see `wake`), and a request that does not
    /// validate is accepted and completed with its error, since a burst has one status for all.
    pub fn submit_in_burst(
        self: &Arc<Self>,
        request: &Request<'_>,
        sink: &dyn Fn() -> Sink,
    ) -> Result<Submitted> {
        self.take(request, sink, Way::Burst)
    }

    /// Wakes the lanes after a burst.
    pub fn wake(&self) {
        self.lanes.wake();
    }

    /// The same after a burst behind which the next will wake them, if that can't come any more.
    ///
    /// Close sets its flag, and then wakes; here the requests are queued before the flag is read. Each has a fence
    /// between the two (`Lanes::wake` begins with close's), so one of them sees what the other has done.
    pub fn wake_if_closing(&self) {
        fence(Ordering::SeqCst);
        if self.desk.gate().is_closing() {
            self.lanes.wake();
        }
    }

    fn take(self: &Arc<Self>, request: &Request<'_>, sink: &dyn Fn() -> Sink, way: Way) -> Result<Submitted> {
        let started = Instant::now();
        if self.desk.gate().is_closing() {
            return Err(Error::new(Code::Closed, "the store is closed"));
        }
        let mut prepared = self.store.prepare(request.op, request.body, self.runtime.log());
        let kind = prepared.as_ref().map_or_else(|_| Kind::from_number(request.op), |made| Some(made.kind()));
        match &mut prepared {
            Err(error) if way != Way::Burst || kind.is_none() => {
                self.metrics.refused(error.code());
                return Err(error.clone());
            }
            Err(error) if request.allow_immediate => {
                self.metrics.refused(error.code());
                return Ok(Submitted::Done(error.clone().into()));
            }
            // A write may not be done at once while another request of the store is on its way: it would overtake
            // the writes that its caller has submitted before.
            Ok(made) if request.allow_immediate && !(made.operation.writes() && self.in_flight() > 0) => {
                if let Some(outcome) = self.store.immediate(made) {
                    let code = outcome.as_ref().err().map(Error::code);
                    let (kind, batch) = (made.kind(), Shape::of(&made.operation));
                    self.metrics.observe(kind, batch, code, started.elapsed());
                    return Ok(Submitted::Done(Answer::new(outcome)));
                }
            }
            _ => {}
        }
        // From the moment it is accepted its callback may run, and free the handle that this call came
        // in through.
        let client = Arc::clone(self);
        let kind = kind.unwrap_or(Kind::Get);
        let outcome = client.accept(request, sink(), started, kind, prepared, way)?;
        if way != Way::Burst {
            client.lanes.wake();
        }
        Ok(outcome)
    }

    fn accept(
        &self,
        request: &Request<'_>,
        sink: Sink,
        started: Instant,
        kind: Kind,
        prepared: Result<Prepared>,
        way: Way,
    ) -> Result<Submitted> {
        let deadline = request.timeout.or(self.timeout).and_then(|timeout| started.checked_add(timeout));
        let ticket = self
            .desk
            .admit(Admission {
                tag: request.tag,
                kind,
                batch: prepared.as_ref().ok().and_then(|made| Shape::of(&made.operation)),
                writes: prepared.as_ref().is_ok_and(|made| made.operation.writes()),
                bytes: request.body.len(),
                started,
                deadline,
                sink,
            })
            .inspect_err(|error| self.metrics.refused(error.code()))?;
        let id = ticket.id();
        if let Some(at) = deadline {
            self.deadlines.watch(at);
        }
        match prepared {
            Ok(made) if way == Way::Call && self.in_flight() == 1 => self.run_here(Task::new(ticket, made)),
            Ok(made) => self.lanes.push(Task::new(ticket, made)),
            // Decided here, delivered on the runtime: a completion never comes inside submit. If
            // close or a deadline decided first, they deliver.
            Err(error) if ticket.stop(Code::Closed).is_some() => self.deliver_later(ticket, error),
            Err(_) => {}
        }
        Ok(Submitted::Accepted(id))
    }

    /// Runs the only request in flight on its caller's thread, which waits for it anyway: a hop to a
    /// lane and back costs more than a put. With others in flight a lane does it, since the caller
    /// could find itself working for them.
    fn run_here(&self, task: Task) {
        let burst = Burst::begin();
        let _ = catch_unwind(AssertUnwindSafe(|| self.store.start_all(&mut vec![task])));
        burst.end_on(self.runtime.handle());
    }

    /// Submits and waits for the outcome. The caller has made sure that this is not a thread of the
    /// runtime, where it could wait for itself.
    pub fn call(self: &Arc<Self>, request: &Request<'_>) -> Result<Arc<Answer>> {
        let waiter = Arc::new(Waiter::default());
        let request = Request { allow_immediate: true, ..*request };
        let sink = || Sink::Receiver(Arc::clone(&waiter) as Arc<dyn Receiver>);
        match self.take(&request, &sink, Way::Call)? {
            Submitted::Done(answer) => Ok(Arc::new(answer)),
            Submitted::Accepted(_) => Ok(waiter.wait()),
        }
    }

    /// Asks a request to end early. Its one completion still comes: cancelled, or its own outcome
    /// when that was decided first or a write had begun. Unknown and finished ids are no error.
    pub fn cancel(&self, id: u64) {
        if let Some(ticket) = self.desk.find(id) {
            self.stop(ticket, Code::Cancelled);
        }
    }

    /// Ends a request, or at least the attempts of a write that is under way.
    fn stop(&self, ticket: Arc<Ticket>, code: Code) {
        match ticket.stop(code) {
            Some(error) => self.deliver_later(ticket, error),
            None => self.store.recall(),
        }
    }

    fn deliver_later(&self, ticket: Arc<Ticket>, error: Error) {
        let delivery = Delivery::new(ticket, error);
        self.runtime.handle().spawn(async move { drop(delivery) });
    }

    /// Requests whose outcome is not delivered.
    pub fn in_flight(&self) -> u64 {
        self.desk.gate().inside()
    }

    /// From now on every request is refused as closed; what was accepted goes on. Waits for nobody.
    pub fn stop_accepting(&self) {
        self.desk.gate().close();
        // For bursts that more was to follow.
        self.lanes.wake();
    }

    /// Stops accepting, waits up to `drain` for what was accepted, ends the rest as closed, and waits
    /// until every callback has returned or every completion lies in its queue. `Timeout` when a
    /// callback (or a write that had begun) is still not through: the store stays closing, and a
    /// later close may finish. Blocks; not for threads of the runtime.
    pub fn close(&self, drain: Duration) -> Result<()> {
        self.stop_accepting();
        let gate = self.desk.gate();
        let now = Instant::now();
        if !gate.wait_empty(Some(now.checked_add(drain).unwrap_or(now + Duration::from_secs(1 << 30)))) {
            for ticket in self.desk.all() {
                self.stop(ticket, Code::Closed);
            }
            if !gate.wait_empty(Some(Instant::now() + STOP_GRACE.max(drain))) {
                let text = "requests are still being completed; close again to wait for them";
                return Err(Error::new(Code::Timeout, text));
            }
        }
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*closed {
            self.lanes.close();
            self.deadlines.stop();
            self.store.close();
            *closed = true;
        }
        Ok(())
    }

    /// A callback that will tell of a close in the background, from now until it has returned.
    pub fn announce(&self) -> Announcement {
        self.announcements.begin()
    }

    /// Closes, and waits for such callbacks, too: afterwards nothing of the store runs. `Timeout` as `close`.
    pub fn close_for_good(&self, drain: Duration) -> Result<()> {
        self.close(drain)?;
        if self.announcements.wait(STOP_GRACE.max(drain)) {
            return Ok(());
        }
        let text = "the callback of a close in the background still runs; close again to wait for it";
        Err(Error::new(Code::Timeout, text))
    }

    /// Whether `close` has ended well.
    pub fn is_closed(&self) -> bool {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A store whose close has timed out: its timer must not stay with the runtime.
        self.deadlines.stop();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("backend", &self.store.backend_name()).finish_non_exhaustive()
    }
}

/// The receiver of a blocking call.
#[derive(Default)]
struct Waiter {
    answer: Mutex<Option<Arc<Answer>>>,
    arrived: Condvar,
}

impl Waiter {
    fn wait(&self) -> Arc<Answer> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match answer.take() {
                Some(answer) => return answer,
                None => answer = self.arrived.wait(answer).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Receiver for Waiter {
    fn receive(&self, completion: Completion) {
        // The slot goes back before the caller wakes, so that a full store is not full for it.
        let answer = completion.into_answer();
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.arrived.notify_one();
    }
}
