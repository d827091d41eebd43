//! An open cluster: the session and everything that all paths share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use scylla::client::session::Session;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::alarm::Alarms;
use super::connect::{Connection, connect};
use super::creation::Creations;
use super::key::{KeyHash, KeyHasher};
use super::namespaces::Namespaces;
use super::refresh::Refreshes;
use super::scan::Scans;
use super::schema::{self, Format};
use super::statements::Statements;
use super::times::WriteTimes;
use super::unsettled::Unsettled;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::clock::Clock;
use crate::store::config::Config;
use crate::store::operation::Kind;
use crate::store::version::new_version;

/// A connected store. Dropping the last reference ends the session; that must happen before its runtime
/// goes down.
pub struct Cluster {
    pub(super) session: Arc<Session>,
    /// By profile; 0 is the default one.
    statements: Vec<Statements>,
    pub(super) format: Format,
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<Clock>,
    keys: KeyHasher,
    pub(super) times: WriteTimes,
    pub(super) unsettled: Unsettled,
    pub(super) creations: Creations,
    pub(super) namespaces: Namespaces,
    pub(super) refreshes: Refreshes,
    pub(super) scans: Scans,
    pub(super) alarms: Arc<Alarms>,
    /// Requests that were with the cluster when their caller had been answered.
    pub(super) abandoned: AtomicU64,
    background: Vec<AbortHandle>,
}

/// One request's circumstances.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The operation, for errors.
    pub kind: Kind,
    /// Statements under the request's execution profile.
    pub statements: &'a Statements,
    /// Writes go through Paxos.
    pub serial: bool,
    /// This is the request's only write: what it chooses is kept with the request, for later attempts.
    pub alone: bool,
}

/// What the first attempt at a write has chosen; later ones repeat it.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The write time, microseconds.
    pub time_us: i64,
    /// The new version.
    pub version: Uuid,
}

impl Cluster {
    /// Connects, brings the schema up, prepares the statements.
    pub async fn open(config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Result<Arc<Self>> {
        let Connection { session, profiles } = connect(&config).await?;
        let format = schema::prepare_schema(&session, &config).await?;
        let base = Statements::prepare(&session, &config.table("store"), profiles.get(0)).await?;
        let statements =
            (0..config.profile_names().count()).map(|index| base.with_profile(profiles.get(index))).collect();
        let namespaces = Namespaces::open(&session, &config, &profiles, format).await?;
        let (refreshes, waiting) = Refreshes::new();
        let times = WriteTimes::new(Duration::from_secs_f64(config.max_clock_skew));
        let creations = Creations::new(Duration::from_secs_f64(config.created_at_cache));
        let alarms = Arc::new(Alarms::new(profiles.tick()));
        let ringing = runtime.spawn(Arc::clone(&alarms).ring()).abort_handle();
        Ok(Arc::new_cyclic(|cluster: &Weak<Self>| {
            let refresher = runtime.spawn(Self::send_refreshes(cluster.clone(), waiting)).abort_handle();
            Self {
                session: Arc::new(session),
                statements,
                format,
                config,
                clock,
                keys: KeyHasher::default(),
                times,
                unsettled: Unsettled::new(),
                creations,
                namespaces,
                refreshes,
                scans: Scans::default(),
                alarms,
                abandoned: AtomicU64::new(0),
                background: vec![refresher, ringing],
            }
        }))
    }

    /// Delivers what has come of a request.
    pub(super) fn complete(&self, task: Task, outcome: Result<String>) {
        if task.stopped() {
            self.abandoned.fetch_add(1, Ordering::Relaxed);
        }
        task.complete(outcome);
    }

    /// The statements under a profile; 0 is the default one.
    pub(super) fn statements(&self, profile: usize) -> &Statements {
        self.statements.get(profile).unwrap_or(&self.statements[0])
    }

    /// The key as the tables know it.
    pub(super) fn key(&self, address: &Address) -> KeyHash {
        self.keys.hash(address)
    }

    /// A new version.
    pub(super) fn version(&self) -> Uuid {
        Uuid::from_bytes(new_version())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for task in &self.background {
            task.abort();
        }
    }
}

impl Call<'_> {
    /// Takes the last moment at which the write can still be stopped. Call right before it is sent.
    pub fn claim(&self, task: &Task) -> Result<()> {
        if task.claim() {
            return Ok(());
        }
        // The caller has the outcome already; nobody reads this.
        Err(Error::new(Code::Cancelled, "the request was stopped before anything was sent"))
    }

    /// What this write's first attempt has chosen, or chooses now.
    pub fn stamp(&self, task: &Task, time: impl FnOnce() -> i64) -> Stamp {
        if self.alone { task.stamp(|| Stamp::new(time())) } else { Stamp::new(time()) }
    }
}

impl Stamp {
    /// A new version at this write time.
    pub fn new(time_us: i64) -> Self {
        Self { time_us, version: Uuid::from_bytes(new_version()) }
    }
}
