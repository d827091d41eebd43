//! The CQL texts that read a partition in pages.

use scylla::client::execution_profile::ExecutionProfileHandle;
use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;

use super::Columns;
use crate::backend::cql::row::COLUMNS;
use crate::backend::cql::statements::prepare;
use crate::error::Result;

/// The columns of a row that tell that it holds an item: the key, the version, the value's write time.
const KEYS: &str = "key, version, WRITETIME(value)";

/// Reads of one partition, bound to one execution profile.
#[derive(Clone, Debug)]
pub struct Statements {
    /// By columns, direction, and whether it begins behind a key.
    all: [PreparedStatement; 8],
}

impl Statements {
    /// Prepares them on `table` (keyspace and name, as CQL).
    pub async fn prepare(session: &Session, table: &str) -> Result<Self> {
        let one = async |columns: &str, down: bool, after: bool| -> Result<PreparedStatement> {
            let (comparison, order) = if down { ("<", " ORDER BY key DESC") } else { (">", "") };
            let after = if after { format!(" AND key {comparison} ?") } else { String::new() };
            let text = format!("SELECT {columns} FROM {table} WHERE prefix = ?{after}{order}");
            prepare(session, text, true).await
        };
        Ok(Self {
            all: [
                one(KEYS, false, false).await?,
                one(KEYS, false, true).await?,
                one(KEYS, true, false).await?,
                one(KEYS, true, true).await?,
                one(COLUMNS, false, false).await?,
                one(COLUMNS, false, true).await?,
                one(COLUMNS, true, false).await?,
                one(COLUMNS, true, true).await?,
            ],
        })
    }

    /// Binds them to another execution profile.
    pub fn set_profile(&mut self, profile: &ExecutionProfileHandle) {
        for statement in &mut self.all {
            statement.set_execution_profile_handle(Some(profile.clone()));
        }
    }

    /// Markers: prefix, and the key if it begins `after` one.
    pub(super) fn get(&self, columns: Columns, down: bool, after: bool) -> &PreparedStatement {
        let items = usize::from(columns == Columns::Items);
        &self.all[4 * items + 2 * usize::from(down) + usize::from(after)]
    }
}
