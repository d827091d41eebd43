//! Whether a namespace holds a live item.

use std::ops::ControlFlow;
use std::sync::Arc;

use scylla::client::session::Session;
use scylla::response::PagingState;
use scylla::statement::prepared::PreparedStatement;
use tokio::task::JoinHandle;

use super::{Counts, Namespaces};
use crate::backend::cql::cluster::Cluster;
use crate::backend::cql::error;
use crate::backend::cql::get::unreadable;
use crate::backend::cql::row::prefix_of;
use crate::error::{Code, Error, Result};
use crate::store::operation::Kind;

/// Rows of the first page; a live item is nearly always the first row.
const FIRST_ROWS: i32 = 4;
/// Rows of a page at most.
const MOST_ROWS: i32 = 1_000;

/// A look that is on its way. Dropping it lets it run out.
pub struct Look(JoinHandle<Result<bool>>);

impl Look {
    /// Whether the namespace holds a live item.
    pub async fn ended(self) -> Result<bool> {
        let gone = |_| Err(Error::new(Code::Unavailable, "the read of a namespace was given up"));
        self.0.await.unwrap_or_else(gone)
    }
}

impl Namespaces {
    /// Begins to find out whether the namespace holds a live item.
    pub fn look(&self, cluster: &Cluster, kind: Kind, path: &str) -> Look {
        let session = Arc::clone(&cluster.session);
        let (statement, counts) = (self.statements.look.clone(), Arc::clone(&self.counts));
        let prefix = prefix_of(path);
        Look(tokio::spawn(async move { is_live(&session, statement, kind, &prefix, &counts).await }))
    }
}

/// Whether a partition holds a row whose value is not null.
///
/// A limit would not do: rows without a value (a conditional write has left them, or cells have expired at
/// different times) may come first, and a page may be short or empty where the server has read over
/// deletions. Only the end of paging is the end.
pub(super) async fn is_live(
    session: &Session,
    mut statement: PreparedStatement,
    kind: Kind,
    prefix: &str,
    counts: &Counts,
) -> Result<bool> {
    let (mut state, mut rows_wanted) = (PagingState::start(), FIRST_ROWS);
    loop {
        statement.set_page_size(rows_wanted);
        Counts::add(&counts.looks);
        let page = session.execute_single_page(&statement, (prefix,), state).await;
        let (result, next) = page.map_err(|error| error::read(kind, &error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        for row in rows.rows::<(Option<i64>,)>().map_err(|error| unreadable(&error))? {
            if row.map_err(|error| unreadable(&error))?.0.is_some() {
                return Ok(true);
            }
        }
        match next.into_paging_control_flow() {
            ControlFlow::Break(()) => return Ok(false),
            ControlFlow::Continue(next) => state = next,
        }
        rows_wanted = rows_wanted.saturating_mul(8).min(MOST_ROWS);
    }
}
