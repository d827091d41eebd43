//! Conditional writes as lightweight transactions.
//!
//! Values compare as JSON, which no cluster can do: the row is read at SERIAL, compared here, and the
//! write is made conditional on the version that was read (`IF version = ?`, on the value's text for rows
//! of older writers). If the row has moved meanwhile the round is lost without effect, and is tried again
//! from the read, a bounded number of times.
//!
//! Conditions that need nothing from the row go without the read: an absent item is `IF value = null`, a
//! present one `IF value != null`. (Never IF NOT EXISTS: rows have no markers, see the data model.)
//!
//! An LWT is sent only when the clock has left the last plain write of the key behind (see `times`), or
//! it would be acknowledged and lost; the next plain write of the key is sent only when the LWT is settled
//! (see `unsettled`), or that would be. A lost answer is an unknown outcome and never tried again.

use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row as AnyRow};
use uuid::Uuid;

use super::attempt::watched;
use super::cluster::{Call, Cluster};
use super::creation::Birth;
use super::error;
use super::get::{Current, unreadable};
use super::put::cells;
use super::row::Prefix;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::answers::{applied, not_applied};
use crate::store::item::{Entry, NO_VERSION, push_item};
use crate::store::operation::{Condition, Conditional, Value};

/// Rounds that may be lost to other writers before the request is given up.
const ROUNDS: usize = 16;

/// A value to store and its TTL in seconds; `None` = delete.
type Write<'a> = Option<(&'a Value, Option<i32>)>;

/// How one round ended.
enum Round {
    /// The write happened, with this version (nil for a delete).
    Applied(Uuid),
    /// The item was not as the round expected it.
    Lost,
}

impl Cluster {
    /// Writes under a condition. Answers `{"applied":true,"version":…}` after a put, `{"applied":true}`
    /// after a delete, `{"applied":false,"current":item or null}` otherwise.
    pub async fn conditional(&self, call: &Call<'_>, task: &Task, body: &Conditional) -> Result<String> {
        let address = &body.address;
        let write = match &body.write {
            Some((value, ttl_us)) => Some((value, self.ttl(*ttl_us)?)),
            None => None,
        };
        if write.is_some() {
            self.namespaces.register(self, address.path()).await?;
        }
        let needs_no_read =
            write.is_none() && matches!(body.condition, Condition::Exists | Condition::Version(_));
        let mut blind = needs_no_read || matches!(body.condition, Condition::Absent);
        for _ in 0..ROUNDS {
            let round = if std::mem::take(&mut blind) {
                self.blind_round(call, task, address, &body.condition, write).await?
            } else {
                let current = self.get_serial(call, address).await?;
                if !is_met(&body.condition, current.as_ref()) {
                    let document = current.as_ref().map(|current| item(address, current));
                    return Ok(not_applied(document.as_deref()));
                }
                self.round(call, task, address, current.as_ref(), write).await?
            };
            if let Round::Applied(version) = round {
                return Ok(applied(write.is_some().then_some(version.as_bytes())));
            }
        }
        Err(contended())
    }

