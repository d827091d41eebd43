//! A keyspace of a test's own, stores on it, and a session beside them that sees the rows.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lgstore::op::client::{Client, Request};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::{Value, json};

/// A test's keyspace; dropped with it.
pub struct Place {
    pub keyspace: String,
    tokio: tokio::runtime::Runtime,
    session: Option<Session>,
}

/// One store.
pub struct Store {
    client: Arc<Client>,
}

impl Place {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keyspace = format!("lgstore_spaces_{}_{number}", std::process::id());
        let tokio =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let builder = SessionBuilder::new().known_nodes(contact_points());
        let session = tokio.block_on(builder.build()).expect("a session");
        Self { keyspace, tokio, session: Some(session) }
    }

    /// A store with options over the usual ones.
    pub fn store(&self, options: Value) -> Store {
        let mut config = json!({
            "backend": "cql", "contact_points": contact_points(), "keyspace": self.keyspace,
            "schema": {"replication": {"factor": 1}}, "ttl": {"refresh_slack": 0}, "request_timeout": 30,
        });
        merge(&mut config, options);
        let config = Config::parse(&config.to_string()).expect("a configuration");
        let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
        let store = Store { client: Client::new(runtime, config).expect("a store") };
        store.ask("open", json!({}));
        store
    }

    /// Runs CQL; `{ks}` stands for the keyspace. Answers rows of one column.
    pub fn cql<T>(&self, text: &str) -> Vec<T>
    where
        T: for<'f, 'm> scylla::deserialize::value::DeserializeValue<'f, 'm>,
    {
        let text = text.replace("{ks}", &self.keyspace);
        let result = self.tokio.block_on(self.session().query_unpaged(text.as_str(), ()));
        let result = result.unwrap_or_else(|error| panic!("{text}: {error}"));
        match result.into_rows_result() {
            Ok(rows) => rows.rows::<(T,)>().expect("one column").map(|row| row.expect("a row").0).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Writes rows of `store` as another program might, many at a time: prefix, key, value.
    pub fn insert(&self, rows: impl Iterator<Item = (String, String, String)>) {
        use futures_util::stream::{self, StreamExt};
        let session = self.session();
        self.tokio.block_on(async {
            let text = format!(
                "INSERT INTO {}.store (prefix, key, value, created_at, updated_at) VALUES (?, ?, ?, 1000, 2000)",
                self.keyspace
            );
            let statement = session.prepare(text).await.expect("prepared");
            let statement = &statement;
            let mut writes = std::pin::pin!(
                stream::iter(rows)
                    .map(|row| async move { session.execute_unpaged(statement, row).await.map(drop) })
                    .buffer_unordered(64)
            );
            while let Some(written) = writes.next().await {
                written.expect("a row");
            }
        });
    }

    /// The paths in the index, NUL shown as a slash.
    pub fn index(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.cql("SELECT path FROM {ks}.store_namespaces");
        paths.sort();
        paths.iter().map(|path| path.replace('\0', "/")).collect()
    }

    fn session(&self) -> &Session {
        self.session.as_ref().expect("a session")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let text = format!("DROP KEYSPACE IF EXISTS {}", self.keyspace);
        if let Some(session) = self.session.take() {
            let _ = self.tokio.block_on(session.query_unpaged(text, ()));
        }
    }
}

impl Store {
    /// The answer of a request that must succeed.
    pub fn ask(&self, op: &str, body: Value) -> Value {
        self.request(op, &body).unwrap_or_else(|error| panic!("{op} {body}: {error}"))
    }

    /// The answer of a request that is repeated while the cluster gives none in time.
    pub fn insist(&self, op: &str, body: &Value) -> Value {
        loop {
            match self.request(op, body) {
                Ok(answer) => return answer,
                Err(error) if error["code"] == "timeout" || error["code"] == "unknown_outcome" => {}
                Err(error) => panic!("{op} {body}: {error}"),
            }
        }
    }

    /// The error of a request that must fail.
    pub fn refused(&self, op: &str, body: Value) -> Value {
        match self.request(op, &body) {
            Ok(answer) => panic!("{op} {body} was answered: {answer}"),
            Err(error) => error,
        }
    }

    pub fn request(&self, op: &str, body: &Value) -> Result<Value, Value> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == op).expect("a known operation");
        let text = body.to_string();
        let timeout = Some(Duration::from_secs(120));
        let request =
            Request { op: kind as u32, body: text.as_bytes(), allow_immediate: true, timeout, tag: 0 };
        let answer = self.client.call(&request).map_err(|error| parsed(&error.to_json()))?;
        let text = parsed(answer.json());
        if answer.code().is_none() { Ok(text) } else { Err(text) }
    }

    pub fn put(&self, namespace: &[&str], key: &str, value: Value) {
        self.insist("put", &json!({"namespace": namespace, "key": key, "value": value}));
    }

    pub fn delete(&self, namespace: &[&str], key: &str) {
        self.insist("delete", &json!({"namespace": namespace, "key": key}));
    }

    /// The namespaces that a listing shows, labels joined by slashes.
    pub fn list(&self, body: Value) -> Vec<String> {
        self.insist("list_namespaces", &body)["namespaces"].as_array().unwrap().iter().map(joined).collect()
    }

    /// The items of a search as `namespace:key`.
    pub fn search(&self, body: Value) -> Vec<String> {
        places(&self.ask("search", body))
    }

    /// A counter of the store's metrics.
    pub fn counter(&self, name: &str) -> u64 {
        let metrics = parsed(&self.client.metrics_json(false));
        metrics["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name} in {metrics}"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let closed = self.client.close(Duration::from_secs(10));
        assert!(closed.is_ok() || std::thread::panicking(), "{closed:?}");
    }
}

/// The items of an answer as `namespace:key`.
pub fn places(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| format!("{}:{}", joined(&item["namespace"]), item["key"].as_str().unwrap()))
        .collect()
}

fn joined(namespace: &Value) -> String {
    let labels: Vec<_> = namespace.as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
    labels.join("/")
}

/// Waits until `done`, with a limit that only a fault reaches.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.into_iter().for_each(|(name, value)| merge(base.entry(name).or_insert(Value::Null), value));
        }
        (base, over) => *base = over,
    }
}

/// `host:port` of the test cluster, started if need be; it ends with this process.
fn contact_points() -> Vec<String> {
    static POINTS: OnceLock<Vec<String>> = OnceLock::new();
    let points = POINTS.get_or_init(|| {
        let name = "LGSTORE_TEST_CONTACT_POINTS";
        let text = std::env::var(name).unwrap_or_else(|_| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh");
            let owner = std::process::id().to_string();
            let up = Command::new(script).args(["up", "--owner", &owner]).status().expect("bash");
            assert!(up.success(), "the test cluster did not start");
            let env = Command::new(script).arg("env").output().expect("bash");
            let env = String::from_utf8(env.stdout).expect("UTF-8");
            let points = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            points.expect("contact points").to_owned()
        });
        text.split(',').map(str::to_owned).collect()
    });
    points.clone()
}
