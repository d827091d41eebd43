//! Slices: the namespaces of a scope in order, merged from all buckets, page by page.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

use futures_util::stream::{self, StreamExt};
use scylla::client::session::Session;
use scylla::response::PagingState;
use scylla::statement::prepared::PreparedStatement;

use super::{Counts, Namespaces};
use crate::backend::cql::error;
use crate::backend::cql::get::unreadable;
use crate::error::Result;
use crate::store::address::scope_end;
use crate::store::operation::Kind;

/// Rows of the index that a listing holds at most, all buckets together (and no fewer than
/// `LEAST_PAGE` per bucket).
const HELD: usize = 16_384;
/// The smallest page of one bucket.
const LEAST_PAGE: usize = 16;
/// The greatest first page of one bucket: the next ones grow.
const FIRST_PAGE: usize = 256;
/// Each page is so many times the one before.
const GROWTH: usize = 4;
/// Buckets that are asked at one time.
const SIDE_BY_SIDE: usize = 64;

/// A namespace of the index; whether it holds a live item is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The labels joined by NUL.
    pub path: Box<str>,
    /// The row's write time, microseconds; `None` on rows that somebody else made.
    pub written: Option<i64>,
}

/// The candidates of a scope in order. Holds at most a page per bucket, and a quarter more while it
/// fetches.
pub struct Slices<'a> {
    namespaces: &'a Namespaces,
    session: &'a Session,
    kind: Kind,
    /// First path.
    from: String,
    /// The path behind the last; `None` = no end.
    to: Option<String>,
    down: bool,
    page: usize,
    merge: Merge,
    states: Vec<Option<PagingState>>,
}

impl Namespaces {
    /// The candidates at and below `scope`, from `from` on, ascending; `wanted` is about how many will be
    /// asked for.
    pub fn slices<'a>(
        &'a self,
        session: &'a Session,
        kind: Kind,
        scope: &str,
        from: &str,
        wanted: usize,
    ) -> Slices<'a> {
        let from = from.max(scope).to_owned();
        self.cut(session, kind, (from, scope_end(scope)), false, wanted)
    }

    /// The candidates at and below `scope`, descending, those before `before` only.
    pub fn slices_down<'a>(
        &'a self,
        session: &'a Session,
        kind: Kind,
        scope: &str,
        before: Option<&str>,
        wanted: usize,
    ) -> Slices<'a> {
        let to = match (scope_end(scope), before) {
            (Some(end), Some(before)) => Some(end.as_str().min(before).to_owned()),
            (end, before) => end.or(before.map(str::to_owned)),
        };
        self.cut(session, kind, (scope.to_owned(), to), true, wanted)
    }

    fn cut<'a>(
        &'a self,
        session: &'a Session,
        kind: Kind,
        (from, to): (String, Option<String>),
        down: bool,
        wanted: usize,
    ) -> Slices<'a> {
        let buckets = self.buckets as usize;
        // Twice the fair share: most buckets then need one page only.
        let first = (wanted / buckets)
            .saturating_mul(2)
            .saturating_add(LEAST_PAGE)
            .min(FIRST_PAGE)
            .min(largest_page(buckets));
        Slices {
            namespaces: self,
            session,
            kind,
            from,
            to,
            down,
            page: first,
            merge: Merge::new(buckets, down),
            states: vec![Some(PagingState::start()); buckets],
        }
    }
}

fn largest_page(buckets: usize) -> usize {
    (HELD / buckets).max(LEAST_PAGE)
}