    /// A put or delete through Paxos, whatever the item is (`serial: true`).
    pub async fn write_serial(
        &self,
        call: &Call<'_>,
        task: &Task,
        address: &Address,
        write: Write<'_>,
    ) -> Result<()> {
        if write.is_some() {
            self.namespaces.register(self, address.path()).await?;
        }
        for _ in 0..ROUNDS {
            let current = self.get_serial(call, address).await?;
            if current.is_none() && write.is_none() {
                return Ok(());
            }
            if let Round::Applied(_) = self.round(call, task, address, current.as_ref(), write).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// One round whose condition needs nothing from the row.
    async fn blind_round(
        &self,
        call: &Call<'_>,
        task: &Task,
        address: &Address,
        condition: &Condition,
        write: Write<'_>,
    ) -> Result<Round> {
        let place = (Prefix(address.path()), address.key());
        match (write, condition) {
            (None, Condition::Version(version)) => {
                let values = (place.0, place.1, Uuid::from_bytes(*version));
                self.send(call, task, address, 0, &call.statements.delete_if_version, values, None).await
            }
            (None, _) => {
                self.send(call, task, address, 0, &call.statements.delete_if_exists, place, None).await
            }
            (Some(_), _) => self.round(call, task, address, None, write).await,
        }
    }

    /// One round on the condition that the item is still as it was read.
    async fn round(
        &self,
        call: &Call<'_>,
        task: &Task,
        address: &Address,
        current: Option<&Current>,
        write: Write<'_>,
    ) -> Result<Round> {
        let (statements, prefix, key) = (call.statements, Prefix(address.path()), address.key());
        let row_time = current.map_or(0, |current| current.write_time);
        let expected = current.map(|current| current.meta.version).filter(|version| *version != NO_VERSION);
        let expected = expected.map(Uuid::from_bytes);
        let Some((value, ttl)) = write else {
            return match (current, expected) {
                (_, Some(version)) => {
                    let values = (prefix, key, version);
                    self.send(call, task, address, row_time, &statements.delete_if_version, values, None)
                        .await
                }
                (Some(current), None) => {
                    let values = (prefix, key, current.value.as_str());
                    self.send(call, task, address, row_time, &statements.delete_if_value, values, None).await
                }
                (None, None) => {
                    let values = (prefix, key);
                    self.send(call, task, address, row_time, &statements.delete_if_exists, values, None).await
                }
            };
        };
        // Strictly above what is replaced, also where its writer's clock was ahead.
        let updated_at = current.map_or(0, |current| current.meta.updated_at + 1).max(self.clock.now());
        let created_at = current.map_or(updated_at, |current| current.meta.created_at);
        let version = self.version();
        let cells = cells(value, created_at, updated_at, version, ttl);
        let expires_at = ttl.map(|ttl| updated_at.saturating_add(i64::from(ttl) * 1_000_000));
        let stored = Some((version, Birth { created_at, expires_at, time: 0 }));
        match (current, expected) {
            (_, Some(read)) => {
                let values = cells.conditional(prefix, key, read);
                self.send(call, task, address, row_time, &statements.put_if_version, values, stored).await
            }
            (Some(current), None) => {
                let values = cells.conditional(prefix, key, current.value.as_str());
                self.send(call, task, address, row_time, &statements.put_if_value, values, stored).await
            }
            (None, None) => {
                let values = cells.markers(prefix, key);
                self.send(call, task, address, row_time, &statements.put_if_absent, values, stored).await
            }
        }
    }

    /// Waits for the clock, sends the LWT and reads whether it was applied.
    #[allow(clippy::too_many_arguments)]
    async fn send(
        &self,
        call: &Call<'_>,
        task: &Task,
        address: &Address,
        row_time: i64,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        stored: Option<(Uuid, Birth)>,
    ) -> Result<Round> {
        let key = self.key(address);
        loop {
            let wait = self.times.ready_in(key, row_time, self.clock.now());
            if wait.is_zero() {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        call.claim(task)?;
        // Whatever comes of it, what was known of the item may be over. The token is taken before the LWT is
        // sent, so that a delete which is acknowledged meanwhile is not undone by our note below.
        self.creations.forget(key);
        let token = self.creations.token(key);
        // Now, since the caller may be told of an unknown outcome before we are; and again, since a plain
        // write may have settled the key before this was carried out.
        self.unsettled.note(key);
        let outcome = watched(self.session.execute_unpaged(statement, values)).await;
        self.unsettled.note(key);
        let now = self.clock.now();
        self.times.note_ballot(key, now);
        if stored.is_none() || outcome.is_err() {
            self.creations.forget(key);
        }
        let result = outcome.map_err(|failure| error::write(call.kind, &failure))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let row = rows.first_row::<AnyRow>().map_err(|error| unreadable(&error))?;
        // The first column of an LWT's answer is `[applied]`.
        if !matches!(row.columns.first(), Some(Some(CqlValue::Boolean(true)))) {
            return Ok(Round::Lost);
        }
        if self.unsettled.is_full() {
            // If that fails, the key stays on the list.
            let _ = self.settle(call, address, key).await;
        }
        let Some((version, birth)) = stored else { return Ok(Round::Applied(Uuid::nil())) };
        self.creations.note(token, Birth { time: now, ..birth }, now);
        Ok(Round::Applied(version))
    }
}

/// Whether the item that was read meets the condition.
fn is_met(condition: &Condition, current: Option<&Current>) -> bool {
    match current {
        None => matches!(condition, Condition::Absent),
        // The nil version stands for a row without one, which equals no version.
        Some(current) if matches!(condition, Condition::Version(_)) && current.meta.version == NO_VERSION => {
            false
        }
        Some(current) => condition.is_met_by(&current.record()),
    }
}

fn item(address: &Address, current: &Current) -> String {
    let mut document = String::new();
    let (path, key, record) = (address.path(), address.key(), current.record());
    push_item(&mut document, &Entry { path, key, record });
    document
}

fn contended() -> Error {
    let text = format!("other writers changed the item {ROUNDS} times between read and write; not applied");
    Error::new(Code::Busy, text)
}
