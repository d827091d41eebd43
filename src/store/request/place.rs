//! Namespaces and keys.

use memchr::memchr;

use crate::error::Result;
use crate::json::pick::elements;
use crate::json::reader::Reader;
use crate::json::string::RawString;
use crate::store::address::{Address, Namespace};
use crate::store::config::Config;

use super::fields::{Seen, shorten};

/// A checked namespace, not yet copied: the array in the body, and what the joined path will take.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    array: &'a str,
    count: usize,
    /// Bytes of the labels, unescaped, and the separators.
    path_len: usize,
}

impl<'a> Labels<'a> {
    /// Reads and checks an array of labels.
    pub fn read(reader: &mut Reader<'a>, config: &Config) -> Result<Self> {
        let start = reader.offset();
        let (mut count, mut path_len) = (0, 0);
        let limit = config.limits.namespace_labels;
        reader.array(|reader, index| {
            if index >= limit {
                let at = reader.offset();
                return Err(reader.invalid(at, format!("a namespace has at most {limit} labels")));
            }
            let label = label(reader, config)?;
            count += 1;
            path_len += label.len() + usize::from(index > 0);
            Ok(())
        })?;
        // The reader stands behind the closing bracket.
        let end = reader.position();
        Ok(Self { array: &reader.text()[start..end], count, path_len })
    }

    fn push_to(&self, path: &mut String) {
        for (index, label) in elements(self.array).enumerate() {
            if index > 0 {
                path.push('\0');
            }
            if let Some(label) = RawString::from_value(label) {
                label.push_to(path);
            }
        }
    }

    /// As a namespace.
    pub fn namespace(&self) -> Namespace {
        let mut path = String::with_capacity(self.path_len);
        self.push_to(&mut path);
        Namespace::from_path(path)
    }
}

/// Reads and checks one label.
pub(super) fn label<'a>(reader: &mut Reader<'a>, config: &Config) -> Result<RawString<'a>> {
    let at = reader.offset();
    let label = reader.string()?;
    let limit = config.limits.label_chars;
    let body = label.body().as_bytes();
    // Written out, each code point takes at least a byte; a NUL or an escaped dot needs a backslash.
    let message = if body.is_empty() {
        "a label must not be empty".to_owned()
    } else if memchr(b'.', body).is_some() || (label.is_escaped() && label.chars().any(|c| c == '.')) {
        "a label must not contain '.'".to_owned()
    } else if label.is_escaped() && label.chars().any(|c| c == '\0') {
        "a label must not contain NUL".to_owned()
    } else if body.len() > limit && label.chars().count() > limit {
        format!("a label of {} characters is above the limit of {limit}", label.chars().count())
    } else {
        return Ok(label);
    };
    Err(reader.invalid(at, message))
}

/// Namespace and key as they come.
#[derive(Default)]
pub(super) struct Place<'a> {
    labels: Option<Labels<'a>>,
    key: Option<RawString<'a>>,
}

impl<'a> Place<'a> {
    /// Reads `namespace`.
    pub fn namespace(&mut self, reader: &mut Reader<'a>, config: &Config) -> Result<()> {
        self.labels = Some(Labels::read(reader, config)?);
        Ok(())
    }

    /// Reads `key`.
    pub fn key(&mut self, reader: &mut Reader<'a>, config: &Config) -> Result<()> {
        let at = reader.offset();
        let key = reader.string()?;
        let limit = config.limits.key_bytes;
        if key.body().len() > limit && key.len() > limit {
            let message = format!("key of {} bytes is above the limit of {limit}", key.len());
            return Err(reader.invalid(at, message));
        }
        self.key = Some(key);
        Ok(())
    }

    /// The address of an item that is read: any namespace.
    pub fn address(&self, reader: &Reader<'a>, seen: &Seen) -> Result<Address> {
        let labels = seen.need(reader, self.labels, "namespace")?;
        let key = seen.need(reader, self.key, "key")?;
        // Exactly as large as needed: shrinking to fit would be a second allocation.
        let mut text = String::with_capacity(labels.path_len + key.len());
        labels.push_to(&mut text);
        let path_len = text.len();
        key.push_to(&mut text);
        Ok(Address::from_joined(text, path_len))
    }

    /// The address of an item that is written: at least one label.
    pub fn address_to_write(&self, reader: &Reader<'a>, seen: &Seen) -> Result<Address> {
        let labels = seen.need(reader, self.labels, "namespace")?;
        if labels.count == 0 {
            return Err(seen.invalid(reader, "namespace", "must have at least one label"));
        }
        self.address(reader, seen)
    }
}

/// The version of an expected item: a UUID in its usual form.
pub(super) fn version(reader: &mut Reader<'_>) -> Result<[u8; 16]> {
    let at = reader.offset();
    let text = reader.string()?.to_cow();
    // 36 characters: the crate also takes braces, URNs and bare digits, which no answer contains.
    match uuid::Uuid::try_parse(&text) {
        Ok(uuid) if text.len() == 36 => Ok(uuid.into_bytes()),
        _ => {
            let shown = shorten(if text.is_ascii() { &text } else { "" });
            Err(reader.invalid(
                at,
                format!("must be a version like 01890a5d-ac96-774b-bcce-b302099a8057, not \"{shown}\""),
            ))
        }
    }
}
