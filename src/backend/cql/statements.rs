//! Every CQL text on items, prepared once per store and execution profile.
//!
//! Plain writes carry their own write time, so repeating one is harmless and all of them, like all reads,
//! are marked idempotent: the driver may send them to another node again, or speculatively. Conditional
//! ones are not. Columns are named, never `*`.

use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};

use super::attempt::listener;
use super::error;
use super::point::Patience;
use super::profile::Profile;
use super::row::{BIRTH_COLUMNS, COLUMNS};
use super::scan;
use crate::error::Result;
use crate::store::operation::Kind;

const SET: &str = "SET value = ?, created_at = ?, updated_at = ?, version = ?, ttl_seconds = ?, sub_ms = ? \
                   WHERE prefix = ? AND key = ?";

/// The statements on the table `store`, bound to one execution profile.
#[derive(Clone, Debug)]
pub struct Statements {
    /// One item: prefix, key.
    pub get: PreparedStatement,
    /// One item as Paxos has decided it: prefix, key.
    pub get_serial: PreparedStatement,
    /// Items of one partition: prefix, keys.
    pub get_many: PreparedStatement,
    /// What a put keeps of the row it replaces: prefix, key.
    pub birth: PreparedStatement,
    /// The same for keys of one partition: prefix, keys.
    pub birth_many: PreparedStatement,
    /// [`Cells::timed`](super::row::Cells::timed).
    pub put: PreparedStatement,
    /// Write time, prefix, key.
    pub delete: PreparedStatement,
    /// [`Cells::markers`](super::row::Cells::markers).
    pub put_if_absent: PreparedStatement,
    /// [`Cells::conditional`](super::row::Cells::conditional) with the version read.
    pub put_if_version: PreparedStatement,
    /// The same with the value read, for rows without a version.
    pub put_if_value: PreparedStatement,
    /// Prefix, key.
    pub delete_if_exists: PreparedStatement,
    /// Prefix, key, version.
    pub delete_if_version: PreparedStatement,
    /// Prefix, key, value.
    pub delete_if_value: PreparedStatement,
    /// Pages of one partition.
    pub scan: scan::Statements,
    /// Of get, birth, put, delete and batches, which [`Cluster::ask`](super::cluster::Cluster) sends.
    pub patience: Patience,
}

impl Statements {
    /// Prepares everything on `table` (keyspace and name, as CQL).
    pub async fn prepare(session: &Session, table: &str, profile: &Profile) -> Result<Self> {
        let read = |text: String| prepare(session, text, true);
        let lwt = |text: String| prepare(session, text, false);
        let select = format!("SELECT {COLUMNS} FROM {table} WHERE prefix = ?");
        let birth = format!("SELECT {BIRTH_COLUMNS} FROM {table} WHERE prefix = ?");
        let mut get_serial = read(format!("{select} AND key = ?")).await?;
        get_serial.set_consistency(Consistency::Serial);
        Ok(Self {
            get: read(format!("{select} AND key = ?")).await?,
            get_serial,
            get_many: read(format!("{select} AND key IN ?")).await?,
            birth: read(format!("{birth} AND key = ?")).await?,
            birth_many: read(format!("{birth} AND key IN ?")).await?,
            put: read(format!("UPDATE {table} USING TIMESTAMP ? AND TTL ? {SET}")).await?,
            delete: read(format!("DELETE FROM {table} USING TIMESTAMP ? WHERE prefix = ? AND key = ?"))
                .await?,
            put_if_absent: lwt(format!("UPDATE {table} USING TTL ? {SET} IF value = null")).await?,
            put_if_version: lwt(format!("UPDATE {table} USING TTL ? {SET} IF version = ?")).await?,
            put_if_value: lwt(format!("UPDATE {table} USING TTL ? {SET} IF value = ?")).await?,
            delete_if_exists: lwt(format!(
                "DELETE FROM {table} WHERE prefix = ? AND key = ? IF value != null"
            ))
            .await?,
            delete_if_version: lwt(format!(
                "DELETE FROM {table} WHERE prefix = ? AND key = ? IF version = ?"
            ))
            .await?,
            delete_if_value: lwt(format!("DELETE FROM {table} WHERE prefix = ? AND key = ? IF value = ?"))
                .await?,
            scan: scan::Statements::prepare(session, table).await?,
            patience: profile.patience,
        })
    }

    /// The same statements under another execution profile; nothing is prepared again.
    pub fn with_profile(&self, profile: &Profile) -> Self {
        let mut copy = self.clone();
        for statement in copy.all() {
            statement.set_execution_profile_handle(Some(profile.handle.clone()));
        }
        for statement in [&mut copy.get, &mut copy.birth, &mut copy.put, &mut copy.delete] {
            statement.set_execution_profile_handle(Some(profile.point.clone()));
        }
        copy.scan.set_profile(&profile.handle);
        copy.patience = profile.patience;
        copy.get_serial.set_consistency(match profile.serial {
            SerialConsistency::Serial => Consistency::Serial,
            SerialConsistency::LocalSerial => Consistency::LocalSerial,
        });
        copy
    }

    fn all(&mut self) -> [&mut PreparedStatement; 13] {
        [
            &mut self.get,
            &mut self.get_serial,
            &mut self.get_many,
            &mut self.birth,
            &mut self.birth_many,
            &mut self.put,
            &mut self.delete,
            &mut self.put_if_absent,
            &mut self.put_if_version,
            &mut self.put_if_value,
            &mut self.delete_if_exists,
            &mut self.delete_if_version,
            &mut self.delete_if_value,
        ]
    }
}

/// Prepares one statement with the attempts' note taking; `idempotent` ones the driver may repeat.
pub async fn prepare(session: &Session, text: String, idempotent: bool) -> Result<PreparedStatement> {
    let prepared = session.prepare(text).await;
    let mut prepared = prepared.map_err(|error| error::prepare(Kind::Open, &error))?;
    prepared.set_is_idempotent(idempotent);
    prepared.set_history_listener(listener());
    // Columns are named, so an answer's metadata never changes while the table's types do not; saves it in
    // every answer. An LWT's answer has other columns when its condition did not hold.
    prepared.set_use_cached_result_metadata(idempotent);
    Ok(prepared)
}
