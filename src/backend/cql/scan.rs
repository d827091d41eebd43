//! Rows of a scope in the order of keys, page by page: what search, count and delete_prefix read.
//!
//! The namespaces come from the index in order, and each one's rows from its partition. The first pages of
//! a bounded number of partitions are read ahead, so that many small namespaces do not cost a round trip
//! each; a partition's further pages are read one by one. Every page holds what is still wanted, at most
//! the page size, and about a mebibyte. So what is in memory is at most that many pages.
//!
//! Each read ahead is a task of its own: a walk that ends early lets them run out.

mod pages;
mod statements;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scylla::response::PagingState;
use scylla::response::query_result::QueryRowsResult;
use tokio::task::JoinHandle;

use self::pages::{Light, Page, Request, lights};
pub use self::statements::Statements;
use super::cluster::{Call, Cluster};
use super::namespaces::{Candidate, Slices};
use super::row::prefix_of;
use crate::error::{Code, Error, Result};
use crate::store::operation::Scope;
use crate::store::order::Position;

/// Partitions whose first page is read ahead.
const READ_AHEAD: usize = 16;
/// What a page should weigh.
const PAGE_BYTES: u64 = 1024 * 1024;
/// What a row is taken to weigh before the first one was seen.
const ROW_BYTES: u64 = 1024;

/// What the scans of one store have found.
#[derive(Debug)]
pub struct Scans {
    /// About how many bytes a row has.
    row_bytes: AtomicU64,
    /// Pages of items read.
    pages: AtomicU64,
    /// Rows passed over because their value is not a JSON object.
    unreadable: AtomicU64,
}

impl Default for Scans {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Self { row_bytes: AtomicU64::new(ROW_BYTES), pages: zero(), unreadable: zero() }
    }
}

impl Scans {
    /// Pages of items read so far.
    pub fn pages(&self) -> u64 {
        self.pages.load(Ordering::Relaxed)
    }

    /// Rows passed over so far because their value, written by somebody else, is not a JSON object.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Counts a row that is passed over.
    pub fn pass_over(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    /// Follows the weight of rows: up at once, down slowly, since a page that is too heavy costs more than
    /// one that is too light.
    fn weigh(&self, rows: usize, bytes: usize) {
        if let Some(now) = (bytes as u64).checked_div(rows as u64) {
            let before = self.row_bytes.load(Ordering::Relaxed);
            self.row_bytes.store(now.max((7 * before + now) / 8).max(1), Ordering::Relaxed);
        }
    }
}

/// What is read of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Enough to know that there is an item: for counting and passing over.
    Keys,
    /// Everything.
    Items,
}

/// A page of one partition.
pub struct Rows {
    /// The namespace's joined path.
    pub path: Arc<str>,
    /// Its rows.
    pub rows: Content,
}

/// The rows of a page, by what was asked for. A walk may give items although keys were asked for.
pub enum Content {
    /// Keys and write times of rows that hold an item.
    Keys(Vec<(String, i64)>),
    /// Rows to be read as [`super::row::Row`].
    Items(Box<QueryRowsResult>),
}

/// A walk over the rows of a scope.
pub struct Walk<'a> {
    cluster: &'a Arc<Cluster>,
    call: &'a Call<'a>,
    scope: &'a Scope,
    down: bool,
    page_size: usize,
    /// Where the slices begin; behind it when descending.
    from: Option<String>,
    slices: Option<Slices<'a>>,
    ended: bool,
    current: Option<Partition>,
    ahead: VecDeque<Ahead>,
    broad: bool,
    /// Partitions whose first page was taken, and the rows of all pages.
    partitions: usize,
    rows: usize,
    /// Rows were met whose values must be seen: keys alone are not asked for any more.
    items_only: bool,
}

/// A partition that is being read.
struct Partition {
    path: Arc<str>,
    /// Write time of its index row, if it came from the index and is read from its beginning.
    written: Option<i64>,
    after: Option<String>,
    state: PagingState,
    /// The last key of a page of keys.
    last: Option<String>,
    /// No page has had a row.
    bare: bool,
}

/// A first page that is on its way.
struct Ahead {
    partition: Partition,
    columns: Columns,
    page: JoinHandle<Result<Page>>,
}

impl Partition {
    fn new(candidate: Candidate) -> Self {
        let written = candidate.written;
        Self { written, bare: true, ..Self::after(Arc::from(candidate.path), None) }
    }

    fn after(path: Arc<str>, after: Option<String>) -> Self {
        Self { path, written: None, after, state: PagingState::start(), last: None, bare: false }
    }
}

impl<'a> Walk<'a> {
    /// A walk from behind `after`, by namespace and key; `down` = descending. `broad` = all of the scope
    /// will likely be read.
    pub fn new(
        cluster: &'a Arc<Cluster>,
        call: &'a Call<'a>,
        scope: &'a Scope,
        (down, after): (bool, Option<&Position>),
        (page_size, broad): (usize, bool),
    ) -> Self {
        let path = scope.prefix.path();
        let (current, from) = match after {
            // No text lies between a path and the path followed by NUL.
            Some(at) => {
                let from = if down { at.path.clone() } else { format!("{}\0", at.path) };
                (Some(Partition::after(at.path.as_str().into(), Some(at.key.clone()))), Some(from))
            }
            // The namespace itself comes first. If it likely holds items, they may be all that is wanted.
            None if !down && cluster.namespaces.is_likely(path) => (
                Some(Partition { bare: true, ..Partition::after(path.into(), None) }),
                Some(format!("{path}\0")),
            ),
            None => (None, None),
        };
        Self {
            cluster,
            call,
            scope,
            down,
            page_size,
            from,
            slices: None,
            ended: false,
            current,
            ahead: VecDeque::new(),
            broad,
            partitions: 0,
            rows: 0,
            items_only: false,
        }
    }

