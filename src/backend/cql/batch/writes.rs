//! The writes of a snapshot batch: grouped by partition, or as one logged batch.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::statement::batch::{Batch as CqlBatch, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::super::attempt::listener;
use super::super::cluster::{Call, Cluster, Stamp};
use super::super::creation::{Birth, Token};
use super::super::error;
use super::super::get::unreadable;
use super::super::put::cells;
use super::super::row::{BirthRow, Cells, Prefix};
use super::{failures, side_by_side};
use crate::error::{Error, Result};
use crate::guard::retry::is_transient;
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::answers::{Answers, NULL};
use crate::store::operation::{Batch, Kind, Operation, Put};

/// Keys of one `key IN ?` when what a put keeps is read.
const KEYS: usize = 100;
/// What a statement costs of a batch's bytes beside its texts.
const STATEMENT_BYTES: usize = 100;

/// One write that has no answer yet, and what is known of it before it is sent.
struct Open<'a> {
    index: usize,
    address: &'a Address,
    put: Option<&'a Put>,
    token: Token,
    created_at: Option<i64>,
    /// Why what a put has to know of its item could not be read.
    failed: Option<Error>,
}

/// One write on its way, with everything decided.
struct Write<'a> {
    open: Open<'a>,
    ttl: Option<i32>,
    stamp: Stamp,
}

/// One statement's markers.
enum Values<'a> {
    Put(Cells<'a>, i64, Prefix<'a>, &'a str),
    Delete(i64, Prefix<'a>, &'a str),
}

impl SerializeRow for Values<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> std::result::Result<(), SerializationError> {
        match self {
            Values::Put(cells, time, prefix, key) => {
                cells.timed(*time, *prefix, key).serialize(context, writer)
            }
            Values::Delete(time, prefix, key) => (time, prefix, key).serialize(context, writer),
        }
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl<'a> Write<'a> {
    fn bytes(&self) -> usize {
        let Open { address, put, .. } = self.open;
        let value = put.map_or(0, |put| put.value.text.len());
        STATEMENT_BYTES + address.path().len() + address.key().len() + value
    }

    fn path(&self) -> &'a str {
        self.open.address.path()
    }

    fn statement<'s>(&self, call: &Call<'s>) -> &'s PreparedStatement {
        if self.open.put.is_some() { &call.statements.put } else { &call.statements.delete }
    }

    fn created_at(&self) -> i64 {
        self.open.created_at.unwrap_or(self.stamp.time_us)
    }

    fn values(&self) -> Values<'a> {
        let (time, address) = (self.stamp.time_us, self.open.address);
        let (prefix, key) = (Prefix(address.path()), address.key());
        match self.open.put {
            Some(put) => {
                let cells = cells(&put.value, self.created_at(), time, self.stamp.version, self.ttl);
                Values::Put(cells, time, prefix, key)
            }
            None => Values::Delete(time, prefix, key),
        }
    }
}

impl Cluster {
    /// Writes without atomicity: each operation gets its own outcome.
    pub(super) async fn write_grouped(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        batch: &Batch,
        answers: &mut Answers,
    ) {
        let mut writes = match self.prepare_writes(call, task, batch, answers).await {
            Ok(writes) => writes,
            Err(error) => {
                answers.iter_mut().filter(|answer| answer.is_none()).for_each(|answer| {
                    *answer = Some(Err(error.clone()));
                });
                return;
            }
        };
        let mut groups = self.groups(&mut writes);
        let mut retries = self.retries(task);
        loop {
            let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(groups.len());
            for (at, group) in groups.iter().enumerate() {
                let group = &writes[group.clone()];
                work.push(Box::pin(async move { (at, self.write_group(call, group).await) }));
            }
            let mut curable = vec![false; groups.len()];
            for (at, outcome) in side_by_side(work).await {
                curable[at] = outcome.as_ref().is_err_and(is_transient);
                for write in &writes[groups[at].clone()] {
                    answers[write.open.index] = Some(outcome.clone().map(|()| NULL));
                }
            }
            // Every write keeps its write time and version, so that trying again changes nothing that came
            // after it.
            let mut curable = curable.into_iter();
            groups.retain(|_| curable.next().unwrap_or(false));
            if groups.is_empty() || !retries.pause(task).await {
                return;
            }
        }
    }

