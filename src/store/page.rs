//! The answer of a search while it grows: offset, limit, cursor. The same code for every backend.

use crate::json::text::push_string;
use crate::store::cursor;
use crate::store::item::{Entry, push_item};
use crate::store::operation::Search;
use crate::store::order::Position;

/// `{"items":[…],"cursor"?:…}` in the making: matches go into its text at once, none is held.
///
/// Give it the live matches of a search in the search's order, from the cursor's place on, until it
/// is full. The cursor is there exactly when the page is full, so more may follow. Whether more does
/// is not found out: with a rare filter that would cost as much as the next page.
#[derive(Debug)]
pub struct Page<'a> {
    search: &'a Search,
    out: String,
    skip: usize,
    taken: usize,
    /// The item that made the page full.
    last: Option<Position>,
}

impl<'a> Page<'a> {
    /// An empty page that will pass over the search's offset.
    pub fn new(search: &'a Search) -> Self {
        Self::from_offset(search, search.offset)
    }

    /// An empty page for matches of which `passed` of the offset are left out already.
    pub fn behind(search: &'a Search, passed: usize) -> Self {
        Self::from_offset(search, search.offset.saturating_sub(passed))
    }

    fn from_offset(search: &'a Search, skip: usize) -> Self {
        let mut out = String::with_capacity(256);
        out.push_str("{\"items\":[");
        Self { search, out, skip, taken: 0, last: None }
    }

    /// Whether nothing more is wanted; at once with a limit of 0.
    pub fn is_full(&self) -> bool {
        self.taken >= self.search.limit
    }

    /// How many more matches make it full.
    pub fn needed(&self) -> usize {
        self.skip.saturating_add(self.search.limit - self.taken)
    }

    /// How many more matches the offset passes over: their values are not looked at.
    pub fn to_skip(&self) -> usize {
        self.skip
    }

    /// Passes over so many more matches of the offset.
    pub fn pass(&mut self, matches: usize) {
        self.skip -= matches.min(self.skip);
    }

    /// Takes the next match; not to be called on a full page. True: it is in the answer. False: the
    /// offset passed over it.
    pub fn push(&mut self, entry: &Entry<'_>) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if self.taken > 0 {
            self.out.push(',');
        }
        push_item(&mut self.out, entry);
        self.taken += 1;
        if self.is_full() {
            self.last = Some(Position {
                time_us: self.search.order.by.time_of(&entry.record.meta),
                path: entry.path.to_owned(),
                key: entry.key.to_owned(),
            });
        }
        true
    }

    /// The answer.
    pub fn finish(mut self) -> String {
        self.out.push(']');
        if let Some(last) = &self.last {
            self.out.push_str(",\"cursor\":");
            push_string(&mut self.out, &cursor::encode(last, self.search.fingerprint));
        }
        self.out.push('}');
        self.out
    }
}
