//! The writes of a snapshot batch: grouped by partition, or as one logged batch.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::statement::batch::{Batch as CqlBatch, BatchStatement, BatchType};

use super::super::attempt::{listener, watched};
use super::super::cluster::{Call, Cluster, Stamp};
use super::super::creation::{Birth, Token};
use super::super::error;
use super::super::get::unreadable;
use super::super::put::cells;
use super::super::row::{BirthRow, Cells, prefix_of};
use super::{SIDE_BY_SIDE, failures};
use crate::error::{Error, Result};
use crate::guard::retry::is_transient;
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::answers::Answers;
use crate::store::operation::{Batch, Kind, Operation, Put};

/// Keys of one `key IN ?` when what a put keeps is read.
const KEYS: usize = 100;
/// What a statement costs of a batch's bytes beside its texts.
const STATEMENT_BYTES: usize = 100;

/// One write on its way, with everything decided.
struct Write<'a> {
    index: usize,
    address: &'a Address,
    put: Option<&'a Put>,
    ttl: Option<i32>,
    created_at: Option<i64>,
    stamp: Stamp,
    token: Token,
}

/// One statement's markers.
enum Values<'a> {
    Put(Cells<'a>, i64, &'a str, &'a str),
    Delete(i64, &'a str, &'a str),
}

impl SerializeRow for Values<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> std::result::Result<(), SerializationError> {
        match self {
            Values::Put(cells, time, prefix, key) => {
                cells.timed(*time, prefix, key).serialize(context, writer)
            }
            Values::Delete(time, prefix, key) => (time, prefix, key).serialize(context, writer),
        }
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl Write<'_> {
    fn bytes(&self) -> usize {
        let value = self.put.map_or(0, |put| put.value.text.len());
        STATEMENT_BYTES + self.address.path().len() + self.address.key().len() + value
    }

