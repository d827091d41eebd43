//! Proxies before a node of the test cluster, and what they do to frames.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scylla_proxy::{
    Condition, Node, Proxy, Reaction, RequestFrame, RequestOpcode, RequestReaction, RequestRule,
    ResponseFrame, ResponseOpcode, ResponseReaction, ResponseRule, RunningProxy, ShardAwareness,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::frames::{Reader, Rows, ServerError, int, set_of, supported_with};
use crate::place::{self, Keyspace};
use crate::store::Store;

/// A keyspace of a test's own, and one or two proxies before the first contact point. To a driver each
/// proxy is a node, with half of the ring.
pub struct Rig {
    proxy: Option<Mutex<RunningProxy>>,
    tokio: Option<Runtime>,
    shared: Arc<Shared>,
    keyspace: Keyspace,
}

/// What the proxies' rules share.
struct Shared {
    nodes: Vec<Member>,
    data_center: Option<String>,
    rack: Option<String>,
    /// Statements being prepared, by node and stream.
    preparing: Mutex<HashMap<(usize, i16), String>>,
    /// Ids of prepared statements.
    ids: Mutex<HashMap<String, Vec<u8>>>,
    /// Shards that every node says it has; 0 = says nothing.
    shards: u16,
    /// Connections that were told their shard.
    connections: AtomicUsize,
}

/// A node as the driver sees it.
struct Member {
    address: SocketAddr,
    host_id: [u8; 16],
    token: i64,
}

/// The store's statements.
#[derive(Clone, Copy, Debug)]
pub enum Cql {
    Get,
    GetMany,
    Birth,
    BirthMany,
    Put,
    Delete,
    PutIfAbsent,
    PutIfVersion,
    Register,
    /// A page of a partition with values.
    Page,
}

impl Cql {
    fn is(self, text: &str) -> bool {
        let items = text.contains(".\"store\" ");
        let (reads_items, reads_birth) =
            (text.starts_with("SELECT key, value"), text.starts_with("SELECT key, created_at"));
        let timed = text.contains("USING TIMESTAMP ?") && !text.contains(" IF ");
        items
            && match self {
                Cql::Get => reads_items && text.ends_with("AND key = ?"),
                Cql::GetMany => reads_items && text.ends_with("AND key IN ?"),
                Cql::Birth => reads_birth && text.ends_with("AND key = ?"),
                Cql::BirthMany => reads_birth && text.ends_with("AND key IN ?"),
                Cql::Put => text.starts_with("UPDATE") && timed,
                Cql::Delete => text.starts_with("DELETE") && timed,
                Cql::PutIfAbsent => text.starts_with("UPDATE") && text.ends_with("IF value = null"),
                Cql::PutIfVersion => text.starts_with("UPDATE") && text.ends_with("IF version = ?"),
                Cql::Page => reads_items && !text.contains("AND key =") && !text.contains(" IN "),
                Cql::Register => false,
            }
            || matches!(self, Cql::Register) && text.contains("SET seen_at = ?")
    }
}

/// Frames that a rule has met.
pub struct Frames<F>(mpsc::UnboundedReceiver<(F, Option<u16>)>);

impl<F> Frames<F> {
    /// Those that came since the last look.
    pub fn take(&mut self) -> Vec<F> {
        std::iter::from_fn(|| self.0.try_recv().ok()).map(|(frame, _)| frame).collect()
    }
}

/// The reaction, and the frames it will have met.
pub fn seen<R: Reaction>(reaction: R) -> (R, Frames<R::Incoming>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (reaction.with_feedback_when_performed(sender), Frames(receiver))
}

/// Frames that hold these bytes.
pub fn holds(bytes: &[u8]) -> Condition {
    Condition::BodyContainsCaseSensitive(bytes.into())
}

/// The first `times` of those that `condition` lets through.
pub fn first(times: usize, condition: Condition) -> Condition {
    condition.and(Condition::TrueForLimitedTimes(times))
}

/// Answers with rows or none, except those to the driver's own questions.
pub fn results() -> Condition {
    Condition::ResponseOpcode(ResponseOpcode::Result)
        .and(Condition::not(Condition::ConnectionRegisteredAnyEvent))
}

