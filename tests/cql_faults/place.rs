//! A keyspace of a test's own on the test cluster.

use std::sync::atomic::{AtomicU64, Ordering};

use scylla::errors::ExecutionError;
use serde_json::{Value, json};

use crate::cluster::{self, Cluster};

/// A keyspace with one copy of each row; dropped with the value.
pub struct Keyspace {
    pub name: String,
}

/// The test cluster. Not one with TLS, which a proxy can't look into.
pub fn cluster() -> &'static Cluster {
    let cluster = cluster::plain();
    assert!(cluster.tls.is_none(), "name a cluster without TLS");
    cluster
}

impl Keyspace {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keyspace = Self { name: format!("lgstore_faults_{}_{number}", std::process::id()) };
        let text = format!(
            "CREATE KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}",
            keyspace.name
        );
        keyspace.execute(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        keyspace
    }

    /// The configuration of a store past all proxies.
    pub fn config(&self) -> Value {
        let mut config = cluster().config(&self.name);
        config["request_timeout"] = json!(30);
        config["breaker"] = json!({"enabled": false});
        config
    }

    fn execute(&self, statement: &str) -> Result<(), Box<ExecutionError>> {
        cluster::block_on(async {
            cluster().session().await.query_unpaged(statement, ()).await.map(drop).map_err(Box::new)
        })
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A busy node may take longer than the driver waits; that is nothing against the store.
            let _ = self.execute(&format!("DROP KEYSPACE IF EXISTS {}", self.name));
        }
    }
}