    fn values<'b>(&'b self, prefix: &'b str) -> Values<'b> {
        let (time, key) = (self.stamp.time_us, self.address.key());
        match self.put {
            Some(put) => {
                let created_at = self.created_at.unwrap_or(time);
                let cells = cells(&put.value, created_at, time, self.stamp.version, self.ttl);
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
        let writes = match self.prepare_writes(call, task, batch, answers).await {
            Ok(writes) => writes,
            Err(error) => {
                answers.iter_mut().filter(|answer| answer.is_none()).for_each(|answer| {
                    *answer = Some(Err(error.clone()));
                });
                return;
            }
        };
        let mut groups = self.groups(writes);
        let mut retries = self.retries(task);
        loop {
            let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(groups.len());
            for (at, group) in groups.iter().enumerate() {
                work.push(Box::pin(async move { (at, self.write_group(call, group).await) }));
            }
            let mut done = stream::iter(work).buffer_unordered(SIDE_BY_SIDE);
            let mut curable = vec![false; groups.len()];
            while let Some((at, outcome)) = done.next().await {
                curable[at] = outcome.as_ref().is_err_and(is_transient);
                for write in &groups[at] {
                    answers[write.index] = Some(outcome.clone().map(|()| "null".to_owned()));
                }
            }
            drop(done);
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
            answers[write.index] = Some(Ok("null".to_owned()));
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
        let open: Vec<(usize, &Address, Option<&Put>)> = batch
            .operations
            .iter()
            .enumerate()
            .filter(|(index, _)| answers[*index].is_none())
            .filter_map(|(index, operation)| match operation {
                Operation::Put(put) => Some((index, &put.address, Some(put))),
                Operation::Delete(address) => Some((index, address, None)),
                _ => None,
            })
            .collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let tokens: Vec<Token> = open.iter().map(|(_, address, _)| self.creations.token(address)).collect();
        let puts: Vec<&Address> =
            open.iter().filter_map(|(_, address, put)| put.is_some().then_some(*address)).collect();
        let all: Vec<&Address> = open.iter().map(|(_, address, _)| *address).collect();
        let (births, registered, settled) = futures_util::join!(
            self.births(call, &puts),
            self.register_all(&puts),
            self.settle_all(call, &all)
        );
        call.claim(task)?;
        let mut writes = Vec::with_capacity(open.len());
        let choose = || {
            let now = self.clock.now();
            open.iter().map(|(_, address, _)| Stamp::new(self.times.next(address, now))).collect::<Vec<_>>()
        };
        // A logged batch fails as a whole, and may be run again as a whole.
        let stamps = if batch.logged { task.stamp(choose) } else { choose() };
        for (((index, address, put), token), stamp) in open.into_iter().zip(tokens).zip(stamps) {
            let ttl = put.map_or(Ok(None), |put| self.ttl(put.ttl_us));
            let failed = put
                .and_then(|_| births.failed.get(address).or_else(|| registered.get(address.path())))
                .or_else(|| settled.get(address.path()));
            match (ttl, failed) {
                (Err(error), _) => {
                    answers[index] = Some(Err(error.inside(&format!("ops[{index}]"))));
                }
                (_, Some(error)) => answers[index] = Some(Err(error.clone())),
                (Ok(ttl), None) => {
                    let created_at = births.found.get(address).copied();
                    writes.push(Write { index, address, put, ttl, created_at, stamp, token });
                }
            }
        }
        Ok(writes)
    }

    /// Registers every namespace once; the errors by path.
    async fn register_all(self: &Arc<Self>, puts: &[&Address]) -> HashMap<String, Error> {
        let mut paths: Vec<&str> = puts.iter().map(|address| address.path()).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(paths.len());
        for path in paths {
            work.push(Box::pin(async move { (path, self.namespaces.register(self, path).await) }));
        }
        failures(work).await
    }

    /// created_at of the items that are there, known or read partition by partition.
    async fn births<'b>(self: &Arc<Self>, call: &Call<'_>, puts: &[&'b Address]) -> Births<'b> {
        let mut births = Births::default();
        let now = self.clock.now();
        let mut unknown: HashMap<&str, Vec<&'b Address>> = HashMap::new();
        for address in puts {
            match self.creations.get(address, now) {
                Some(created_at) => drop(births.found.insert(*address, created_at)),
                None => unknown.entry(address.path()).or_default().push(address),
            }
        }
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for (path, addresses) in &unknown {
            for chunk in addresses.chunks(KEYS) {
                work.push(Box::pin(async move { (chunk, self.births_of(call, path, chunk).await) }));
            }
        }
        let mut done = stream::iter(work).buffer_unordered(SIDE_BY_SIDE);
        while let Some((addresses, outcome)) = done.next().await {
            match outcome {
                Ok(found) => {
                    for address in addresses {
                        if let Some(birth) = found.get(address.key()) {
                            self.times.note(address, birth.time);
                            births.found.insert(address, birth.created_at);
                        }
                    }
                }
                Err(error) => {
                    births.failed.extend(addresses.iter().map(|address| (*address, error.clone())));
                }
            }
        }
        births
    }

    async fn births_of(
        &self,
        call: &Call<'_>,
        path: &str,
        addresses: &[&Address],
    ) -> Result<HashMap<String, Birth>> {
        let prefix = prefix_of(path);
        let keys: Vec<&str> = addresses.iter().map(|address| address.key()).collect();
        let result = self.session.execute_unpaged(&call.statements.birth_many, (prefix.as_str(), keys)).await;
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

    /// Writes of one partition each, small enough for one request.
    fn groups<'b>(&self, writes: Vec<Write<'b>>) -> Vec<Vec<Write<'b>>> {
        let limits = &self.config.limits;
        let mut open: HashMap<&str, (usize, Vec<Write<'b>>)> = HashMap::new();
        let mut groups = Vec::new();
        for write in writes {
            let (bytes, group) = open.entry(write.address.path()).or_default();
            let full = *bytes + write.bytes() > limits.unlogged_batch_bytes
                || group.len() >= limits.unlogged_batch_operations;
            if full && !group.is_empty() {
                groups.push(std::mem::take(group));
                *bytes = 0;
            }
            *bytes += write.bytes();
            group.push(write);
        }
        groups.extend(open.into_values().map(|(_, group)| group));
        groups
    }

    async fn write_group(&self, call: &Call<'_>, group: &[Write<'_>]) -> Result<()> {
        let [write] = group else { return self.send_batch(call, BatchType::Unlogged, group).await };
        let prefix = prefix_of(write.address.path());
        let kind = if write.put.is_some() { Kind::Put } else { Kind::Delete };
        let statement = if write.put.is_some() { &call.statements.put } else { &call.statements.delete };
        self.before(group);
        let send = || self.session.execute_unpaged(statement, write.values(&prefix));
        let outcome = self.ask(&call.statements.patience, send).await;
        self.after(group, outcome.is_ok());
        outcome.map_err(|failure| error::write(kind, &failure))?;
        Ok(())
    }

    async fn send_batch(&self, call: &Call<'_>, of: BatchType, writes: &[Write<'_>]) -> Result<()> {
        let mut batch = CqlBatch::new(of);
        let prefixes: Vec<String> = writes.iter().map(|write| prefix_of(write.address.path())).collect();
        let mut values = Vec::with_capacity(writes.len());
        for (write, prefix) in writes.iter().zip(&prefixes) {
            let statement = if write.put.is_some() { &call.statements.put } else { &call.statements.delete };
            batch.append_statement(BatchStatement::PreparedStatement(statement.clone()));
            values.push(write.values(prefix));
        }
        // Every statement brings its write time: repeating the batch changes nothing.
        batch.set_is_idempotent(true);
        batch.set_history_listener(listener());
        batch.set_execution_profile_handle(call.statements.get_many.get_execution_profile_handle().cloned());
        self.before(writes);
        let outcome = watched(self.session.batch(&batch, values)).await;
        self.after(writes, outcome.is_ok());
        outcome.map_err(|failure| error::write(Kind::Batch, &failure))?;
        Ok(())
    }

    fn before(&self, writes: &[Write<'_>]) {
        writes
            .iter()
            .filter(|write| write.put.is_none())
            .for_each(|write| self.creations.forget(write.address));
    }

    fn after(&self, writes: &[Write<'_>], written: bool) {
        let now = self.clock.now();
        for write in writes {
            match write.put {
                Some(put) if written => {
                    let time = write.stamp.time_us;
                    let created_at = write.created_at.unwrap_or(time);
                    let expires_at = put.ttl_us.map(|ttl| now.saturating_add(ttl));
                    let birth = Birth { created_at, expires_at, time };
                    self.creations.note(write.token, write.address, birth, now);
                }
                Some(_) => {}
                None => self.creations.forget(write.address),
            }
        }
    }
}

/// What the puts of a batch keep of the items that are there.
#[derive(Default)]
struct Births<'a> {
    found: HashMap<&'a Address, i64>,
    /// Those whose read has failed.
    failed: HashMap<&'a Address, Error>,
}