/// A request that is answered with an error and goes no further.
pub fn refuse(error: ServerError) -> RequestReaction {
    RequestReaction::forge_response(Arc::new(move |request: RequestFrame| error.answer(&request)))
}

impl Rig {
    /// One proxy.
    pub fn new() -> Self {
        Self::of(1, 0)
    }

    /// Two proxies, which a driver takes for two nodes.
    pub fn two_nodes() -> Self {
        Self::of(2, 0)
    }

    /// One proxy whose node says that it has shards.
    pub fn sharded(shards: u16) -> Self {
        Self::of(1, shards)
    }

    fn of(nodes: usize, shards: u16) -> Self {
        let keyspace = Keyspace::new();
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let tokio = tokio.expect("a runtime");
        let mut points = place::cluster().contact_points[0].to_socket_addrs().expect("an address");
        let real = points.next().expect("an address");
        let session = tokio.block_on(place::cluster().session());
        let state = session.get_cluster_state();
        let known = state.get_nodes_info();
        let node = known.iter().find(|node| known.len() == 1 || node.address.ip() == real.ip());
        let node = node.expect("the first contact point among the nodes");
        let shared = Arc::new(Shared {
            nodes: members(nodes, *node.host_id.as_bytes()),
            data_center: node.datacenter.clone(),
            rack: node.rack.clone(),
            preparing: Mutex::default(),
            ids: Mutex::default(),
            shards,
            connections: AtomicUsize::new(0),
        });
        let proxied = |(index, member): (usize, &Member)| {
            Node::builder()
                .real_address(real)
                .proxy_address(member.address)
                .shard_awareness(ShardAwareness::Unaware)
                .request_rules(Shared::request_rules(&shared, index))
                .response_rules(Shared::response_rules(&shared, index))
                .build()
        };
        let proxy = Proxy::new(shared.nodes.iter().enumerate().map(proxied));
        let proxy = Some(Mutex::new(tokio.block_on(proxy.run()).expect("proxies")));
        let rig = Self { proxy, tokio: Some(tokio), shared, keyspace };
        // Makes the tables; quicker past the proxies.
        rig.direct();
        rig
    }

    /// A store on the keyspace, past the proxies.
    pub fn direct(&self) -> Store {
        Store::open(&self.keyspace.config())
    }

    /// A store through the proxies, patient and without help of its own, but for `options`.
    pub fn store(&self, options: &Value) -> Store {
        Store::open(&self.config(options))
    }

    /// Its configuration.
    pub fn config(&self, options: &Value) -> Value {
        let mut config = self.keyspace.config();
        let usual = json!({
            "contact_points": [self.shared.nodes[0].address.to_string()],
            "connect": {"shard_aware_port": false, "timeout": 20, "deadline": 60,
                "keepalive_interval": 60, "keepalive_timeout": 60},
            "request_timeout": 20, "speculative": {"max": 0}, "breaker": {"enabled": false},
            "created_at_cache": 600, "namespace_lease": 600,
        });
        merge(&mut config, &usual);
        merge(&mut config, options);
        config
    }

    /// What happens to frames at a node from now on; the first rule that fits is the one that counts.
    pub fn rules(&self, node: usize, mut requests: Vec<RequestRule>, mut answers: Vec<ResponseRule>) {
        requests.extend(Shared::request_rules(&self.shared, node));
        answers.extend(Shared::response_rules(&self.shared, node));
        let mut proxy = self.proxy.as_ref().expect("running").lock().unwrap();
        let node = &mut proxy.running_nodes[node];
        node.change_request_rules(Some(requests));
        node.change_response_rules(Some(answers));
    }

    /// The one rule for requests at the first node.
    pub fn rule(&self, condition: Condition, reaction: RequestReaction) {
        self.rules(0, vec![RequestRule(condition, reaction)], vec![]);
    }

    /// The one rule for answers at the first node.
    pub fn answer_rule(&self, condition: Condition, reaction: ResponseReaction) {
        self.rules(0, vec![], vec![ResponseRule(condition, reaction)]);
    }

    /// No faults any more.
    pub fn heal(&self) {
        (0..self.shared.nodes.len()).for_each(|node| self.rules(node, vec![], vec![]));
    }

