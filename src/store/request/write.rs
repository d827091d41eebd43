//! Requests that write one item.

use crate::error::Result;
use crate::json::Type;
use crate::json::reader::Reader;
use crate::store::operation::{Condition, Conditional, Kind, Operation, Put, Value};

use super::fields::{Fields, Seen};
use super::place::{Place, version};
use super::value::{default_ttl, index, ttl, value};
use super::{Context, options};

static PUT: Fields =
    Fields { of: "put", names: &["namespace", "key", "value", "ttl", "index"], options: options::WRITE };
static DELETE: Fields = Fields { of: "delete", names: &["namespace", "key"], options: options::WRITE };
static PUT_IF_ABSENT: Fields = Fields {
    of: "put_if_absent",
    names: &["namespace", "key", "value", "ttl", "index"],
    options: options::PROFILE,
};
static UPDATE_IF_EXISTS: Fields = Fields {
    of: "update_if_exists",
    names: &["namespace", "key", "value", "ttl", "index"],
    options: options::PROFILE,
};
static COMPARE_AND_SET: Fields = Fields {
    of: "compare_and_set",
    names: &["namespace", "key", "value", "expected_value", "expected_version", "ttl", "index"],
    options: options::PROFILE,
};
static DELETE_IF_EXISTS: Fields =
    Fields { of: "delete_if_exists", names: &["namespace", "key"], options: options::PROFILE };
static DELETE_IF_VALUE: Fields = Fields {
    of: "delete_if_value",
    names: &["namespace", "key", "expected_value", "expected_version"],
    options: options::PROFILE,
};

/// The members of a write, as they come.
#[derive(Default)]
struct Draft<'a> {
    place: Place<'a>,
    /// Inside: `None` for null.
    value: Option<Option<Value>>,
    /// Inside: `None` for null.
    ttl: Option<Option<i64>>,
    expected_value: Option<Value>,
    expected_version: Option<[u8; 16]>,
}

impl<'a> Draft<'a> {
    fn read(
        fields: &'static Fields,
        reader: &mut Reader<'a>,
        context: &mut Context<'_>,
    ) -> Result<(Self, Seen)> {
        let mut draft = Draft::default();
        let mut seen = fields.read(reader, context.in_batch, |reader, name| {
            let config = context.config;
            match name {
                "namespace" => draft.place.namespace(reader, config)?,
                "key" => draft.place.key(reader, config)?,
                "value" => {
                    let null = reader.peek()? == Type::Null && reader.null()?;
                    draft.value = Some(if null { None } else { Some(value(reader, context)?) });
                }
                "ttl" => draft.ttl = Some(ttl(reader)?),
                "index" => index(reader)?,
                "expected_value" => draft.expected_value = Some(value(reader, context)?),
                _ => draft.expected_version = Some(version(reader)?),
            }
            Ok(())
        })?;
        context.keep(seen.options());
        Ok((draft, seen))
    }

    fn ttl_us(&self, context: &Context<'_>) -> Option<i64> {
        self.ttl.unwrap_or_else(|| default_ttl(context.config))
    }

    /// The condition of compare_and_set and delete_if_value.
    fn expected(&mut self, reader: &Reader<'a>, seen: &Seen) -> Result<Condition> {
        match (self.expected_value.take(), self.expected_version) {
            (Some(value), None) => Ok(Condition::Value(value)),
            (None, Some(version)) => Ok(Condition::Version(version)),
            (None, None) => Err(seen.invalid(
                reader,
                "expected_value",
                "one of `expected_value` and `expected_version` is needed",
            )),
            (Some(_), Some(_)) => Err(seen.invalid(
                reader,
                "expected_version",
                "only one of `expected_value` and `expected_version` may be given",
            )),
        }
    }
}

pub(super) fn put(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let (mut draft, seen) = Draft::read(&PUT, reader, context)?;
    let address = draft.place.address_to_write(reader, &seen)?;
    match seen.need(reader, draft.value.take(), "value")? {
        None => Ok(Operation::Delete(address)),
        Some(value) => Ok(Operation::Put(Put { address, value, ttl_us: draft.ttl_us(context) })),
    }
}

pub(super) fn delete(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let (draft, seen) = Draft::read(&DELETE, reader, context)?;
    Ok(Operation::Delete(draft.place.address_to_write(reader, &seen)?))
}

pub(super) fn conditional_put(
    kind: Kind,
    reader: &mut Reader<'_>,
    context: &mut Context<'_>,
) -> Result<Operation> {
    let fields = match kind {
        Kind::PutIfAbsent => &PUT_IF_ABSENT,
        Kind::UpdateIfExists => &UPDATE_IF_EXISTS,
        _ => &COMPARE_AND_SET,
    };
    let (mut draft, seen) = Draft::read(fields, reader, context)?;
    let address = draft.place.address_to_write(reader, &seen)?;
    let Some(value) = seen.need(reader, draft.value.take(), "value")? else {
        let message =
            format!("{} writes a JSON object, not null; there are deletes with conditions", kind.name());
        return Err(seen.invalid(reader, "value", message));
    };
    let condition = match kind {
        Kind::PutIfAbsent => Condition::Absent,
        Kind::UpdateIfExists => Condition::Exists,
        _ => draft.expected(reader, &seen)?,
    };
    let write = Some((value, draft.ttl_us(context)));
    Ok(Operation::Conditional(Box::new(Conditional { kind, condition, address, write })))
}

pub(super) fn conditional_delete(
    kind: Kind,
    reader: &mut Reader<'_>,
    context: &mut Context<'_>,
) -> Result<Operation> {
    let if_exists = kind == Kind::DeleteIfExists;
    let fields = if if_exists { &DELETE_IF_EXISTS } else { &DELETE_IF_VALUE };
    let (mut draft, seen) = Draft::read(fields, reader, context)?;
    let address = draft.place.address_to_write(reader, &seen)?;
    let condition = if if_exists { Condition::Exists } else { draft.expected(reader, &seen)? };
    Ok(Operation::Conditional(Box::new(Conditional { kind, condition, address, write: None })))
}
