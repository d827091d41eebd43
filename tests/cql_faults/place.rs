//! The test cluster, and a keyspace of a test's own on it.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh");
const POINTS: &str = "LGSTORE_TEST_CONTACT_POINTS";

/// A keyspace with one copy of each row; dropped with the value.
pub struct Keyspace {
    pub name: String,
}

impl Keyspace {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keyspace = Self { name: format!("lgstore_faults_{}_{number}", std::process::id()) };
        keyspace.execute(&format!(
            "CREATE KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}",
            keyspace.name
        ));
        keyspace
    }

    /// The configuration of a store past all proxies.
    pub fn config(&self) -> Value {
        json!({"backend": "cql", "contact_points": contact_points(), "keyspace": self.name,
            "request_timeout": 30, "breaker": {"enabled": false}})
    }

    fn execute(&self, statement: &str) {
        let runtime = Runtime::new().expect("a runtime");
        let done = runtime.block_on(async { session().await.query_unpaged(statement, ()).await.map(drop) });
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.execute(&format!("DROP KEYSPACE IF EXISTS {}", self.name));
        }
    }
}

/// A session of the driver, for what a test does behind the store's back.
pub async fn session() -> Session {
    SessionBuilder::new().known_nodes(contact_points()).build().await.expect("a session with the cluster")
}

/// `host:port` of the test cluster: the developer's own, or one that is started now and ends with this
/// process.
pub fn contact_points() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let points = std::env::var(POINTS).unwrap_or_else(|_| started());
        points.split(',').map(str::to_owned).collect()
    })
}

fn started() -> String {
    let owner = std::process::id().to_string();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cql_faults");
    let folder = folder.to_str().expect("UTF-8");
    let up = Command::new(SCRIPT).args(["up", "--dir", folder, "--owner", &owner]).status().expect("bash");
    assert!(up.success(), "the test cluster did not start");
    let env = Command::new(SCRIPT).args(["env", "--dir", folder]).output().expect("bash");
    let env = String::from_utf8(env.stdout).expect("UTF-8");
    let points = env.lines().find_map(|line| line.strip_prefix(POINTS)?.strip_prefix('='));
    points.expect("contact points").trim_matches('\'').to_owned()
}