    /// Requests that run this statement. A store must have been opened through the proxies.
    pub fn runs(&self, statement: Cql) -> Condition {
        let ids = self.ids(statement);
        let sent = Condition::RequestOpcode(RequestOpcode::Execute)
            .or(Condition::RequestOpcode(RequestOpcode::Batch));
        sent.and(Condition::any(ids.iter().map(|id| holds(id))))
    }

    /// Those about one place.
    pub fn runs_in(&self, statement: Cql, place: &str) -> Condition {
        self.runs(statement).and(holds(place.as_bytes()))
    }

    /// The ids of a statement.
    pub fn ids(&self, statement: Cql) -> Vec<Vec<u8>> {
        let known = self.shared.ids.lock().unwrap();
        let ids: Vec<_> =
            known.iter().filter(|(text, _)| statement.is(text)).map(|(_, id)| id.clone()).collect();
        assert!(!ids.is_empty(), "{statement:?} is not among {:?}", known.keys());
        ids
    }

    /// Connections that were told a shard.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Runs CQL past the proxies; `{ks}` stands for the keyspace. Answers rows of one column.
    pub fn cql<T>(&self, text: &str) -> Vec<T>
    where
        T: for<'f, 'm> scylla::deserialize::value::DeserializeValue<'f, 'm>,
    {
        let text = text.replace("{ks}", &self.keyspace.name);
        self.tokio.as_ref().expect("a runtime").block_on(async {
            let session = place::cluster().session().await;
            let result = session.query_unpaged(text.as_str(), ()).await;
            match result.unwrap_or_else(|error| panic!("{text}: {error}")).into_rows_result() {
                Ok(rows) => {
                    rows.rows::<(T,)>().expect("one column").map(|row| row.expect("a row").0).collect()
                }
                Err(_) => Vec::new(),
            }
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(self.proxy.take());
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

impl Shared {
    /// What happens to every request.
    fn request_rules(shared: &Arc<Self>, node: usize) -> Vec<RequestRule> {
        let shared = Arc::clone(shared);
        let note = move |request: RequestFrame| {
            let (text, request) = for_cassandra(request);
            shared.preparing.lock().unwrap().insert((node, request.params.stream), text);
            request
        };
        let prepares = Condition::RequestOpcode(RequestOpcode::Prepare);
        let foreign = holds(TIMEOUT.as_bytes()).or(holds(VERSIONS.as_bytes()));
        let asks = Condition::RequestOpcode(RequestOpcode::Query).and(foreign);
        let clean = |request| for_cassandra(request).1;
        vec![
            RequestRule(prepares, RequestReaction::transform_frame(Arc::new(note))),
            RequestRule(asks, RequestReaction::transform_frame(Arc::new(clean))),
        ]
    }

    /// What happens to every answer.
    fn response_rules(shared: &Arc<Self>, node: usize) -> Vec<ResponseRule> {
        let (one, two) = (Arc::clone(shared), Arc::clone(shared));
        let rule = |opcode, change: Arc<dyn Fn(ResponseFrame) -> ResponseFrame + Send + Sync>| {
            ResponseRule(Condition::ResponseOpcode(opcode), ResponseReaction::transform_frame(change))
        };
        vec![
            rule(ResponseOpcode::Supported, Arc::new(move |answer| one.supported(&answer))),
            rule(ResponseOpcode::Result, Arc::new(move |answer| two.result(node, answer))),
        ]
    }

    /// As ScyllaDB, the node has an error of its own for a rate limit, and shards if it is to.
    fn supported(&self, answer: &ResponseFrame) -> ResponseFrame {
        let mut more = vec![("SCYLLA_RATE_LIMIT_ERROR", format!("ERROR_CODE={RATE_LIMIT}"))];
        if self.shards > 0 {
            let next = self.connections.fetch_add(1, Ordering::Relaxed) % usize::from(self.shards);
            more.extend([
                ("SCYLLA_SHARD", next.to_string()),
                ("SCYLLA_NR_SHARDS", self.shards.to_string()),
                ("SCYLLA_SHARDING_IGNORE_MSB", "12".to_owned()),
                ("SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin".to_owned()),
                ("SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner".to_owned()),
            ]);
        }
        supported_with(answer, &more)
    }

    fn result(&self, node: usize, answer: ResponseFrame) -> ResponseFrame {
        let mut reader = Reader::new(&answer.body);
        if reader.int() == 4 {
            let text = self.preparing.lock().unwrap().remove(&(node, answer.params.stream));
            if let Some(text) = text {
                self.ids.lock().unwrap().entry(text).or_insert_with(|| reader.short_bytes());
            }
            return answer;
        }
        match Rows::of(&answer) {
            Some(mut rows) if rows.table == "local" => {
                let Rows { columns, rows: values, .. } = &mut rows;
                for (column, value) in columns.iter().zip(values.iter_mut().flatten()) {
                    *value = self.of_node(node, column).or(value.take());
                }
                rows.answer(&answer)
            }
            Some(mut rows) if rows.table == "peers" => {
                let others = (0..self.nodes.len()).filter(|other| *other != node);
                let row = |other| rows.columns.iter().map(|column| self.of_node(other, column)).collect();
                rows.rows = others.map(row).collect();
                rows.answer(&answer)
            }
            _ => answer,
        }
    }

    /// A column of a node's row in `system.local` or `system.peers`, where it isn't the real node's.
    fn of_node(&self, node: usize, column: &str) -> Option<Vec<u8>> {
        let member = &self.nodes[node];
        let text = |text: &Option<String>| text.clone().map(String::into_bytes);
        match (column, member.address.ip()) {
            ("host_id", _) => Some(member.host_id.to_vec()),
            ("rpc_address", IpAddr::V4(ip)) => Some(ip.octets().to_vec()),
            ("data_center", _) => text(&self.data_center),
            ("rack", _) => text(&self.rack),
            ("tokens", _) => Some(set_of(&[member.token.to_string()])),
            _ => None,
        }
    }
}

/// What the driver puts behind its own questions to a ScyllaDB, and Cassandra does not know.
const TIMEOUT: &str = " USING TIMEOUT ";
/// Where a ScyllaDB keeps its version.
const VERSIONS: &str = "FROM system.versions";
/// Where Cassandra has its own.
const VERSION: &str = "SELECT release_version FROM system.local WHERE key = 'local'";

/// The text of a PREPARE or QUERY as Cassandra understands it, and the request with it.
fn for_cassandra(request: RequestFrame) -> (String, RequestFrame) {
    let mut text = Reader::new(&request.body).long_text();
    let length = text.len();
    if text.contains(VERSIONS) {
        VERSION.clone_into(&mut text);
    } else if let Some(end) = text.find(TIMEOUT) {
        text.truncate(end);
    } else {
        return (text, request);
    }
    let mut body = int(i32::try_from(text.len()).unwrap()).to_vec();
    body.extend(text.as_bytes());
    body.extend(&request.body[4 + length..]);
    let request = RequestFrame::new(request.params, request.opcode, body.into());
    (text, request)
}

/// The code that the nodes have for a rate limit.
pub const RATE_LIMIT: i32 = 0xf000;

/// Nodes that share the ring, on free addresses with one port, as a driver expects it.
fn members(count: usize, host_id: [u8; 16]) -> Vec<Member> {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [high, low] = u16::try_from(std::process::id() & 0xffff).unwrap().to_be_bytes();
    let ips: Vec<_> = (0..count)
        .map(|_| IpAddr::V4(Ipv4Addr::new(127, high | 0x80, low, NEXT.fetch_add(1, Ordering::Relaxed))))
        .collect();
    let port = TcpListener::bind((ips[0], 0)).and_then(|socket| socket.local_addr()).expect("a port").port();
    let member = |(index, ip): (usize, IpAddr)| {
        let mut host_id = host_id;
        host_id[15] ^= u8::try_from(index).unwrap();
        let token = [i64::MIN / 2, i64::MAX / 2][index];
        Member { address: SocketAddr::new(ip, port), host_id, token }
    };
    ips.into_iter().enumerate().map(member).collect()
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.iter().for_each(|(name, value)| merge(base.entry(name).or_insert(Value::Null), value));
        }
        (base, over) => *base = over.clone(),
    }
}
