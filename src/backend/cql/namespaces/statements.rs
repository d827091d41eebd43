//! The CQL texts on the index, and those on items that tell whether a namespace is alive.

use scylla::client::execution_profile::ExecutionProfileHandle;
use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

use crate::backend::cql::statements::prepare;
use crate::error::Result;
use crate::store::config::Config;

/// Statements of the index, never below LOCAL_QUORUM.
///
/// A row of the index has one cell and no marker (it is written by UPDATE), so a deletion with the cell's
/// own write time removes the row, and one with an older time removes nothing.
#[derive(Clone, Debug)]
pub struct Statements {
    /// Write time, seen_at, bucket, path.
    pub register: PreparedStatement,
    /// Write time, bucket, path.
    pub remove: PreparedStatement,
    /// Bucket, first path, path behind the last.
    pub slice: PreparedStatement,
    /// The same, last path first.
    pub slice_down: PreparedStatement,
    /// Bucket, first path; to the end of the bucket.
    pub rest: PreparedStatement,
    /// The same, last path first.
    pub rest_down: PreparedStatement,
    /// Prefix: the write times of its rows' values.
    pub look: PreparedStatement,
    /// The same at QUORUM of all data centres.
    pub look_everywhere: PreparedStatement,
    /// Token behind which to begin, last token: the partitions between.
    pub partitions: PreparedStatement,
}

impl Statements {
    /// Prepares all of them for one execution profile.
    pub async fn prepare(
        session: &Session,
        config: &Config,
        profile: &ExecutionProfileHandle,
    ) -> Result<Self> {
        let (index, items) = (config.table("store_namespaces"), config.table("store"));
        // Every one of them may be repeated: reads, and writes that carry their write time.
        let statement = async |text: String| -> Result<PreparedStatement> {
            let mut statement = prepare(session, text, true).await?;
            statement.set_execution_profile_handle(Some(profile.clone()));
            Ok(statement)
        };
        let slice = format!("SELECT path, WRITETIME(seen_at) FROM {index} WHERE bucket = ? AND path >= ?");
        let look = statement(format!("SELECT WRITETIME(value) FROM {items} WHERE prefix = ?")).await?;
        let mut look_everywhere = look.clone();
        look_everywhere.set_consistency(Consistency::Quorum);
        Ok(Self {
            register: statement(format!(
                "UPDATE {index} USING TIMESTAMP ? SET seen_at = ? WHERE bucket = ? AND path = ?"
            ))
            .await?,
            remove: statement(format!("DELETE FROM {index} USING TIMESTAMP ? WHERE bucket = ? AND path = ?"))
                .await?,
            slice: statement(format!("{slice} AND path < ?")).await?,
            slice_down: statement(format!("{slice} AND path < ? ORDER BY path DESC")).await?,
            rest_down: statement(format!("{slice} ORDER BY path DESC")).await?,
            rest: statement(slice).await?,
            look,
            look_everywhere,
            partitions: statement(format!(
                "SELECT DISTINCT prefix FROM {items} WHERE token(prefix) > ? AND token(prefix) <= ?"
            ))
            .await?,
        })
    }
}