impl Slices<'_> {
    /// The next candidate; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Candidate>> {
        loop {
            let hungry = self.merge.hungry(self.page / 4);
            if hungry.is_empty() {
                return Ok(self.merge.pop());
            }
            self.fetch(hungry).await?;
        }
    }

    /// Reads the next page of these buckets side by side.
    async fn fetch(&mut self, buckets: Vec<usize>) -> Result<()> {
        let statements = &self.namespaces.statements;
        let mut statement = match (self.down, self.to.is_some()) {
            (false, true) => &statements.slice,
            (false, false) => &statements.rest,
            (true, true) => &statements.slice_down,
            (true, false) => &statements.rest_down,
        }
        .clone();
        statement.set_page_size(i32::try_from(self.page).unwrap_or(i32::MAX));
        let mut requests = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            if let Some(state) = self.states[bucket].clone() {
                requests.push(self.page(&statement, bucket, state));
            }
        }
        // All are let run out, also when one fails: a request that is dropped costs its connection.
        let pages: Vec<_> = stream::iter(requests).buffer_unordered(SIDE_BY_SIDE).collect().await;
        for page in pages {
            let (bucket, candidates, state) = page?;
            self.merge.feed(bucket, candidates, state.is_none());
            self.states[bucket] = state;
        }
        self.page = (self.page * GROWTH).min(largest_page(self.states.len()));
        Ok(())
    }

    async fn page(
        &self,
        statement: &PreparedStatement,
        bucket: usize,
        state: PagingState,
    ) -> Result<(usize, Vec<Candidate>, Option<PagingState>)> {
        Counts::add(&self.namespaces.counts.pages);
        let (from, number) = (self.from.as_str(), bucket as i32);
        let answered = match &self.to {
            Some(to) => self.session.execute_single_page(statement, (number, from, to.as_str()), state).await,
            None => self.session.execute_single_page(statement, (number, from), state).await,
        };
        let (result, next) = answered.map_err(|error| error::read(self.kind, &error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let mut candidates = Vec::with_capacity(rows.rows_num());
        for row in rows.rows::<(&str, Option<i64>)>().map_err(|error| unreadable(&error))? {
            let (path, written) = row.map_err(|error| unreadable(&error))?;
            if !path.is_empty() {
                candidates.push(Candidate { path: path.into(), written });
            }
        }
        let next = match next.into_paging_control_flow() {
            ControlFlow::Continue(state) => Some(state),
            ControlFlow::Break(()) => None,
        };
        Ok((bucket, candidates, next))
    }
}

/// Merges sorted runs that arrive in pieces.
struct Merge {
    down: bool,
    /// The first of each run that has one.
    heads: BinaryHeap<Head>,
    runs: Vec<Run>,
}

#[derive(Default)]
struct Run {
    /// What lies behind its head.
    buffer: VecDeque<Candidate>,
    has_head: bool,
    ended: bool,
}

/// The greatest is the next one.
#[derive(PartialEq, Eq)]
struct Head {
    candidate: Candidate,
    run: usize,
    down: bool,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.candidate.path.cmp(&other.candidate.path);
        let order = if self.down { order } else { order.reverse() };
        order.then(other.run.cmp(&self.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Merge {
    fn new(runs: usize, down: bool) -> Self {
        Self { down, heads: BinaryHeap::new(), runs: (0..runs).map(|_| Run::default()).collect() }
    }

    /// The runs that must be fed before the next candidate is known, and, as they would be soon anyway,
    /// those that hold no more than `low`. Empty = `pop` may be called.
    fn hungry(&self, low: usize) -> Vec<usize> {
        if self.runs.iter().all(|run| run.has_head || run.ended) {
            return Vec::new();
        }
        let low = |run: &Run| !run.ended && (!run.has_head || run.buffer.len() <= low);
        (0..self.runs.len()).filter(|&index| low(&self.runs[index])).collect()
    }

    /// Adds the next piece of a run; `ended` when it was the last.
    fn feed(&mut self, run: usize, piece: Vec<Candidate>, ended: bool) {
        self.runs[run].buffer.extend(piece);
        self.runs[run].ended = ended;
        if !self.runs[run].has_head {
            self.lift(run);
        }
    }

    /// Moves the first of the run's buffer to the heads.
    fn lift(&mut self, run: usize) {
        let candidate = self.runs[run].buffer.pop_front();
        self.runs[run].has_head = candidate.is_some();
        self.heads.extend(candidate.map(|candidate| Head { candidate, run, down: self.down }));
    }

    fn pop(&mut self) -> Option<Candidate> {
        let head = self.heads.pop()?;
        self.lift(head.run);
        Some(head.candidate)
    }
}
