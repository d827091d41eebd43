//! count and delete_prefix: every item at and below a prefix that matches, page by page. Neither is atomic.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::cluster::{Call, Cluster};
use super::get::unreadable;
use super::row::Row;
use super::scan::{Columns, Content, Rows, Walk};
use super::search::go_on;
use crate::error::Result;
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::operation::Scope;

/// Deletes that are on their way at one time.
const DELETES: usize = 32;

impl Cluster {
    /// Answers the number of live items that match.
    pub(super) async fn count(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        scope: &Scope,
    ) -> Result<String> {
        let mut walk = self.whole(call, scope);
        let mut number = 0;
        while let Some(rows) = walk.next(usize::MAX, columns(scope)).await? {
            go_on(task)?;
            self.matches(scope, &rows, |_, _| number += 1)?;
        }
        Ok(number.to_string())
    }

    /// Removes the items that match and answers how many keys it has read and deleted.
    ///
    /// A put that is acknowledged after the call began may stay or go. When it fails or is stopped on the
    /// way, what it has removed so far is gone.
    pub(super) async fn delete_prefix(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        scope: &Scope,
    ) -> Result<String> {
        let mut walk = self.whole(call, scope);
        let mut number = 0;
        loop {
            let page = walk.next(usize::MAX, columns(scope)).await;
            let Some(rows) = page.map_err(|error| in_doubt(error, number))? else { break };
            let mut found = Vec::new();
            self.matches(scope, &rows, |key, written| found.push((Address::new(&rows.path, key), written)))
                .map_err(|error| in_doubt(error, number))?;
            if found.is_empty() {
                continue;
            }
            call.claim(task)?;
            if number > 0 {
                go_on(task)?;
            }
            number += found.len();
            self.delete_all(call, found).await.map_err(|error| in_doubt(error, number))?;
        }
        Ok(number.to_string())
    }

    /// Deletes items that were read with these write times.
    async fn delete_all(&self, call: &Call<'_>, found: Vec<(Address, i64)>) -> Result<()> {
        let deletes: Vec<_> =
            found.iter().map(|(address, written)| self.delete_read(call, address, *written)).collect();
        // All are let run out, also when one fails.
        let outcomes: Vec<_> = stream::iter(deletes).buffer_unordered(DELETES).collect().await;
        outcomes.into_iter().collect()
    }

    async fn delete_read(&self, call: &Call<'_>, address: &Address, written: i64) -> Result<()> {
        let key = self.key(address);
        self.settle(call, address, key).await?;
        // The row that was read must go, whoever's clock wrote it.
        self.times.note(key, written);
        let time = self.times.next(key, self.clock.now());
        self.delete_at(call, address, key, time).await
    }

    fn whole<'a>(self: &'a Arc<Self>, call: &'a Call<'a>, scope: &'a Scope) -> Walk<'a> {
        Walk::new(self, call, scope, (false, None), (self.config.search.page_size, true))
    }

    /// Calls `found` with the key and write time of each item that matches.
    fn matches(&self, scope: &Scope, rows: &Rows, mut found: impl FnMut(&str, i64)) -> Result<()> {
        match &rows.rows {
            Content::Keys(keys) => keys.iter().for_each(|(key, written)| found(key, *written)),
            Content::Items(items) => {
                let now = self.clock.now();
                for row in items.rows::<Row<'_>>().map_err(|error| unreadable(&error))? {
                    let row = row.map_err(|error| unreadable(&error))?;
                    if self.match_row(&row, &rows.path, scope.filter.as_ref(), now)?.is_some() {
                        found(row.key, row.write_time.unwrap_or(0));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Without a filter the values are not needed.
fn columns(scope: &Scope) -> Columns {
    if scope.filter.is_some() { Columns::Items } else { Columns::Keys }
}

fn in_doubt(error: crate::error::Error, removed: usize) -> crate::error::Error {
    if removed > 0 { error.may_have_applied() } else { error }
}
