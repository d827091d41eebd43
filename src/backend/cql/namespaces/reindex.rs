//! The index rebuilt from the partitions: for adopted tables, and after a loss.

use std::ops::ControlFlow;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use scylla::client::session::Session;
use scylla::response::PagingState;

use super::Namespaces;
use crate::backend::cql::cluster::Cluster;
use crate::backend::cql::error;
use crate::backend::cql::get::unreadable;
use crate::backend::cql::row::path_of;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::clock::Clock;
use crate::store::operation::Kind;

/// Parts of the token ring that are read one after the other.
const RANGES: i128 = 64;
/// Partitions of one page.
const PAGE: i32 = 1_000;
/// Rows that are written at one time.
const WRITES: usize = 32;

impl Cluster {
    /// Rebuilds the index; answers how many rows were written.
    pub(in crate::backend::cql) async fn reindex(&self, task: &Task) -> Result<String> {
        let stopped = || task.stopped();
        Ok(self.namespaces.reindex(&self.session, &self.clock, &stopped).await?.to_string())
    }
}

impl Namespaces {
    /// Writes a row for every partition that the cluster knows; answers how many. Rows that are there stay.
    /// `stopped` is asked between pages.
    ///
    /// Reads every partition's key, so its cost grows with all data. Partitions without a live item get a
    /// row too: they are found dead and removed like any other. One whose key is not labels joined by
    /// dots (an empty one, two dots in a row) can't be a namespace and is passed over.
    pub async fn reindex(
        &self,
        session: &Session,
        clock: &Clock,
        stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<u64> {
        let mut written = 0;
        for (after, last) in ranges() {
            written += self.reindex_range(session, clock, (after, last), stopped).await?;
        }
        Ok(written)
    }

    async fn reindex_range(
        &self,
        session: &Session,
        clock: &Clock,
        range: (i64, i64),
        stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<u64> {
        let mut statement = self.statements.partitions.clone();
        statement.set_page_size(PAGE);
        let (mut state, mut written) = (PagingState::start(), 0);
        loop {
            if stopped() {
                return Err(Error::new(Code::Cancelled, "the request was stopped"));
            }
            let page = session.execute_single_page(&statement, range, state).await;
            let (result, next) = page.map_err(|error| error::read(Kind::Reindex, &error))?;
            let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
            let rows = rows.rows::<(&str,)>().map_err(|error| unreadable(&error))?;
            let paths: Vec<String> = rows
                .filter_map(|row| row.map(|(prefix,)| is_joined(prefix).then(|| path_of(prefix))).transpose())
                .collect::<std::result::Result<_, _>>()
                .map_err(|error| unreadable(&error))?;
            written += paths.len() as u64;
            let mut writes = Vec::with_capacity(paths.len());
            for path in &paths {
                writes.push(self.write_row(session, path, clock.now()));
            }
            stream::iter(writes).buffer_unordered(WRITES).try_collect::<Vec<()>>().await?;
            match next.into_paging_control_flow() {
                ControlFlow::Break(()) => return Ok(written),
                ControlFlow::Continue(next) => state = next,
            }
        }
    }
}

/// Whether a partition key is labels joined by dots.
fn is_joined(prefix: &str) -> bool {
    prefix.split('.').all(|label| !label.is_empty() && !label.contains('\0'))
}

/// The token ring in parts: (token behind which it begins, last token). No partition has the least token.
fn ranges() -> impl Iterator<Item = (i64, i64)> {
    let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
    // Within the bounds of i64 by construction.
    let bound = move |part: i128| (low + (high - low) * part / RANGES) as i64;
    (0..RANGES).map(move |part| (bound(part), bound(part + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_are_the_ring() {
        let all: Vec<_> = ranges().collect();
        assert_eq!(all[0].0, i64::MIN);
        assert_eq!(all[RANGES as usize - 1].1, i64::MAX);
        assert!(all.windows(2).all(|two| two[0].1 == two[1].0 && two[0].0 < two[0].1));
    }

    #[test]
    fn only_labels_joined_by_dots_are_namespaces() {
        for prefix in ["a", "a.b", "ü.*./"] {
            assert!(is_joined(prefix), "{prefix:?}");
        }
        for prefix in ["", ".", "a.", ".a", "a..b", "a\0b"] {
            assert!(!is_joined(prefix), "{prefix:?}");
        }
    }
}
