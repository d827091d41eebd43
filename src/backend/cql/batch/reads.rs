//! The reads of a snapshot batch.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::super::cluster::{Call, Cluster};
use super::super::error;
use super::super::get::unreadable;
use super::super::row::{Prefix, Row};
use super::side_by_side;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::answers::{Answers, NULL, Text};
use crate::store::item::{Entry, push_item};
use crate::store::operation::{Batch, Get, Kind, Operation};

/// Keys of one `key IN ?`: the partition's replica answers them one by one, so a long list is a slow request.
const KEYS: usize = 64;
/// Gets of one partition from which on they are asked for together.
const TOGETHER: usize = 2;

/// Outcomes by index.
type Done = Vec<(usize, Result<Text>)>;

impl Cluster {
    /// Answers all reads of the batch that have no answer yet.
    pub(super) async fn read_side_by_side(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        batch: &Batch,
        answers: &mut Answers,
    ) {
        let mut partitions: HashMap<&str, Vec<(usize, &Get)>> = HashMap::new();
        let mut work: Vec<BoxFuture<'_, Done>> = Vec::new();
        for (index, operation) in batch.operations.iter().enumerate().filter(|(at, _)| answers[*at].is_none())
        {
            match operation {
                Operation::Get(get) => partitions.entry(get.address.path()).or_default().push((index, get)),
                operation if !operation.writes() => work.push(Box::pin(async move {
                    let call = Call { kind: operation.kind(), ..*call };
                    vec![(index, self.read_one(&call, task, operation).await.map(Text::Owned))]
                })),
                _ => {}
            }
        }
        for (path, gets) in partitions {
            if gets.len() < TOGETHER || path.is_empty() {
                for (index, get) in gets {
                    let call = Call { kind: Kind::Get, ..*call };
                    work.push(Box::pin(
                        async move { vec![(index, self.get(&call, get).await.map(Text::Owned))] },
                    ));
                }
                continue;
            }
            let mut gets = gets.into_iter().peekable();
            while gets.peek().is_some() {
                let gets: Vec<_> = gets.by_ref().take(KEYS).collect();
                work.push(Box::pin(async move { self.get_many(call, path, &gets).await }));
            }
        }
        for (index, outcome) in side_by_side(work).await.into_iter().flatten() {
            answers[index] = Some(outcome);
        }
    }

    /// One read by itself.
    pub(super) async fn read_one(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        operation: &Operation,
    ) -> Result<String> {
        match operation {
            Operation::Get(get) => self.get(call, get).await,
            Operation::Search(search) => self.search(call, task, search).await,
            Operation::ListNamespaces(list) => self.list_namespaces(call, task, list).await,
            Operation::Count(scope) => self.count(call, task, scope).await,
            other => {
                let text = format!("{} is not a read of a batch", other.kind().name());
                Err(Error::new(Code::Unsupported, text))
            }
        }
    }

    /// Several gets of one partition as one request.
    async fn get_many(&self, call: &Call<'_>, path: &str, gets: &[(usize, &Get)]) -> Done {
        match self.rows_of(call, path, gets).await {
            Ok(found) => {
                let answer = |get: &Get| found.get(get.address.key()).cloned().unwrap_or(Ok(NULL));
                gets.iter().map(|(index, get)| (*index, answer(get))).collect()
            }
            Err(error) => gets.iter().map(|(index, _)| (*index, Err(error.clone()))).collect(),
        }
    }

    async fn rows_of(
        &self,
        call: &Call<'_>,
        path: &str,
        gets: &[(usize, &Get)],
    ) -> Result<HashMap<String, Result<Text>>> {
        let keys: Vec<&str> = gets.iter().map(|(_, get)| get.address.key()).collect();
        let token = |get: &Get| self.creations.token(self.key(&get.address));
        let tokens: HashMap<&str, _> = gets.iter().map(|(_, get)| (get.address.key(), token(get))).collect();
        let result = self.session.execute_unpaged(&call.statements.get_many, (Prefix(path), keys)).await;
        let result = result.map_err(|error| error::read(Kind::Get, &error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let mut found = HashMap::with_capacity(gets.len());
        for row in rows.rows::<Row<'_>>().map_err(|error| unreadable(&error))? {
            let row = row.map_err(|error| unreadable(&error))?;
            let now = self.clock.now();
            let Some(token) = tokens.get(row.key) else { continue };
            let answer = match row.record(now) {
                Ok(None) => continue,
                Ok(Some(record)) => {
                    let mut answer = String::new();
                    push_item(&mut answer, &Entry { path, key: row.key, record });
                    self.learn(*token, &row, &record, now);
                    if gets.iter().any(|(_, get)| get.refresh && get.address.key() == row.key) {
                        self.refresh(&Address::new(path, row.key), &record, row.write_time, now);
                    }
                    Ok(Text::Owned(answer))
                }
                Err(error) => Err(error),
            };
            found.insert(row.key.to_owned(), answer);
        }
        Ok(found)
    }
}
