//! Member names as paths: `a.b`, `a[0].c`, where the store's option `filter_paths` is on.

use crate::json::pick::{element, member};

/// A way down from a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into an object's member.
    Member(Box<str>),
    /// To an array's element.
    Element(usize),
}

/// Takes a path apart: the length of the first member's name, and the way on.
/// `None` if it is no path: an empty name, an index that is not a plain number, a lone bracket.
pub(super) fn parse(path: &str) -> Option<(usize, Vec<Step>)> {
    let first = path.find(['.', '[', ']']).unwrap_or(path.len());
    let mut rest = &path[first..];
    if first == 0 && !path.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[', ']']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Member(name[..end].into()));
            rest = &name[end..];
        } else {
            let (index, behind) = rest.strip_prefix('[')?.split_once(']')?;
            // One spelling for each index, so that an index declared as `a[0]` is found by its name.
            let plain =
                index.bytes().all(|byte| byte.is_ascii_digit()) && (index == "0" || !index.starts_with('0'));
            steps.push(Step::Element(if plain { index.parse().ok()? } else { return None }));
            rest = behind;
        }
    }
    Some((first, steps))
}

/// What the steps lead to from `value`, if they lead anywhere.
pub(super) fn walk<'a>(value: &'a str, steps: &[Step], duplicates: bool) -> Option<&'a str> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Member(name) => member(value, name, duplicates),
        Step::Element(index) => element(value, *index),
    })
}
