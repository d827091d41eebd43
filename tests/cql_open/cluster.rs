//! The test clusters: a plain one, and one that asks for passwords and certificates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh");

/// `host:port` of the plain cluster.
pub fn contact_points() -> &'static [String] {
    static POINTS: OnceLock<Vec<String>> = OnceLock::new();
    POINTS.get_or_init(|| {
        let given = std::env::var("LGSTORE_TEST_CONTACT_POINTS");
        points(&given.unwrap_or_else(|_| started(&[], "plain")["LGSTORE_TEST_CONTACT_POINTS"].clone()))
    })
}

/// What a server is like that nobody has set up: no expiry after 2038.
const STOCK: &str = "storage_compatibility_mode=CASSANDRA_4";

/// A cluster with passwords and mutual TLS, and the time to live of a stock server.
pub struct Secure {
    pub contact_points: Vec<String>,
    pub username: String,
    pub password: String,
    /// Certificates and keys.
    pub files: PathBuf,
}

impl Secure {
    pub fn get() -> &'static Self {
        static SECURE: OnceLock<Secure> = OnceLock::new();
        SECURE.get_or_init(|| {
            let env = started(&["--auth", "--tls", "mutual", "--set", STOCK], "secure");
            Self {
                contact_points: points(&env["LGSTORE_TEST_CONTACT_POINTS"]),
                username: env["LGSTORE_TEST_USERNAME"].clone(),
                password: env["LGSTORE_TEST_PASSWORD"].clone(),
                files: env["LGSTORE_TEST_TLS"].clone().into(),
            }
        })
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> String {
        let path = self.files.join(name);
        assert!(path.exists(), "{}", path.display());
        path.to_str().expect("UTF-8").to_owned()
    }
}

fn points(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

/// Starts a cluster that ends with this process; what it says of itself.
fn started(options: &[&str], folder: &str) -> HashMap<String, String> {
    let owner = std::process::id().to_string();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cql_open_{folder}"));
    let folder = folder.to_str().expect("UTF-8");
    let up = Command::new(SCRIPT).args(["up", "--dir", folder, "--owner", &owner]).args(options).status();
    assert!(up.expect("bash").success(), "the test cluster did not start");
    let env = Command::new(SCRIPT).args(["env", "--dir", folder]).output().expect("bash");
    let env = String::from_utf8(env.stdout).expect("UTF-8");
    let pairs = env.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
}
