//! Registration: a namespace whose put was acknowledged is in the index.

use std::sync::Arc;
use std::time::Instant;

use scylla::client::session::Session;
use scylla::value::CqlTimestamp;
use tokio::sync::watch;

use super::{Counts, Namespaces};
use crate::backend::cql::attempt::watched;
use crate::backend::cql::cluster::Cluster;
use crate::backend::cql::error;
use crate::error::{Code, Error, Result};
use crate::store::operation::Kind;

impl Namespaces {
    /// Returns when the namespace is in the index. Await it before a put into the namespace is
    /// acknowledged, and anew before each attempt at the put.
    ///
    /// Costs a write the first time, and again when the last one by this process is older than the
    /// lease. Who comes while one is on its way waits for that one.
    ///
    /// Errors: those of the write, as nothing applied: the item has not been touched.
    pub async fn register(&self, cluster: &Cluster, path: &str) -> Result<()> {
        if self.is_registered(path) {
            return Ok(());
        }
        Counts::add(&self.counts.unknown);
        let mut outcome = {
            let mut registering = self.registering.lock();
            match registering.get(path) {
                Some(outcome) => outcome.clone(),
                None => {
                    let (sender, outcome) = watch::channel(None);
                    registering.insert(path.into(), outcome.clone());
                    self.begin(cluster, path, sender);
                    outcome
                }
            }
        };
        match outcome.wait_for(Option::is_some).await {
            Ok(ended) => {
                let ended = ended.clone().unwrap_or(Ok(()));
                ended.inspect(|()| self.note_likely(path))
            }
            // Its task was dropped with the runtime, or has panicked.
            Err(_) => Err(Error::new(Code::Unavailable, "the namespace could not be registered")),
        }
    }

    /// Whether the namespace is in the index, by a write that is younger than the lease.
    pub fn is_registered(&self, path: &str) -> bool {
        let known = self.registered.get(path).is_some_and(|since| since.elapsed() < self.lease);
        if known {
            Counts::add(&self.counts.known);
        }
        known
    }

    /// Writes the row in a task of its own: whoever began it may be dropped while others wait.
    fn begin(&self, cluster: &Cluster, path: &str, sender: watch::Sender<Option<Result<()>>>) {
        let session = Arc::clone(&cluster.session);
        let (statement, bucket) = (self.statements.register.clone(), self.bucket_of(path));
        // The lease counts from before the write time is chosen: it never ends too late.
        let (since, now) = (Instant::now(), cluster.clock.now());
        let (registered, registering) = (Arc::clone(&self.registered), Arc::clone(&self.registering));
        let (counts, path) = (Arc::clone(&self.counts), Box::<str>::from(path));
        tokio::spawn(async move {
            let leave = Leave { registering, path };
            let values = (now, CqlTimestamp(now.div_euclid(1_000)), bucket, &*leave.path);
            let written = watched(session.execute_unpaged(&statement, values)).await;
            let outcome = match written {
                Ok(_) => {
                    Counts::add(&counts.registered);
                    registered.insert(leave.path.clone(), since);
                    Ok(())
                }
                // The row may be there or not; the item is not, and that is what the caller asks.
                Err(failure) => Err(error::read(Kind::Put, &failure.error)),
            };
            drop(leave);
            sender.send_replace(Some(outcome));
        });
    }

    /// Writes a row whatever is known of it.
    pub(super) async fn write_row(&self, session: &Session, path: &str, now: i64) -> Result<()> {
        let values = (now, CqlTimestamp(now.div_euclid(1_000)), self.bucket_of(path), path);
        let written = watched(session.execute_unpaged(&self.statements.register, values)).await;
        written.map_err(|failure| error::write(Kind::Reindex, &failure))?;
        Counts::add(&self.counts.registered);
        Ok(())
    }
}

/// Takes the path out of those being registered, also when the task is dropped: the next one begins anew.
struct Leave {
    registering: Arc<crate::lock::Mutex<std::collections::HashMap<Box<str>, super::Outcome>>>,
    path: Box<str>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.registering.lock().remove(&self.path);
    }
}
