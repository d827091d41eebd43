//! The answer of list_namespaces while it grows: conditions on the whole namespace, truncation,
//! merging, order, offset, limit, cursor. The same code for every backend.

use crate::json::text::push_string;
use crate::store::address::{Namespace, in_scope, labels, scope_end};
use crate::store::cursor;
use crate::store::item::push_namespace;
use crate::store::operation::{ListNamespaces, MatchCondition};
use crate::store::order::Position;

/// What is wanted after a visited path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next path.
    More,
    /// A new walk from [`Listing::from`]: what lies in between is merged into the last path shown.
    Jump,
    /// Nothing: the page is full.
    Full,
}

/// `{"namespaces":[[…]],"cursor"?:…}` in the making.
///
/// Give it the paths of live namespaces in [`Listing::scope`], ascending, from [`Listing::from`] on.
/// The cursor is there exactly when the page is full, so more may follow.
#[derive(Debug)]
pub struct Listing<'a> {
    list: &'a ListNamespaces,
    out: String,
    skip: usize,
    taken: usize,
    /// The last path found, truncated; in the answer unless the offset passed over it.
    last: String,
    /// Everything below `last` is merged into it.
    merges: bool,
    passed: usize,
    jump_after: usize,
    from: String,
}

impl<'a> Listing<'a> {
    /// An empty listing. It asks for a jump when it has passed over `jump_after` paths below a
    /// truncated one: that many steps must cost about as much as a new walk.
    pub fn new(list: &'a ListNamespaces, jump_after: usize) -> Self {
        let after = list.after.as_deref();
        Self {
            list,
            out: String::from("{\"namespaces\":["),
            skip: list.offset,
            taken: 0,
            last: String::new(),
            merges: false,
            passed: 0,
            jump_after,
            from: after.map_or_else(String::new, |after| first_after(after, list.max_depth)),
        }
    }

    /// The narrowest scope that holds every namespace the conditions allow.
    pub fn scope(&self) -> Namespace {
        scope_of(&self.list.conditions)
    }

    /// The least path that can add to the answer: where a walk begins.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Whether nothing more is wanted; at once with a limit of 0.
    pub fn is_full(&self) -> bool {
        self.taken >= self.list.limit
    }

    /// How many more namespaces make it full.
    pub fn needed(&self) -> usize {
        self.skip.saturating_add(self.list.limit - self.taken)
    }

    /// Whether `visit` would look at this path at all: the conditions hold and it is not merged into
    /// the last one. Where finding out that a namespace is live costs a read, this is asked before.
    pub fn can_add(&self, path: &str) -> bool {
        !self.merged(path) && self.allows(path)
    }

    fn merged(&self, path: &str) -> bool {
        self.merges && in_scope(&self.last, path)
    }

    fn allows(&self, path: &str) -> bool {
        self.list.conditions.iter().all(|condition| holds(condition, path))
    }

    /// Takes the next path of a live namespace; not to be called on a full page.
    pub fn visit(&mut self, path: &str) -> Next {
        if self.merged(path) {
            self.passed += 1;
            if self.passed < self.jump_after {
                return Next::More;
            }
            // What merges is never the root, so its scope has an end.
            self.from = scope_end(&self.last).unwrap_or_default();
            return Next::Jump;
        }
        if !self.allows(path) {
            return Next::More;
        }
        let depth = self.list.max_depth;
        self.last.clear();
        self.last.push_str(truncate(path, depth));
        self.merges = depth.is_some_and(|depth| labels(&self.last).count() == depth);
        self.passed = 0;
        if self.skip > 0 {
            self.skip -= 1;
            return Next::More;
        }
        if self.taken > 0 {
            self.out.push(',');
        }
        push_namespace(&mut self.out, &self.last);
        self.taken += 1;
        if self.is_full() { Next::Full } else { Next::More }
    }

    /// The answer.
    pub fn finish(mut self) -> String {
        self.out.push(']');
        if self.taken > 0 && self.is_full() {
            self.out.push_str(",\"cursor\":");
            let position = Position { time_us: 0, path: self.last, key: String::new() };
            push_string(&mut self.out, &cursor::encode(&position, self.list.fingerprint));
        }
        self.out.push('}');
        self.out
    }
}

/// The longest run of literal labels at the start of a prefix condition.
fn scope_of(conditions: &[MatchCondition]) -> Namespace {
    let literal = |condition: &MatchCondition| condition.path.iter().take_while(|l| l.is_some()).count();
    conditions
        .iter()
        .filter(|condition| !condition.suffix)
        .max_by_key(|condition| literal(condition))
        .map(|condition| Namespace::from_labels(condition.path.iter().map_while(|label| label.as_deref())))
        .unwrap_or_default()
}

/// Whether the whole namespace satisfies the condition.
fn holds(condition: &MatchCondition, path: &str) -> bool {
    fn fits(wanted: &Option<Box<str>>, label: Option<&str>) -> bool {
        label.is_some_and(|label| wanted.as_deref().is_none_or(|wanted| wanted == label))
    }
    let mut have = labels(path);
    if condition.suffix {
        condition.path.iter().rev().all(|wanted| fits(wanted, have.next_back()))
    } else {
        condition.path.iter().all(|wanted| fits(wanted, have.next()))
    }
}

/// The first `depth` labels of a path.
fn truncate(path: &str, depth: Option<usize>) -> &str {
    let end = depth.and_then(|depth| path.match_indices('\0').nth(depth.checked_sub(1)?));
    end.map_or(path, |(end, _)| &path[..end])
}

/// The least path that a listing shows after `path`.
///
/// A path that `max_depth` has truncated stands for all below it; a shorter one only for itself,
/// and no text sorts between it and itself followed by NUL.
fn first_after(path: &str, max_depth: Option<usize>) -> String {
    match scope_end(path) {
        Some(end) if max_depth.is_some_and(|depth| labels(path).count() >= depth) => end,
        _ => format!("{path}\0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(suffix: bool, path: &[&str]) -> MatchCondition {
        let path = path.iter().map(|label| (*label != "*").then(|| Box::from(*label))).collect();
        MatchCondition { suffix, path }
    }

    #[test]
    fn conditions_are_tested_on_the_whole_namespace() {
        assert!(holds(&condition(false, &[]), "a\0b"));
        assert!(holds(&condition(false, &["a", "*"]), "a\0b\0c"));
        assert!(!holds(&condition(false, &["a", "*"]), "a"));
        assert!(holds(&condition(true, &["*", "c"]), "a\0b\0c"));
        assert!(!holds(&condition(true, &["*", "c"]), "c"));
        assert!(!holds(&condition(true, &["b"]), "a\0b\0c"));
    }

    #[test]
    fn the_scope_is_the_longest_literal_prefix() {
        let scope = scope_of(&[
            condition(false, &["a"]),
            condition(true, &["x", "y", "z"]),
            condition(false, &["a", "b", "*", "d"]),
        ]);
        assert_eq!(scope.path(), "a\0b");
        assert!(scope_of(&[condition(false, &["*", "b"])]).is_root());
    }

    #[test]
    fn truncation_and_successors() {
        assert_eq!(truncate("a\0b\0c", Some(2)), "a\0b");
        assert_eq!(truncate("a\0b", Some(2)), "a\0b");
        assert_eq!(truncate("a\0b", None), "a\0b");
        assert_eq!(first_after("a\0b", Some(2)), "a\0b\u{1}");
        assert_eq!(first_after("a", Some(2)), "a\0");
        assert_eq!(first_after("a", None), "a\0");
    }
}