    /// The next page that has rows, of about `wanted` rows at most; `None` at the end.
    pub async fn next(&mut self, wanted: usize, columns: Columns) -> Result<Option<Rows>> {
        loop {
            let columns = if self.items_only { Columns::Items } else { columns };
            let (partition, page, read) = match self.current.take() {
                Some(mut partition) => {
                    let state = std::mem::replace(&mut partition.state, PagingState::start());
                    let request = self.request(&partition, state, wanted, columns);
                    (partition, request.read().await?, columns)
                }
                None => {
                    self.read_ahead(wanted, columns).await?;
                    let Some(ahead) = self.ahead.pop_front() else { return Ok(None) };
                    self.partitions += 1;
                    let gone = |_| Err(Error::new(Code::Unavailable, "the read of a page was given up"));
                    (ahead.partition, ahead.page.await.unwrap_or_else(gone)?, ahead.columns)
                }
            };
            if read == Columns::Keys && columns == Columns::Items {
                // It was read ahead when keys were enough.
                self.current = Some(partition);
                continue;
            }
            if let Some(rows) = self.take(partition, page, read)? {
                return Ok(Some(rows));
            }
        }
    }

    /// Goes on behind `key` of the namespace whose page was given last, with items.
    pub fn restart(&mut self, path: &Arc<str>, key: Option<&str>) {
        self.current = Some(Partition::after(Arc::clone(path), key.map(str::to_owned)));
    }

    /// A page's rows, if it has any; keeps what is left of the partition.
    fn take(&mut self, mut partition: Partition, page: Page, columns: Columns) -> Result<Option<Rows>> {
        let number = page.rows.rows_num();
        partition.bare &= number == 0;
        self.rows += number;
        let rows = match columns {
            Columns::Items => {
                self.cluster.scans.weigh(number, page.rows.rows_bytes_size());
                Content::Items(Box::new(page.rows))
            }
            Columns::Keys => match lights(&page.rows)? {
                Light::Keys { keys, last } => {
                    partition.last = last.or(partition.last);
                    Content::Keys(keys)
                }
                Light::Unknown => {
                    // Values that somebody else wrote must be looked at: this page again, with all columns,
                    // by its place in the order; a paging state belongs to its statement.
                    self.items_only = true;
                    let after = partition.last.or(partition.after);
                    self.current = Some(Partition::after(partition.path, after));
                    return Ok(None);
                }
            },
        };
        let path = Arc::clone(&partition.path);
        let is_scope = *path == *self.scope.prefix.path();
        match page.next {
            Some(state) => self.current = Some(Partition { state, ..partition }),
            None if partition.bare => self.found_dead(partition),
            None => {}
        }
        if number == 0 {
            return Ok(None);
        }
        if is_scope {
            self.cluster.namespaces.note_likely(&path);
        }
        Ok(Some(Rows { path, rows }))
    }

    fn found_dead(&self, partition: Partition) {
        let (path, written) = (Box::from(&*partition.path), partition.written);
        self.cluster.namespaces.found_dead(self.cluster, Candidate { path, written });
    }

    /// How many partitions to read ahead: as many as will likely be needed, going by those before, and at
    /// first no more than twice as many as have been.
    fn width(&self, wanted: usize) -> usize {
        if self.broad {
            return READ_AHEAD;
        }
        let likely = wanted.saturating_mul(self.partitions.max(1)).div_ceil(self.rows.max(1));
        likely.min(2 * self.partitions).clamp(1, READ_AHEAD)
    }

    /// Begins to read the next partitions.
    async fn read_ahead(&mut self, wanted: usize, columns: Columns) -> Result<()> {
        let (cluster, kind) = (self.cluster, self.call.kind);
        let (scope, namespaces) = (self.scope.prefix.path(), &cluster.namespaces);
        let width = self.width(wanted);
        // No more namespaces than rows, unless most rows will be passed over.
        let likely = if self.broad { usize::MAX } else { wanted };
        while !self.ended && self.ahead.len() < width {
            let slices = self.slices.get_or_insert_with(|| {
                let from = self.from.as_deref();
                if self.down {
                    namespaces.slices_down(&cluster.session, kind, scope, from, likely)
                } else {
                    namespaces.slices(&cluster.session, kind, scope, from.unwrap_or(""), likely)
                }
            });
            match slices.next().await? {
                Some(candidate) => {
                    let partition = Partition::new(candidate);
                    let request = self.request(&partition, PagingState::start(), wanted, columns);
                    let page = tokio::spawn(request.read());
                    self.ahead.push_back(Ahead { partition, columns, page });
                }
                None => self.ended = true,
            }
        }
        Ok(())
    }

    fn request(&self, partition: &Partition, state: PagingState, wanted: usize, columns: Columns) -> Request {
        self.cluster.scans.pages.fetch_add(1, Ordering::Relaxed);
        let scans = &self.call.statements.scan;
        let mut statement = scans.get(columns, self.down, partition.after.is_some()).clone();
        statement.set_page_size(self.page_rows(wanted, columns));
        Request {
            session: Arc::clone(&self.cluster.session),
            statement,
            kind: self.call.kind,
            prefix: prefix_of(&partition.path),
            after: partition.after.clone(),
            state,
        }
    }

    /// How many rows the next page may have.
    fn page_rows(&self, wanted: usize, columns: Columns) -> i32 {
        let light = match columns {
            Columns::Keys => usize::MAX,
            Columns::Items => {
                (PAGE_BYTES / self.cluster.scans.row_bytes.load(Ordering::Relaxed).max(1)) as usize
            }
        };
        i32::try_from(wanted.min(self.page_size).min(light).max(1)).unwrap_or(i32::MAX)
    }
}
