//! The stores of one run: one per configuration, and one for each case that wants its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lgstore::op::client::Client;
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use serde_json::{Map, Value};

pub struct Stores<'d> {
    runtime: Arc<Runtime>,
    base: Value,
    /// Where each store has a file; `None` = in memory or elsewhere.
    folder: Option<&'d Path>,
    shared: BTreeMap<String, Arc<Client>>,
    opened: usize,
}

impl<'d> Stores<'d> {
    /// `base` is the runner's own configuration.
    pub fn new(base: Value, folder: Option<&'d Path>) -> Self {
        let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
        Self { runtime, base, folder, shared: BTreeMap::new(), opened: 0 }
    }

    /// A store for one case, in a keyspace if it is on a cluster.
    pub fn open(&mut self, config: &Map<String, Value>, keyspace: Option<&str>) -> Arc<Client> {
        let mut whole = self.base.as_object().expect("an object").clone();
        merge(&mut whole, config);
        if let Some(folder) = self.folder {
            self.opened += 1;
            let path = folder.join(format!("{}.db", self.opened));
            whole.insert("path".into(), path.to_str().expect("a path in UTF-8").into());
        }
        if let Some(keyspace) = keyspace {
            whole.insert("keyspace".into(), keyspace.into());
        }
        let config = Config::parse(&Value::Object(whole).to_string()).expect("a configuration");
        Client::new(Arc::clone(&self.runtime), config).expect("a store")
    }

    /// The store that all cases of one configuration share.
    pub fn shared(&mut self, config: &Map<String, Value>) -> Arc<Client> {
        let key = Value::Object(config.clone()).to_string();
        if let Some(client) = self.shared.get(&key) {
            return Arc::clone(client);
        }
        let client = self.open(config, None);
        self.shared.insert(key, Arc::clone(&client));
        client
    }

    /// The shared stores so far.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Arc<Client>> {
        self.shared.values()
    }

    pub fn close(self) {
        for client in self.shared.values() {
            client.close(Duration::from_secs(10)).expect("closed");
        }
    }
}

/// Merges `over` into `base`, objects member by member.
fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (base.get_mut(name), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            _ => drop(base.insert(name.clone(), value.clone())),
        }
    }
}
