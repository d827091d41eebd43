//! The table `store_meta`: one text per name. What decides is written by LWT and read at SERIAL.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};
use scylla::value::{CqlValue, Row};

use super::super::error;
use super::super::get::unreadable;
use crate::error::Result;
use crate::store::config::Config;
use crate::store::operation::Kind;

/// A statement of the set-up may take longer than one on items: a schema change is written to disk and
/// told to every node.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a new table may take to be known to a node whose own tables have it.
const NEWS: Duration = Duration::from_secs(5);

/// What a conditional write has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Cas {
    Applied,
    /// Not applied: this value stands there.
    Found(Option<String>),
}

/// The table of one keyspace.
pub struct Meta<'a> {
    session: &'a Session,
    table: String,
}

impl<'a> Meta<'a> {
    pub fn new(session: &'a Session, config: &Config) -> Self {
        Self { session, table: config.table("store_meta") }
    }

    /// The values of these names; what has none is left out.
    pub async fn read(&self, names: &[&str]) -> Result<HashMap<String, String>> {
        self.select(names, Consistency::LocalQuorum).await
    }

    /// The value of a name, decided: an LWT on its way is finished first.
    pub async fn read_serial(&self, name: &str) -> Result<Option<String>> {
        Ok(self.select(&[name], Consistency::Serial).await?.remove(name))
    }

    async fn select(&self, names: &[&str], consistency: Consistency) -> Result<HashMap<String, String>> {
        let mut found = HashMap::new();
        for name in names {
            let text = format!("SELECT value FROM {} WHERE name = ?", self.table);
            let result = self.patiently(text, (name,), Some(consistency)).await?;
            let value: Vec<(Option<String>,)> = typed(result)?;
            if let Some((Some(value),)) = value.into_iter().next() {
                found.insert((*name).to_owned(), value);
            }
        }
        Ok(found)
    }

    /// Sets (or with `None` removes) the value if it is the expected one (`None` = there is none). With a
    /// TTL in seconds it is gone after that time. No row markers: all of it is written by UPDATE, and a
    /// name exists if and only if its value does.
    ///
    /// Errors: a lost answer is an error that says nothing of the outcome; read it at SERIAL.
    pub async fn cas(
        &self,
        name: &str,
        expected: Option<&str>,
        value: Option<&str>,
        ttl_s: u32,
    ) -> Result<Cas> {
        let table = &self.table;
        // TTL 0 = for ever.
        let condition = if expected.is_some() { "IF value = ?" } else { "IF value = null" };
        let update = format!("UPDATE {table} USING TTL {ttl_s} SET value = ? WHERE name = ? {condition}");
        let delete = format!("DELETE FROM {table} WHERE name = ? {condition}");
        let result = match (value, expected) {
            (Some(value), Some(expected)) => self.patiently(update, (value, name, expected), None).await?,
            (Some(value), None) => self.patiently(update, (value, name), None).await?,
            (None, Some(expected)) => self.patiently(delete, (name, expected), None).await?,
            (None, None) => self.patiently(delete, (name,), None).await?,
        };
        let result = result.into_rows_result().map_err(|error| unreadable(&error))?;
        // By name: which columns come with `[applied]`, and where, depends on the outcome and the server.
        let column = |name: &str| result.column_specs().iter().position(|column| column.name() == name);
        let (applied, current) = (column("[applied]"), column("value"));
        let row: Row = result.first_row().map_err(|error| unreadable(&error))?;
        let cell = |at: Option<usize>| at.and_then(|at| row.columns.get(at)).and_then(Option::as_ref);
        Ok(match cell(applied) {
            Some(CqlValue::Boolean(true)) => Cas::Applied,
            _ => Cas::Found(match cell(current) {
                Some(CqlValue::Text(text)) => Some(text.clone()),
                _ => None,
            }),
        })
    }

    /// Runs a statement on the table. One that was made a moment ago stands in the server's own tables
    /// before the server knows it, and then it is known to one part of the server before another: that is
    /// waited for.
    async fn patiently(
        &self,
        text: String,
        values: impl SerializeRow,
        consistency: Option<Consistency>,
    ) -> Result<QueryResult> {
        let until = Instant::now() + NEWS;
        loop {
            match run(self.session, text.clone(), &values, consistency).await {
                Ok(result) => return Ok(result),
                Err(error) if may_be_news(&error) && Instant::now() < until => {
                    tokio::time::sleep(NEWS / 50).await;
                }
                Err(error) => return Err(error::read(Kind::Open, &error)),
            }
        }
    }

    /// Writes something under this name that is gone after `ttl_s` seconds.
    pub async fn touch(&self, name: &str, ttl_s: u32) -> Result<()> {
        let text = format!("UPDATE {} USING TTL {ttl_s} SET value = 'yes' WHERE name = ?", self.table);
        let written = run(self.session, text, (name,), Some(Consistency::LocalQuorum)).await;
        written.map(drop).map_err(|error| error::read(Kind::Health, &error))
    }

    /// Whether the server takes this time to live.
    pub async fn try_ttl(&self, ttl_s: u32) -> Result<bool> {
        let table = &self.table;
        let text = format!("UPDATE {table} USING TTL {ttl_s} SET value = 'yes' WHERE name = 'longest_ttl'");
        match run(self.session, text, (), Some(Consistency::LocalQuorum)).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(said(&error), Some(DbError::Invalid)) => Ok(false),
            Err(error) => Err(error::read(Kind::Open, &error)),
        }
    }
}

/// Whether the server may only not know yet what another process has made: it calls a table unknown
/// (`Invalid`), or trips over one that is half there (`ServerError`).
fn may_be_news(error: &ExecutionError) -> bool {
    matches!(said(error), Some(DbError::Invalid | DbError::ServerError))
}

/// What the server said.
fn said(error: &ExecutionError) -> Option<&DbError> {
    match error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _))
        | ExecutionError::PrepareError(PrepareError::AllAttemptsFailed {
            first_attempt: RequestAttemptError::DbError(error, _),
        }) => Some(error),
        _ => None,
    }
}

/// Runs a statement of the set-up.
pub async fn run(
    session: &Session,
    text: String,
    values: impl SerializeRow,
    consistency: Option<Consistency>,
) -> std::result::Result<QueryResult, ExecutionError> {
    let mut statement = Statement::new(text);
    statement.set_request_timeout(Some(PATIENCE));
    // The commit of an LWT too: whoever reads at LOCAL_QUORUM then sees it.
    statement.set_consistency(consistency.unwrap_or(Consistency::Quorum));
    statement.set_serial_consistency(Some(SerialConsistency::Serial));
    session.query_unpaged(statement, values).await
}

/// All rows of a small answer.
pub async fn rows<T>(session: &Session, text: &str, values: impl SerializeRow) -> Result<Vec<T>>
where
    T: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let result = run(session, text.to_owned(), values, Some(Consistency::One)).await;
    typed(result.map_err(|error| error::read(Kind::Open, &error))?)
}

fn typed<T>(result: QueryResult) -> Result<Vec<T>>
where
    T: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let result = result.into_rows_result().map_err(|error| unreadable(&error))?;
    let rows = result.rows::<T>().map_err(|error| unreadable(&error))?;
    rows.collect::<std::result::Result<_, _>>().map_err(|error| unreadable(&error))
}
