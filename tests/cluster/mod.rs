//! A cluster for tests written in Rust: the developer's own (`LGSTORE_TEST_CONTACT_POINTS`), or nodes
//! that `cluster.sh` starts and that end with the test. A test file takes it in by
//! `#[path = "../cluster/mod.rs"] mod cluster;`.
#![allow(dead_code, missing_docs, reason = "each test uses a part; it is no part of the library")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Where a cluster is and how it is entered.
#[derive(Debug)]
pub struct Cluster {
    /// `host:port` of every node.
    pub contact_points: Vec<String>,
    /// User name and password.
    pub login: Option<(String, String)>,
    /// The folder of certificates that `tests/cluster/README.md` describes.
    pub tls: Option<PathBuf>,
    /// The folder of `cluster.sh`; `None` = the developer's own cluster, which nobody may stop.
    folder: Option<PathBuf>,
    /// Whose end is the cluster's.
    owner: Option<u32>,
}

/// The one plain node of this test run: `LGSTORE_TEST_CONTACT_POINTS`, or one that is started now and
/// ends with `cargo test` (or with this process, when another program runs the tests).
pub fn plain() -> &'static Cluster {
    static PLAIN: OnceLock<Cluster> = OnceLock::new();
    PLAIN.get_or_init(|| {
        if env::var_os("LGSTORE_TEST_CONTACT_POINTS").is_some() {
            return Cluster::described(|name| env::var(name).ok(), None);
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cluster");
        start(&folder, cargo().unwrap_or_else(process::id), &["--forgetful"])
    })
}

/// A cluster for one test alone, which may do with it what it likes; it ends with the value.
/// `options` are those of `cluster.sh up`, such as `["--nodes", "3"]`.
pub fn own(options: &[&str]) -> Cluster {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("cluster-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    start(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name), process::id(), options)
}

fn start(folder: &Path, owner: u32, options: &[&str]) -> Cluster {
    let owner_text = owner.to_string();
    let up = [&["up", "--owner", &owner_text], options].concat();
    tool(folder, &up);
    let text = fs::read_to_string(folder.join("env")).expect("what the tool says of its cluster");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::to_owned)
    };
    let mut cluster = Cluster::described(value, Some(folder.to_owned()));
    cluster.owner = Some(owner);
    cluster
}

fn tool(folder: &Path, arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/cluster.sh");
    let mut command = Command::new("bash");
    command.arg(script).args(arguments).arg("--dir").arg(folder).stdin(Stdio::null());
    let output = command.output().expect("bash");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cluster.sh {}: {said}", arguments.join(" "));
}

/// The process that runs one test program after the other, if it is cargo.
fn cargo() -> Option<u32> {
    let parent = std::os::unix::process::parent_id();
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    (name.trim() == "cargo").then_some(parent)
}

impl Cluster {
    fn described(value: impl Fn(&str) -> Option<String>, folder: Option<PathBuf>) -> Self {
        let points = value("LGSTORE_TEST_CONTACT_POINTS").expect("contact points");
        let user = value("LGSTORE_TEST_USERNAME");
        Self {
            contact_points: points.split(',').map(|point| point.trim().to_owned()).collect(),
            login: user.zip(value("LGSTORE_TEST_PASSWORD")),
            tls: value("LGSTORE_TEST_TLS").map(PathBuf::from),
            folder,
            owner: None,
        }
    }

    /// Does to a node what the tool can: `kill`, `pause`, `resume`, `stop`, `start`. Nodes are numbered from 1.
    pub fn node(&self, verb: &str, number: u32) {
        tool(self.folder.as_deref().expect("a cluster of our own"), &[verb, &number.to_string()]);
    }

    /// Waits until every node that runs sees the others up.
    pub fn settle(&self) {
        tool(self.folder.as_deref().expect("a cluster of our own"), &["settle"]);
    }

    /// A store's configuration for a keyspace of this cluster, patient; options may be added or set anew.
    pub fn config(&self, keyspace: &str) -> Value {
        // A busy machine is slow, not broken; and asking twice would not make it faster.
        let mut config = json!({"backend": "cql", "contact_points": self.contact_points,
            "keyspace": keyspace, "request_timeout": 30, "speculative": {"max": 0}, "connect": {"deadline": 60}});
        if let Some((username, password)) = &self.login {
            config["auth"] = json!({"username": username, "password": password});
        }
        if let Some(tls) = &self.tls {
            let file = |name: &str| tls.join(name);
            config["tls"] = json!({"enabled": true, "ca_file": file("ca.pem"),
                "cert_file": file("client.pem"), "key_file": file("client.key")});
        }
        config
    }

    /// A keyspace that no other test uses, with a copy on up to three nodes; it goes with the value.
    pub fn keyspace(&self, name: &str) -> Keyspace<'_> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis();
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{name}_{:x}_{:x}_{next}", process::id(), now & 0xfff_ffff);
        let copies = self.contact_points.len().min(3);
        let keyspace = Keyspace { cluster: self, name };
        keyspace.execute(&format!(
            "CREATE KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', \
             'replication_factor': {copies}}}",
            keyspace.name
        ));
        keyspace
    }

    /// A session of the driver, for what a test does behind the store's back.
    pub async fn session(&self) -> Session {
        let mut builder = SessionBuilder::new().known_nodes(&self.contact_points);
        if let Some((user, password)) = &self.login {
            builder = builder.user(user, password);
        }
        if let Some(tls) = &self.tls {
            builder = builder.tls_context(Some(Arc::new(client_of(tls))));
        }
        builder.build().await.expect("a session with the cluster")
    }
}

fn client_of(tls: &Path) -> ClientConfig {
    let certificate = |name| CertificateDer::from_pem_file(tls.join(name)).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(tls.join("client.key")).expect("a key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).expect("an authority");
    let config = ClientConfig::builder().with_root_certificates(roots);
    config.with_client_auth_cert(vec![certificate("client.pem")], key).expect("a key that fits")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let (Some(folder), Some(owner)) = (&self.folder, self.owner) {
            tool(folder, &["leave", "--owner", &owner.to_string()]);
            if !std::thread::panicking() {
                let _ = fs::remove_dir_all(folder); // else the logs may be wanted
            }
        }
    }
}

/// A keyspace of one test.
pub struct Keyspace<'c> {
    cluster: &'c Cluster,
    pub name: String,
}

impl Keyspace<'_> {
    /// A store's configuration; options may be added.
    pub fn config(&self) -> Value {
        self.cluster.config(&self.name)
    }

    /// Runs statements without answers, one after the other.
    pub fn execute(&self, statement: &str) {
        block_on(async {
            let session = self.cluster.session().await;
            session.query_unpaged(statement, ()).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        });
    }
}

impl Drop for Keyspace<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.execute(&format!("DROP KEYSPACE IF EXISTS {}", self.name));
        }
    }
}

/// Runs a future on a runtime of its own.
pub fn block_on<F: Future>(future: F) -> F::Output {
    Runtime::new().expect("a runtime").block_on(future)
}
