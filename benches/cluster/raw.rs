//! The raw driver, with the statements that lgstore sends: what an operation costs at the least.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use scylla::client::PoolSize;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlTimestamp;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// What a read of an item answers.
type Row = (
    String,
    Option<String>,
    Option<CqlTimestamp>,
    Option<CqlTimestamp>,
    Option<Uuid>,
    Option<i32>,
    Option<i32>,
    Option<i64>,
    Option<i32>,
);

const COLUMNS: &str =
    "key, value, created_at, updated_at, version, ttl_seconds, sub_ms, WRITETIME(value), TTL(value)";

/// A keyspace that goes away with this value.
pub struct Keyspace {
    session: Session,
    runtime: Runtime,
    name: String,
}

fn runtime() -> Runtime {
    // As many workers as lgstore's default runtime has.
    Builder::new_multi_thread().worker_threads(workers()).enable_all().build().expect("a runtime")
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn session(runtime: &Runtime, points: &str) -> Session {
    let builder =
        SessionBuilder::new().known_nodes(points.split(',')).pool_size(PoolSize::PerShard(NonZeroUsize::MIN));
    runtime.block_on(builder.build()).expect("a cluster that answers")
}

impl Keyspace {
    pub fn new(points: &str, name: &str) -> Self {
        let runtime = runtime();
        Self { session: session(&runtime, points), runtime, name: name.to_owned() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        let text = format!("DROP KEYSPACE IF EXISTS {}", self.name);
        if let Err(error) = self.runtime.block_on(self.session.query_unpaged(text, ())) {
            eprintln!("{}: {error}", self.name);
        }
    }
}

/// A session of its own, and the statements.
pub struct Raw {
    runtime: Runtime,
    shared: Arc<Shared>,
}

struct Shared {
    session: Session,
    get: PreparedStatement,
    birth: PreparedStatement,
    put: PreparedStatement,
    scan: PreparedStatement,
}

/// One item to write.
pub struct Item {
    pub prefix: String,
    pub key: String,
    pub value: String,
}

type Cells<'a> = (i64, i32, &'a str, CqlTimestamp, CqlTimestamp, Uuid, Option<i32>, i32, &'a str, &'a str);

impl Item {
    fn cells(&self) -> Cells<'_> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let (us, ms) = (now.as_micros() as i64, CqlTimestamp(now.as_millis() as i64));
        (us, 0, &self.value, ms, ms, Uuid::now_v7(), None, 1, &self.prefix, &self.key)
    }
}

impl Raw {
    /// On a keyspace where lgstore has made its tables.
    pub fn new(points: &str, keyspace: &str) -> Self {
        let runtime = runtime();
        let session = session(&runtime, points);
        let table = format!("{keyspace}.store");
        let prepare = |text: String| {
            let mut statement = runtime.block_on(session.prepare(text)).expect("a statement");
            statement.set_is_idempotent(true);
            statement.set_use_cached_result_metadata(true);
            statement.set_consistency(Consistency::LocalQuorum);
            statement
        };
        let get = prepare(format!("SELECT {COLUMNS} FROM {table} WHERE prefix = ? AND key = ?"));
        let birth = prepare(format!(
            "SELECT key, created_at, sub_ms, WRITETIME(value), TTL(value) FROM {table} WHERE prefix = ? AND key = ?"
        ));
        let put = prepare(format!(
            "UPDATE {table} USING TIMESTAMP ? AND TTL ? SET value = ?, created_at = ?, updated_at = ?, \
             version = ?, ttl_seconds = ?, sub_ms = ? WHERE prefix = ? AND key = ?"
        ));
        let scan = prepare(format!("SELECT {COLUMNS} FROM {table} WHERE prefix = ?"));
        let shared = Shared { session, get, birth, put, scan };
        Self { runtime, shared: Arc::new(shared) }
    }

