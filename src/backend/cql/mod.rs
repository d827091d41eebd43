//! The store on ScyllaDB or Apache Cassandra.
//!
//! Requests run on tasks of the runtime (see `lanes`); nothing blocks. A request that is cancelled or whose deadline
//! passes is answered by the operation protocol at once, while what was sent to the cluster is let run
//! out: dropping a driver future leaves its stream id orphaned on the connection, and many of those break
//! it together with all other requests.

mod admin;
mod alarm;
mod attempt;
mod batch;
mod cluster;
mod conditional;
mod connect;
mod creation;
mod error;
mod get;
mod key;
mod lanes;
mod list;
mod migrate;
mod namespaces;
mod point;
mod profile;
mod put;
mod refresh;
mod refusal;
mod report;
mod routing;
mod row;
mod scan;
mod schema;
mod scope;
mod search;
mod statements;
mod times;
mod tls;
mod unsettled;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::Handle;

use self::cluster::{Call, Cluster};
use self::connect::Pauses;
use self::lanes::{Job, Lanes};
use super::Backend;
use crate::error::{Code, Error, Result};
use crate::lock::Mutex;
use crate::op::burst::Burst;
use crate::op::task::Task;
use crate::store::clock::Clock;
use crate::store::config::Config;
use crate::store::operation::{Admin, Operation};
use crate::telemetry::report::Report;

/// One attempt at opening, which every request that came meanwhile waits for.
type Opening = Shared<BoxFuture<'static, Result<Arc<Cluster>>>>;

/// The backend `cql`. Connects with its first operation.
pub struct Cql {
    shared: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    clock: Arc<Clock>,
    runtime: Handle,
    open: ArcSwapOption<Cluster>,
    lanes: Arc<Lanes<Run>>,
    opening: Mutex<Option<Opening>>,
    closed: AtomicBool,
    /// Someone goes on trying to reach a cluster that is away.
    trying: AtomicBool,
}

