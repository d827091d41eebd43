//! Where an item is: its namespace (a path of labels) and its key.

use std::cmp::Ordering;
use std::fmt;

/// A namespace as one text: its labels joined by NUL, which no label can hold and which sorts lowest.
///
/// The byte order of this text is therefore the order by labels and code points that every listing
/// promises, and everything below a prefix is one contiguous range (see [`scope_end`]). The empty
/// text is the empty namespace: the root of a search, never the place of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(Box<str>);

impl Namespace {
    /// From a path that is already joined; the caller has checked the labels.
    pub fn from_path(path: impl Into<Box<str>>) -> Self {
        Self(path.into())
    }

    /// From labels that are already checked.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = String::new();
        for (index, label) in labels.into_iter().enumerate() {
            if index > 0 {
                path.push('\0');
            }
            path.push_str(label);
        }
        Self(path.into_boxed_str())
    }

    /// The labels joined by NUL.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// Whether this is the empty namespace.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// The labels of a joined path, in order; none for the empty path.
pub fn labels(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('\0').filter(|label| !label.is_empty())
}

/// Whether `path` is `scope` itself or lies below it, by whole labels.
pub fn in_scope(scope: &str, path: &str) -> bool {
    scope.is_empty()
        || (path.starts_with(scope) && (path.len() == scope.len() || path.as_bytes()[scope.len()] == 0))
}

/// The first path after everything in `scope`; `None` for the root, whose range has no end.
///
/// Between `a` and `a\x01` lie exactly `a` and the paths that begin with `a\0`: no text sorts
/// between `a` and `a\0`, and `\x01` is the next byte.
pub fn scope_end(scope: &str) -> Option<String> {
    (!scope.is_empty()).then(|| format!("{scope}\u{1}"))
}

/// The place of one item: namespace path and key in one allocation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    text: Box<str>,
    path_len: u32,
}

impl Address {
    /// The address of `key` in the namespace with this joined path.
    pub fn new(path: &str, key: &str) -> Self {
        let mut text = String::with_capacity(path.len() + key.len());
        text.push_str(path);
        text.push_str(key);
        Self { text: text.into_boxed_str(), path_len: path.len() as u32 }
    }

    /// From path and key written one after the other; `path_len` in bytes.
    pub fn from_joined(text: String, path_len: usize) -> Self {
        debug_assert!(text.is_char_boundary(path_len));
        Self { text: text.into_boxed_str(), path_len: path_len as u32 }
    }

    /// The namespace's joined path.
    pub fn path(&self) -> &str {
        &self.text[..self.path_len as usize]
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.text[self.path_len as usize..]
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.path(), self.key()).cmp(&(other.path(), other.key()))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", labels(self.path()).collect::<Vec<_>>(), self.key())
    }
}