    /// `count` requests, `depth` in flight: so many tasks that each send one after the other.
    fn in_flight<F>(
        &self,
        count: usize,
        depth: usize,
        one: impl Fn(Arc<Shared>, usize) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send,
    {
        let (next, one) = (Arc::new(AtomicUsize::new(0)), Arc::new(one));
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..depth)
                .map(|_| {
                    let (next, one, shared) = (next.clone(), one.clone(), self.shared.clone());
                    tokio::spawn(async move {
                        loop {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            if n >= count {
                                break;
                            }
                            one(shared.clone(), n).await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("a task that ends");
            }
        });
    }

    /// The same driven from a thread that is not the runtime's, as a host of the C ABI is: it hands each
    /// request over and hears of each answer.
    fn across<F>(
        &self,
        count: usize,
        depth: usize,
        one: impl Fn(Arc<Shared>, usize) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (done, answers) = std::sync::mpsc::channel();
        let mut open = 0;
        for n in 0..count {
            if open == depth {
                answers.recv().expect("an answer");
                open -= 1;
            }
            let (request, done) = (one(self.shared.clone(), n), done.clone());
            self.runtime.spawn(async move {
                request.await;
                let _ = done.send(());
            });
            open += 1;
            // All that have come meanwhile, as a queue's reader takes them.
            open -= answers.try_iter().count();
        }
        answers.iter().take(open).for_each(drop);
    }

    /// Reads of these places, from another thread.
    pub fn get_across(&self, places: &Arc<Vec<Item>>, depth: usize) {
        let places = places.clone();
        self.across(places.len(), depth, move |shared, n| {
            let places = places.clone();
            async move { shared.get(&places[n]).await }
        });
    }

    /// Writes, from another thread.
    pub fn put_across(&self, items: &Arc<Vec<Item>>, depth: usize) {
        let items = items.clone();
        self.across(items.len(), depth, move |shared, n| {
            let items = items.clone();
            async move { shared.put(&items[n]).await }
        });
    }

    /// Batches, one after the other, from another thread.
    pub fn batches_across(&self, items: &Arc<Vec<Item>>, size: usize, logged: bool) {
        let items = items.clone();
        self.across(items.len() / size, 1, move |shared, n| {
            let items = items.clone();
            async move { shared.batch(&items[n * size..(n + 1) * size], logged).await }
        });
    }

    /// Reads of these places.
    pub fn get(&self, places: &Arc<Vec<Item>>, depth: usize) {
        let places = places.clone();
        self.in_flight(places.len(), depth, move |shared, n| {
            let places = places.clone();
            async move { shared.get(&places[n]).await }
        });
    }

    /// Writes; with `read` each after a read of what it replaces.
    pub fn put(&self, items: &Arc<Vec<Item>>, depth: usize, read: bool) {
        let items = items.clone();
        self.in_flight(items.len(), depth, move |shared, n| {
            let items = items.clone();
            async move {
                if read {
                    shared.birth(&items[n]).await;
                }
                shared.put(&items[n]).await;
            }
        });
    }

    /// Batches of these writes, one after the other, `size` in each.
    pub fn batches(&self, items: &Arc<Vec<Item>>, size: usize, logged: bool) {
        let items = items.clone();
        self.in_flight(items.len() / size, 1, move |shared, n| {
            let items = items.clone();
            async move { shared.batch(&items[n * size..(n + 1) * size], logged).await }
        });
    }

    /// All rows of one partition, `times` times; how many.
    pub fn scan(&self, prefix: &str, times: usize) -> usize {
        let prefix = prefix.to_owned();
        let rows = Arc::new(AtomicUsize::new(0));
        let counted = rows.clone();
        self.in_flight(times, 1, move |shared, _| {
            let (prefix, counted) = (prefix.clone(), counted.clone());
            async move {
                counted.fetch_add(shared.scan(&prefix).await, Ordering::Relaxed);
            }
        });
        rows.load(Ordering::Relaxed)
    }

    /// One read per partition, `depth` in flight; how many rows.
    pub fn scan_all(&self, prefixes: &Arc<Vec<String>>, depth: usize) -> usize {
        let prefixes = prefixes.clone();
        let rows = Arc::new(AtomicUsize::new(0));
        let counted = rows.clone();
        self.in_flight(prefixes.len(), depth, move |shared, n| {
            let (prefixes, counted) = (prefixes.clone(), counted.clone());
            async move {
                counted.fetch_add(shared.scan(&prefixes[n]).await, Ordering::Relaxed);
            }
        });
        rows.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn get(&self, place: &Item) {
        let values = (place.prefix.as_str(), place.key.as_str());
        let answer = self.session.execute_unpaged(&self.get, values).await.expect("a get");
        let rows = answer.into_rows_result().expect("rows");
        black_box(rows.single_row::<Row>().expect("an item"));
    }

    async fn birth(&self, place: &Item) {
        let values = (place.prefix.as_str(), place.key.as_str());
        let answer = self.session.execute_unpaged(&self.birth, values).await.expect("a read");
        black_box(answer.into_rows_result().expect("rows").rows_num());
    }

    async fn put(&self, item: &Item) {
        self.session.execute_unpaged(&self.put, item.cells()).await.expect("a put");
    }

    async fn batch(&self, items: &[Item], logged: bool) {
        let mut batch = Batch::new(if logged { BatchType::Logged } else { BatchType::Unlogged });
        for _ in items {
            batch.append_statement(BatchStatement::PreparedStatement(self.put.clone()));
        }
        batch.set_is_idempotent(true);
        batch.set_consistency(Consistency::LocalQuorum);
        let values: Vec<_> = items.iter().map(Wide).collect();
        self.session.batch(&batch, values).await.expect("a batch");
    }

    async fn scan(&self, prefix: &str) -> usize {
        let pager = self.session.execute_iter(self.scan.clone(), (prefix,)).await.expect("a scan");
        let rows = pager.rows_stream::<Row>().expect("rows").try_collect::<Vec<_>>().await.expect("rows");
        black_box(&rows);
        rows.len()
    }
}

/// An item as a statement's markers: tuples of ten are the widest of which a batch takes a list.
struct Wide<'a>(&'a Item);

impl scylla::serialize::row::SerializeRow for Wide<'_> {
    fn serialize(
        &self,
        context: &scylla::serialize::row::RowSerializationContext<'_>,
        writer: &mut scylla::serialize::writers::RowWriter<'_>,
    ) -> Result<(), scylla::serialize::SerializationError> {
        self.0.cells().serialize(context, writer)
    }

    fn is_empty(&self) -> bool {
        false
    }
}