impl Cql {
    /// A backend that connects on `runtime` with the first operation; no I/O.
    pub fn new(config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Self {
        let shared = Inner {
            config,
            clock,
            runtime,
            open: ArcSwapOption::empty(),
            lanes: Lanes::new(),
            opening: Mutex::default(),
            closed: AtomicBool::new(false),
            trying: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl Backend for Cql {
    fn name(&self) -> &'static str {
        "cql"
    }

    /// Nothing is answered without the network, except by a store that is closed.
    fn immediate(&self, _operation: &Operation) -> Option<Result<String>> {
        self.shared.closed.load(Ordering::Acquire).then(|| Err(closed()))
    }

    fn start(&self, task: Task) {
        let runtime = &self.shared.runtime;
        let Some(cluster) = self.shared.open.load_full() else {
            let shared = Arc::clone(&self.shared);
            runtime.spawn(async move {
                let outcome = shared.open_and_run(&task).await;
                task.complete(outcome);
            });
            return;
        };
        self.shared.lanes.start(runtime, Run { cluster, task });
    }

    fn report(&self, report: &mut Report) {
        if let Some(cluster) = &*self.shared.open.load() {
            cluster.report(report);
        }
    }

    fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        // An attempt at opening that ends after this look finds `closed` and drops its cluster itself.
        self.shared.open.store(None);
        *self.shared.opening.lock() = None;
        self.shared.lanes.close();
    }
}

impl Inner {
    async fn open_and_run(self: &Arc<Self>, task: &Task) -> Result<String> {
        if let Operation::Admin(Admin::Health { write }) = task.operation() {
            // Health is an answer also when the cluster is away.
            return Ok(admin::health(self.cluster().await, *write).await);
        }
        if let Operation::Admin(Admin::Migrate(request)) = task.operation() {
            // Opening would migrate (or refuse what is to be migrated), so this has a session of its own.
            let connection = connect::connect(&self.config).await?;
            return migrate::migrate(&connection.session, &self.config, request).await;
        }
        match self.cluster().await {
            Ok(cluster) => run(&cluster, task).await,
            Err(error) if self.config.connect.lazy && error.code().retryable() => {
                self.go_on_trying();
                // Only opening may leave it at that; the others have nobody to answer them.
                let is_open = matches!(task.operation(), Operation::Admin(Admin::Open));
                if is_open { Ok("null".to_owned()) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Tries to reach the cluster, again and again, until it is there, the store is closed or dropped, or
    /// an error comes that trying does not change. Requests meanwhile try too, or share this attempt.
    fn go_on_trying(self: &Arc<Self>) {
        if self.trying.swap(true, Ordering::AcqRel) {
            return;
        }
        let (inner, mut pauses) = (Arc::downgrade(self), Pauses::new(&self.config));
        self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(pauses.next()).await;
                let Some(inner) = inner.upgrade() else { return };
                match inner.cluster().await {
                    Err(error) if error.code().retryable() => {}
                    // The next request that finds the cluster away begins anew.
                    _ => return inner.trying.store(false, Ordering::Release),
                }
            }
        });
    }

    /// The open cluster; opens it first if need be. One attempt at a time: whoever comes while it runs gets
    /// its outcome, whoever comes after a failure begins a new one.
    async fn cluster(self: &Arc<Self>) -> Result<Arc<Cluster>> {
        if let Some(cluster) = self.open.load_full() {
            return Ok(cluster);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let opening = {
            let mut opening = self.opening.lock();
            opening.get_or_insert_with(|| self.begin_to_open()).clone()
        };
        opening.await
    }

    fn begin_to_open(self: &Arc<Self>) -> Opening {
        let inner = Arc::clone(self);
        // In a task of its own: the request that began it may be dropped.
        let attempt = self.runtime.spawn(async move {
            let (config, clock) = (Arc::clone(&inner.config), Arc::clone(&inner.clock));
            let outcome = Cluster::open(config, clock, inner.runtime.clone()).await;
            let mut opening = inner.opening.lock();
            *opening = None;
            if let Ok(cluster) = &outcome {
                inner.open.store(Some(Arc::clone(cluster)));
            }
            drop(opening);
            // Close sets the flag before it empties `open`: one of the two looks sees the other.
            if inner.closed.load(Ordering::Acquire) {
                inner.open.store(None);
                return Err(closed());
            }
            outcome
        });
        let attempt = async move {
            attempt.await.unwrap_or_else(|_| Err(Error::new(Code::Panic, "opening the cluster panicked")))
        };
        attempt.boxed().shared()
    }
}

/// A request and the open cluster that carries it out.
struct Run {
    cluster: Arc<Cluster>,
    task: Task,
}

impl Job for Run {
    async fn run(self) {
        let Self { cluster, task } = self;
        let outcome = match task.operation() {
            Operation::Get(get) => cluster.get(&call(&cluster, &task), get).await,
            Operation::Put(put) => cluster.put(&call(&cluster, &task), &task, put).await,
            // A lane is as large as the largest thing it may do; these are larger, and rarer.
            _ => Box::pin(run(&cluster, &task)).await,
        };
        let burst = Burst::begin();
        cluster.complete(task, outcome);
        burst.end_after_others();
    }
}

/// The request's circumstances.
fn call<'a>(cluster: &'a Cluster, task: &Task) -> Call<'a> {
    let (profile, serial) =
        task.options().map_or((0, false), |options| (options.profile.unwrap_or(0), options.serial));
    Call { kind: task.operation().kind(), statements: cluster.statements(profile), serial, alone: true }
}

/// Runs one request on the open cluster.
async fn run(cluster: &Arc<Cluster>, task: &Task) -> Result<String> {
    let call = call(cluster, task);
    // The large futures are boxed, so that a small request's runtime task is small.
    match task.operation() {
        Operation::Get(get) => cluster.get(&call, get).await,
        Operation::Put(put) => cluster.put(&call, task, put).await,
        Operation::Delete(address) => cluster.delete(&call, task, address).await,
        Operation::Conditional(body) => Box::pin(cluster.conditional(&call, task, body)).await,
        Operation::Batch(batch) => Box::pin(cluster.batch(&call, task, batch)).await,
        Operation::Search(search) => Box::pin(cluster.search(&call, task, search)).await,
        Operation::ListNamespaces(list) => Box::pin(cluster.list_namespaces(&call, task, list)).await,
        Operation::Count(scope) => Box::pin(cluster.count(&call, task, scope)).await,
        Operation::DeletePrefix(scope) => Box::pin(cluster.delete_prefix(&call, task, scope)).await,
        // The cluster reclaims expired cells by itself, when it compacts.
        Operation::Sweep => Ok("0".to_owned()),
        Operation::Admin(admin) => Box::pin(admin::run(cluster, task, admin)).await,
    }
}

fn closed() -> Error {
    Error::new(Code::Closed, "the store is closed")
}
