//! Reading one item, and what every read tells the store's memory.

use scylla::response::query_result::QueryResult;

use super::cluster::{Call, Cluster};
use super::creation::{Birth, Token};
use super::error;
use super::row::{Prefix, Row};
use crate::error::{Code, Error, Result};
use crate::store::address::Address;
use crate::store::item::{Entry, Record, push_item};
use crate::store::operation::Get;

/// An item read for a conditional write.
#[derive(Clone, Debug)]
pub struct Current {
    /// The value's text.
    pub value: String,
    /// Times, version, expiry.
    pub meta: crate::store::item::Meta,
    /// The row's write time, microseconds.
    pub write_time: i64,
}

impl Current {
    /// The item as a record.
    pub fn record(&self) -> Record<'_> {
        Record { value: &self.value, meta: self.meta }
    }
}

impl Cluster {
    /// One prepared point read; answers the item or null.
    pub async fn get(&self, call: &Call<'_>, get: &Get) -> Result<String> {
        let address = &get.address;
        let mut answer = String::new();
        if !address.path().is_empty() {
            let token = self.creations.token(self.key(address));
            let values = (Prefix(address.path()), address.key());
            let send = || self.session.execute_unpaged(&call.statements.get, values);
            let result = self.ask(&call.statements.patience, send).await;
            let result = result.map_err(|failure| error::read(call.kind, &failure.error))?;
            self.only_row(result, |row, now| {
                let Some(record) = row.record(now)? else { return Ok(()) };
                push_item(&mut answer, &Entry { path: address.path(), key: address.key(), record });
                self.learn(token, row, &record, now);
                if get.refresh {
                    self.refresh(address, &record, row.write_time, now);
                }
                Ok(())
            })?;
        }
        if answer.is_empty() {
            answer.push_str("null");
        }
        Ok(answer)
    }

    /// The item as the last finished Paxos round left it.
    pub async fn get_serial(&self, call: &Call<'_>, address: &Address) -> Result<Option<Current>> {
        let mut current = None;
        let values = (Prefix(address.path()), address.key());
        let result = self.session.execute_unpaged(&call.statements.get_serial, values).await;
        let result = result.map_err(|error| error::read(call.kind, &error))?;
        self.only_row(result, |row, now| {
            current = row.record(now)?.map(|record| Current {
                value: record.value.to_owned(),
                meta: record.meta,
                write_time: row.write_time.unwrap_or(0),
            });
            Ok(())
        })?;
        Ok(current)
    }

    fn only_row(&self, result: QueryResult, found: impl FnOnce(&Row<'_>, i64) -> Result<()>) -> Result<()> {
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        match rows.maybe_first_row::<Row<'_>>() {
            Ok(Some(row)) => found(&row, self.clock.now()),
            Ok(None) => Ok(()),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// Notes what a row says of its item: its birth, for later puts, and a write time ahead of our clock,
    /// which a put by somebody who has read the row must pass.
    pub fn learn(&self, token: Token, row: &Row<'_>, record: &Record<'_>, now: i64) {
        let (time, meta) = (row.write_time.unwrap_or(0), &record.meta);
        if time >= now {
            self.times.note(token.key(), time);
        }
        let birth = Birth { created_at: meta.created_at, expires_at: meta.expires_at, time };
        self.creations.note(token, birth, now);
    }
}

/// The error of an answer that is not what the statement asks for: somebody has changed the table.
pub fn unreadable(error: &dyn std::error::Error) -> Error {
    let text = format!("the table's columns are not what this library has made them: {error}");
    Error::new(Code::Corrupt, text)
}