    /// Writes all or nothing.
    pub(super) async fn write_logged(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        batch: &Batch,
        answers: &mut Answers,
    ) -> Result<()> {
        let writes = self.prepare_writes(call, task, batch, answers).await?;
        // An operation that can't even be prepared must not be left out of all or nothing.
        if let Some(error) = answers.iter().flatten().find_map(|answer| answer.as_ref().err())
            && batch
                .operations
                .iter()
                .zip(answers.iter())
                .any(|(operation, answer)| operation.writes() && matches!(answer, Some(Err(_))))
        {
            return Err(error.clone());
        }
        if !writes.is_empty() {
            self.send_batch(call, BatchType::Logged, &writes).await?;
        }
        for write in &writes {
            answers[write.open.index] = Some(Ok(NULL));
        }
        Ok(())
    }

    /// Decides everything about the writes that have no answer yet: what they keep of the items they
    /// replace, their namespaces' rows in the index, their write times. A failed read fails only the
    /// operations that need it.
    async fn prepare_writes<'b>(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        batch: &'b Batch,
        answers: &mut Answers,
    ) -> Result<Vec<Write<'b>>> {
        let mut open = self.open_writes(batch, answers);
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let unknown = self.known_births(&mut open);
        let all = open.iter().map(|write| (write.address, write.token.key()));
        let (births, registered, settled) = futures_util::join!(
            self.births(call, &open, unknown),
            self.register_all(&open),
            self.settle_all(call, all)
        );
        for (at, birth) in births {
            match birth {
                Ok(birth) => {
                    self.times.note(open[at].token.key(), birth.time);
                    open[at].created_at = Some(birth.created_at);
                }
                Err(error) => open[at].failed = Some(error),
            }
        }
        call.claim(task)?;
        let choose = || {
            let now = self.clock.now();
            open.iter().map(|write| Stamp::new(self.times.next(write.token.key(), now))).collect::<Vec<_>>()
        };
        // A logged batch fails as a whole, and may be run again as a whole.
        let stamps = if batch.logged { task.stamp(choose) } else { choose() };
        let mut writes = Vec::with_capacity(open.len());
        for (mut open, stamp) in open.into_iter().zip(stamps) {
            let path = open.address.path();
            let ttl = open.put.map_or(Ok(None), |put| self.ttl(put.ttl_us));
            let ttl = ttl.map_err(|error| error.inside(&format!("ops[{}]", open.index)));
            let registered = registered.get(path).filter(|_| open.put.is_some());
            let failed = open.failed.take().or_else(|| registered.or_else(|| settled.get(path)).cloned());
            match ttl.and_then(|ttl| failed.map_or(Ok(ttl), Err)) {
                Ok(ttl) => writes.push(Write { open, ttl, stamp }),
                Err(error) => answers[open.index] = Some(Err(error)),
            }
        }
        Ok(writes)
    }

    /// The writes that have no answer yet.
    fn open_writes<'b>(&self, batch: &'b Batch, answers: &Answers) -> Vec<Open<'b>> {
        let mut open = Vec::with_capacity(batch.operations.len());
        for (index, operation) in batch.operations.iter().enumerate() {
            let (address, put) = match operation {
                Operation::Put(put) => (&put.address, Some(put)),
                Operation::Delete(address) => (address, None),
                _ => continue,
            };
            if answers[index].is_none() {
                let token = self.creations.token(self.key(address));
                open.push(Open { index, address, put, token, created_at: None, failed: None });
            }
        }
        open
    }

    /// Registers every namespace once; the errors by path.
    async fn register_all(self: &Arc<Self>, open: &[Open<'_>]) -> HashMap<String, Error> {
        let mut paths: Vec<&str> =
            open.iter().filter(|write| write.put.is_some()).map(|write| write.address.path()).collect();
        // Most batches have one, which is compared fastest as it stands.
        paths.dedup();
        paths.sort_unstable();
        paths.dedup();
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for path in paths {
            if !self.namespaces.is_registered(path) {
                work.push(Box::pin(async move { (path, self.namespaces.register(self, path).await) }));
            }
        }
        failures(work).await
    }

    /// Fills in created_at where it is known; the puts where it is not, by path.
    fn known_births<'b>(&self, open: &mut [Open<'b>]) -> HashMap<&'b str, Vec<usize>> {
        let now = self.clock.now();
        let mut unknown: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, write) in open.iter_mut().enumerate().filter(|(_, write)| write.put.is_some()) {
            write.created_at = self.creations.get(write.token.key(), now);
            if write.created_at.is_none() {
                unknown.entry(write.address.path()).or_default().push(at);
            }
        }
        unknown
    }

    /// What is to be read of the items that these puts replace, partition by partition; the new ones have none.
    async fn births(
        self: &Arc<Self>,
        call: &Call<'_>,
        open: &[Open<'_>],
        unknown: HashMap<&str, Vec<usize>>,
    ) -> Vec<(usize, Result<Birth>)> {
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for (path, puts) in &unknown {
            for chunk in puts.chunks(KEYS) {
                let keys: Vec<&str> = chunk.iter().map(|at| open[*at].address.key()).collect();
                work.push(Box::pin(async move { (chunk, self.births_of(call, path, keys).await) }));
            }
        }
        let mut births = Vec::new();
        for (chunk, outcome) in side_by_side(work).await {
            for at in chunk {
                match &outcome {
                    Ok(found) => {
                        births.extend(found.get(open[*at].address.key()).map(|birth| (*at, Ok(*birth))))
                    }
                    Err(error) => births.push((*at, Err(error.clone()))),
                }
            }
        }
        births
    }

    async fn births_of(
        &self,
        call: &Call<'_>,
        path: &str,
        keys: Vec<&str>,
    ) -> Result<HashMap<String, Birth>> {
        let result = self.session.execute_unpaged(&call.statements.birth_many, (Prefix(path), keys)).await;
        let result = result.map_err(|error| error::read(call.kind, &error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let mut found = HashMap::new();
        for row in rows.rows::<BirthRow<'_>>().map_err(|error| unreadable(&error))? {
            let row = row.map_err(|error| unreadable(&error))?;
            if let Some(birth) = row.birth(self.clock.now()) {
                found.insert(row.key.to_owned(), birth);
            }
        }
        Ok(found)
    }

    /// Brings writes of one partition together, and gives those that fit into one request.
    fn groups(&self, writes: &mut [Write<'_>]) -> Vec<Range<usize>> {
        let limits = &self.config.limits;
        // Stable: of two writes to one key the later one stays the later.
        writes.sort_by(|a, b| a.path().cmp(b.path()));
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut bytes = 0;
        for (at, write) in writes.iter().enumerate() {
            bytes += write.bytes();
            match groups.last_mut() {
                Some(group)
                    if writes[group.start].path() == write.path()
                        && group.len() < limits.unlogged_batch_operations
                        && bytes <= limits.unlogged_batch_bytes =>
                {
                    group.end += 1;
                }
                _ => {
                    groups.push(at..at + 1);
                    bytes = write.bytes();
                }
            }
        }
        groups
    }

    async fn write_group(&self, call: &Call<'_>, group: &[Write<'_>]) -> Result<()> {
        let [write] = group else { return self.send_batch(call, BatchType::Unlogged, group).await };
        let kind = if write.open.put.is_some() { Kind::Put } else { Kind::Delete };
        self.before(group);
        let send = || self.session.execute_unpaged(write.statement(call), write.values());
        let outcome = self.ask(&call.statements.patience, send).await;
        self.after(group, outcome.is_ok());
        outcome.map_err(|failure| error::write(kind, &failure))?;
        Ok(())
    }

    async fn send_batch(&self, call: &Call<'_>, of: BatchType, writes: &[Write<'_>]) -> Result<()> {
        let statements = writes.iter().map(|write| write.statement(call).clone().into()).collect();
        let mut batch = CqlBatch::new_with_statements(of, statements);
        // Every statement brings its write time: repeating the batch changes nothing.
        batch.set_is_idempotent(true);
        batch.set_history_listener(listener());
        batch.set_execution_profile_handle(call.statements.put.get_execution_profile_handle().cloned());
        let values: Vec<_> = writes.iter().map(Write::values).collect();
        self.before(writes);
        let send = || self.session.batch(&batch, &values);
        let outcome = self.ask(&call.statements.patience, send).await;
        self.after(writes, outcome.is_ok());
        outcome.map_err(|failure| error::write(Kind::Batch, &failure))?;
        Ok(())
    }

    fn before(&self, writes: &[Write<'_>]) {
        for Write { open, .. } in writes.iter().filter(|write| write.open.put.is_none()) {
            self.creations.forget(open.token.key());
        }
    }

    fn after(&self, writes: &[Write<'_>], written: bool) {
        let now = self.clock.now();
        for write in writes {
            match write.open.put {
                Some(put) if written => {
                    let expires_at = put.ttl_us.map(|ttl| now.saturating_add(ttl));
                    let (created_at, time) = (write.created_at(), write.stamp.time_us);
                    self.creations.note(write.open.token, Birth { created_at, expires_at, time }, now);
                }
                Some(_) => {}
                None => self.creations.forget(write.open.token.key()),
            }
        }
    }
}
