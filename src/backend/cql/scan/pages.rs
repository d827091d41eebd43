//! One page of a partition.

use std::ops::ControlFlow;
use std::sync::Arc;

use scylla::client::session::Session;
use scylla::response::PagingState;
use scylla::response::query_result::QueryRowsResult;
use scylla::statement::prepared::PreparedStatement;
use uuid::Uuid;

use crate::backend::cql::error;
use crate::backend::cql::get::unreadable;
use crate::error::Result;
use crate::store::operation::Kind;

/// A read that can be sent from anywhere.
pub struct Request {
    pub session: Arc<Session>,
    pub statement: PreparedStatement,
    pub kind: Kind,
    pub prefix: String,
    pub after: Option<String>,
    pub state: PagingState,
}

/// What came.
pub struct Page {
    pub rows: QueryRowsResult,
    /// Where the partition goes on; `None` = it has ended. An empty page may not be the last.
    pub next: Option<PagingState>,
}

impl Request {
    /// Sends it.
    pub async fn read(self) -> Result<Page> {
        let Self { session, statement, kind, prefix, after, state } = self;
        let answered = match &after {
            Some(after) => session.execute_single_page(&statement, (&prefix, after), state).await,
            None => session.execute_single_page(&statement, (&prefix,), state).await,
        };
        let (result, next) = answered.map_err(|error| error::read(kind, &error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let next = match next.into_paging_control_flow() {
            ControlFlow::Continue(state) => Some(state),
            ControlFlow::Break(()) => None,
        };
        Ok(Page { rows, next })
    }
}

/// What a page of keys says.
pub enum Light {
    /// The keys and write times of the rows that hold an item, and the last key of all.
    Keys { keys: Vec<(String, i64)>, last: Option<String> },
    /// Some row has a value and no version: whether it is an item, only the value can tell.
    Unknown,
}

/// Reads a page of keys.
pub fn lights(rows: &QueryRowsResult) -> Result<Light> {
    let (mut keys, mut last) = (Vec::with_capacity(rows.rows_num()), None);
    for row in rows.rows::<(&str, Option<Uuid>, Option<i64>)>().map_err(|error| unreadable(&error))? {
        let (key, version, written) = row.map_err(|error| unreadable(&error))?;
        last = Some(key);
        match (version, written) {
            (_, None) => {}
            (None, Some(_)) => return Ok(Light::Unknown),
            (Some(_), Some(written)) => keys.push((key.to_owned(), written)),
        }
    }
    Ok(Light::Keys { keys, last: last.map(str::to_owned) })
}
