//! The members of request objects: which are known, which was meant, none twice; and small values.

use crate::error::{Error, Result};
use crate::json::Type;
use crate::json::number::{Integer, integer};
use crate::json::reader::Reader;
use crate::json::string::RawString;

use super::options::Draft;

/// The greatest offset, page size or depth: exact in every language's numbers, and no sum with a
/// limit overflows.
const GREATEST: u64 = (1 << 53) - 1;

/// The member that names the operation, in the elements of a batch.
pub(super) const OP: &str = "op";

/// The members that a request object may have; fewer than 31 together.
pub(super) struct Fields {
    /// What the object is, for messages: `put`.
    pub of: &'static str,
    /// Their names.
    pub names: &'static [&'static str],
    /// Those that say how the request is to be carried out, after these; not in the elements of a batch.
    pub options: &'static [&'static str],
}

enum Known {
    Own(&'static str),
    Option(&'static str),
}

/// The members of one object seen so far.
pub(super) struct Seen {
    fields: &'static Fields,
    /// Where the object begins.
    object: usize,
    bits: u32,
    options: Option<Box<Draft>>,
}

impl Fields {
    /// Reads the object that comes next: `each` is given the names of its members, all known and
    /// none twice, and must read their values. `in_batch`: a member `op`, which the batch has read
    /// before, is passed over.
    #[inline]
    pub fn read<'a>(
        &'static self,
        reader: &mut Reader<'a>,
        in_batch: bool,
        mut each: impl FnMut(&mut Reader<'a>, &'static str) -> Result<()>,
    ) -> Result<Seen> {
        let mut seen = Seen { fields: self, object: reader.offset(), bits: 0, options: None };
        reader.object(|reader, name| match seen.take(reader, name, in_batch)? {
            Known::Own(OP) => reader.string().map(drop),
            Known::Own(known) => each(reader, known),
            Known::Option(known) => seen.options.get_or_insert_default().read(reader, known),
        })?;
        Ok(seen)
    }
}

impl Seen {
    /// The known name that `name` spells.
    #[inline]
    fn take(&mut self, reader: &Reader<'_>, name: RawString<'_>, in_batch: bool) -> Result<Known> {
        let (index, known) = match self.fields.names.iter().position(|known| name.is(known)) {
            Some(index) => (index, Known::Own(self.fields.names[index])),
            None if in_batch && name.is(OP) => (31, Known::Own(OP)),
            None => self.option(reader, name, in_batch)?,
        };
        if self.bits & (1 << index) != 0 {
            let (Known::Own(known) | Known::Option(known)) = known;
            return Err(self.invalid(reader, known, format!("`{known}` stands here twice")));
        }
        self.bits |= 1 << index;
        Ok(known)
    }

    #[cold]
    fn option(&self, reader: &Reader<'_>, name: RawString<'_>, in_batch: bool) -> Result<(usize, Known)> {
        let Fields { names, options, .. } = self.fields;
        let Some(index) = options.iter().position(|known| name.is(known)) else {
            return Err(self.unknown(reader, &name.to_cow()));
        };
        let known = options[index];
        if in_batch {
            let message = format!("`{known}` is not possible inside a batch, only for requests as a whole");
            return Err(self.invalid(reader, known, message));
        }
        Ok((names.len() + index, Known::Option(known)))
    }

    /// What the object says of how the request is to be carried out.
    pub fn options(&mut self) -> Option<Box<Draft>> {
        self.options.take()
    }

    /// The value that a member must have given.
    #[inline]
    pub fn need<T>(&self, reader: &Reader<'_>, value: Option<T>, name: &'static str) -> Result<T> {
        match value {
            Some(value) => Ok(value),
            None => Err(self.invalid(reader, name, format!("{} needs `{name}`", self.fields.of))),
        }
    }

    /// A validation error of the member `name`.
    #[cold]
    pub fn invalid(&self, reader: &Reader<'_>, name: &str, message: impl Into<String>) -> Error {
        reader.invalid_member(self.object, name, message)
    }

    #[cold]
    fn unknown(&self, reader: &Reader<'_>, name: &str) -> Error {
        let Fields { of, names, options } = self.fields;
        let shown: String = name.chars().take(64).collect();
        let near = names
            .iter()
            .chain(*options)
            .map(|known| (strsim::jaro_winkler(&shown, known), known))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness >= 0.75);
        let hint = match near {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None if names.is_empty() => format!("{of} has no fields"),
            None => format!("the fields of {of} are {}", [*names, *options].concat().join(", ")),
        };
        reader.invalid_member(self.object, &shown, format!("unknown field `{shown}`; {hint}"))
    }
}

/// Reads an integer of at least `least`, in any spelling that is exactly one.
pub(super) fn count(reader: &mut Reader<'_>, least: u64, most: Option<usize>) -> Result<usize> {
    let at = reader.offset();
    let text = reader.number()?;
    let shown = shorten(text);
    let most_allowed = most.map_or(GREATEST, |most| (most as u64).min(GREATEST));
    let message = match integer(text) {
        Integer::Exactly(number) if number < least => format!("must be at least {least}, not {shown}"),
        Integer::Exactly(number) if number <= most_allowed => {
            return usize::try_from(number).map_err(|_| reader.invalid(at, format!("{shown} is too large")));
        }
        Integer::Exactly(_) | Integer::Huge => format!("{shown} is above the limit of {most_allowed}"),
        Integer::Negative => format!("must be at least {least}, not {shown}"),
        Integer::Fractional => format!("must be an integer, not {shown}"),
    };
    Err(reader.invalid(at, message))
}

/// Reads one of these words.
pub(super) fn choice<T: Copy>(reader: &mut Reader<'_>, choices: &[(&str, T)]) -> Result<T> {
    let at = reader.offset();
    let word = reader.string()?;
    match choices.iter().find(|(name, _)| word.is(name)) {
        Some((_, value)) => Ok(*value),
        None => {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let shown: String = word.chars().take(64).collect();
            Err(reader.invalid(at, format!("must be one of {}, not \"{shown}\"", names.join(", "))))
        }
    }
}

/// Reads `true`, `false` or `null`.
pub(super) fn flag(reader: &mut Reader<'_>) -> Result<Option<bool>> {
    match reader.peek()? {
        Type::Boolean => reader.boolean().map(Some),
        Type::Null => reader.null().map(|_| None),
        other => Err(reader.wrong_type("a boolean or null", other)),
    }
}

/// Reads a string or null.
pub(super) fn text_or_null<'a>(reader: &mut Reader<'a>) -> Result<Option<RawString<'a>>> {
    match reader.peek()? {
        Type::String => reader.string().map(Some),
        Type::Null => reader.null().map(|_| None),
        other => Err(reader.wrong_type("a string or null", other)),
    }
}

/// A number as it is written, cut off where it is too long for a message.
pub(super) fn shorten(number: &str) -> String {
    if number.len() <= 32 { number.to_owned() } else { format!("{}…", &number[..32]) }
}
