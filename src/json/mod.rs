//! JSON as text: one strict pass over what comes in, no tree, and the text goes out as it came.
//!
//! Own code and not a crate because three rules decide correctness here and no crate has them:
//! values are kept verbatim while depth, surrogates and duplicate members are checked in the same
//! pass; numbers compare as decimals of any size; and a filter must pick members out
//! of validated text without building a tree. Configuration, which is read once, uses serde_json.

pub mod locate;
pub mod number;
pub mod pick;
pub mod reader;
mod scan;
pub mod skip;
pub mod string;
#[cfg(test)]
mod tests;
pub mod text;

/// Whether the text is a JSON object by the rules for values, for text that somebody else has stored.
pub fn is_object(text: &str) -> bool {
    /// Deeper than any configuration allows values to be.
    const DEPTH: usize = 1_000;
    let mut reader = reader::Reader::new(text);
    matches!(reader.peek(), Ok(Type::Object)) && reader.raw(DEPTH).is_ok() && reader.end().is_ok()
}

/// The types of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Type {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    /// The type with its article, for messages: `a number`.
    pub const fn described(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Boolean => "a boolean",
            Type::Number => "a number",
            Type::String => "a string",
            Type::Array => "an array",
            Type::Object => "an object",
        }
    }

    /// The type of a value that begins with this byte, if any value does.
    pub(crate) const fn of(byte: u8) -> Option<Type> {
        match byte {
            b'{' => Some(Type::Object),
            b'[' => Some(Type::Array),
            b'"' => Some(Type::String),
            b'-' | b'0'..=b'9' => Some(Type::Number),
            b't' | b'f' => Some(Type::Boolean),
            b'n' => Some(Type::Null),
            _ => None,
        }
    }
}
