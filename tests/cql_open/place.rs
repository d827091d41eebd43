//! A keyspace of a test's own, stores on it, and a session beside them that sees what they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lgstore::op::client::{Client, Request};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::{Value, json};

use crate::cluster::contact_points;

/// A test's keyspace, not made yet; dropped with it.
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
        let keyspace = format!("lgstore_open_{}_{number}", std::process::id());
        let tokio =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let session = tokio.block_on(SessionBuilder::new().known_nodes(contact_points()).build());
        Self { keyspace, tokio, session: Some(session.expect("a session")) }
    }

    /// The configuration of a store here, with options over the usual ones.
    pub fn config(&self, options: Value) -> Value {
        let mut config = json!({
            "backend": "cql", "contact_points": contact_points(), "keyspace": self.keyspace,
        });
        merge(&mut config, options);
        config
    }

    pub fn store(&self, options: Value) -> Store {
        Store::new(&self.config(options))
    }

    /// Makes the keyspace and runs CQL in it; `{ks}` stands for it.
    pub fn make(&self, statements: &[&str]) {
        let text =
            "CREATE KEYSPACE {ks} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
        self.cql::<String>(text);
        statements.iter().for_each(|text| drop(self.cql::<String>(text)));
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

    /// Tables and columns, as `table.column`, in order.
    pub fn columns(&self) -> Vec<String> {
        let of = |column: &str| -> Vec<String> {
            self.cql(&format!("SELECT {column} FROM system_schema.columns WHERE keyspace_name = '{{ks}}'"))
        };
        let pairs = of("table_name").into_iter().zip(of("column_name"));
        let mut columns: Vec<_> = pairs.map(|(table, column)| format!("{table}.{column}")).collect();
        columns.sort();
        columns
    }

    /// A value in `store_meta`.
    pub fn meta(&self, name: &str) -> Option<String> {
        let found = self.cql(&format!("SELECT value FROM {{ks}}.store_meta WHERE name = '{name}'"));
        found.into_iter().next()
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
    pub fn new(config: &Value) -> Self {
        let config = Config::parse(&config.to_string()).expect("a configuration");
        let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
        Self { client: Client::new(runtime, config).expect("a store") }
    }

    /// The answer of a request that must succeed.
    pub fn ask(&self, op: &str, body: Value) -> Value {
        self.request(op, &body).unwrap_or_else(|error| panic!("{op} {body}: {error}"))
    }

    /// The error of a request that must fail: code, field, message.
    pub fn refused(&self, op: &str, body: Value) -> (String, String, String) {
        match self.request(op, &body) {
            Ok(answer) => panic!("{op} {body} was answered: {answer}"),
            Err(error) => {
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                (text("code"), text("field"), text("message"))
            }
        }
    }

    /// Whether it has a connection to a node, without asking the cluster.
    pub fn is_connected(&self) -> bool {
        let metrics = parsed(&self.client.metrics_json(false));
        metrics["pool"]["nodes_up"].as_u64().is_some_and(|up| up > 0)
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
}

impl Drop for Store {
    fn drop(&mut self) {
        let closed = self.client.close(Duration::from_secs(10));
        assert!(closed.is_ok() || std::thread::panicking(), "{closed:?}");
    }
}

/// Asserts an error's code and field, and that its message says each of these.
pub fn says(error: &(String, String, String), code: &str, field: &str, words: &[&str]) {
    assert_eq!((error.0.as_str(), error.1.as_str()), (code, field), "{}", error.2);
    for word in words {
        assert!(error.2.contains(word), "{:?} does not say {word:?}", error.2);
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.into_iter().for_each(|(name, value)| merge(base.entry(name).or_insert(Value::Null), value));
        }
        (base, over) => *base = over,
    }
}
