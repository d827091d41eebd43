//! Requests that read, and the prefix requests.

use crate::error::{Code, Result};
use crate::json::Type;
use crate::json::reader::Reader;
use crate::json::string::RawString;
use crate::store::cursor::{decode, list_fingerprint, search_fingerprint};
use crate::store::filter::Filter;
use crate::store::operation::{Get, Kind, ListNamespaces, MatchCondition, Operation, Scope, Search};
use crate::store::order::{Order, Position};

use super::fields::{Fields, Seen, choice, count, flag, text_or_null};
use super::place::{Labels, Place, label};
use super::{Context, Warning, options};

static GET: Fields = Fields {
    of: "get",
    names: &["namespace", "key", "refresh_ttl", "omit_expired"],
    options: options::PLAIN,
};
static SEARCH: Fields = Fields {
    of: "search",
    names: &[
        "namespace_prefix",
        "filter",
        "limit",
        "offset",
        "order",
        "cursor",
        "refresh_ttl",
        "page_size",
        "query",
        "query_vector",
        "omit_expired",
    ],
    options: options::PLAIN,
};
static LIST: Fields = Fields {
    of: "list_namespaces",
    names: &["match_conditions", "max_depth", "limit", "offset", "cursor"],
    options: options::PLAIN,
};
static CONDITION: Fields = Fields { of: "a match condition", names: &["match_type", "path"], options: &[] };
static DELETE_PREFIX: Fields =
    Fields { of: "delete_prefix", names: &["namespace_prefix", "filter"], options: options::PROFILE };
static COUNT: Fields =
    Fields { of: "count", names: &["namespace_prefix", "filter"], options: options::PLAIN };

pub(super) fn get(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let mut place = Place::default();
    let mut refresh = None;
    let mut seen = GET.read(reader, context.in_batch, |reader, name| {
        match name {
            "namespace" => place.namespace(reader, context.config)?,
            "key" => place.key(reader, context.config)?,
            "refresh_ttl" => refresh = flag(reader)?,
            _ => omit_expired(reader, context)?,
        }
        Ok(())
    })?;
    context.keep(seen.options());
    let refresh = refresh.unwrap_or(context.config.ttl.refresh_on_read);
    Ok(Operation::Get(Get { address: place.address(reader, &seen)?, refresh }))
}

/// Accepted for the sake of LangGraph's option; nothing here ever shows an expired item.
fn omit_expired(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<()> {
    if flag(reader)? == Some(false) {
        (context.warn)(Warning::OmitExpiredIgnored);
    }
    Ok(())
}

fn filter(reader: &mut Reader<'_>, context: &Context<'_>) -> Result<Option<Filter>> {
    match reader.peek()? {
        Type::Null => reader.null().map(|_| None),
        Type::Object => {
            let filter = Filter::read(reader, context.config.search.filter_paths)?;
            Ok((!filter.is_empty()).then_some(filter))
        }
        other => Err(reader.wrong_type("an object or null", other)),
    }
}

fn order(reader: &mut Reader<'_>, context: &Context<'_>) -> Result<Order> {
    let at = reader.offset();
    let Some(name) = text_or_null(reader)? else { return Ok(context.config.search.default_order.into()) };
    Order::parse(&name.to_cow()).ok_or_else(|| {
        let names: Vec<&str> = Order::names().collect();
        let shown: String = name.chars().take(64).collect();
        reader.invalid(at, format!("must be one of {}, not \"{shown}\"", names.join(", ")))
    })
}

/// No index is configured: ranked searches are refused, empty queries are none.
fn query(reader: &mut Reader<'_>) -> Result<()> {
    let at = reader.offset();
    match text_or_null(reader)? {
        Some(text) if !text.is_empty() => Err(no_index(reader, at)),
        _ => Ok(()),
    }
}

fn query_vector(reader: &mut Reader<'_>) -> Result<()> {
    let at = reader.offset();
    match reader.peek()? {
        Type::Null => reader.null().map(drop),
        Type::Array => {
            reader.array(|reader, _| reader.number().map(drop))?;
            Err(no_index(reader, at))
        }
        other => Err(reader.wrong_type("an array of numbers or null", other)),
    }
}

fn no_index(reader: &Reader<'_>, at: usize) -> crate::error::Error {
    reader.error(Code::Unsupported, at, "ranked search needs an index, and none is configured")
}

pub(super) fn search(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let config = context.config;
    let (mut prefix, mut filter_, mut cursor, mut refresh) = (None, None, None, None);
    let (mut limit, mut offset, mut page_size) = (10, 0, config.search.page_size);
    let mut order_ = Order::from(config.search.default_order);
    let mut seen = SEARCH.read(reader, context.in_batch, |reader, name| {
        match name {
            "namespace_prefix" => prefix = Some(Labels::read(reader, config)?.namespace()),
            "filter" => filter_ = filter(reader, context)?,
            "limit" => limit = count(reader, 0, Some(config.limits.search_limit))?,
            "offset" => offset = count(reader, 0, None)?,
            "order" => order_ = order(reader, context)?,
            "cursor" => cursor = text_or_null(reader)?,
            "refresh_ttl" => refresh = flag(reader)?,
            "page_size" => page_size = count(reader, 1, None)?,
            "query" => query(reader)?,
            "query_vector" => query_vector(reader)?,
            _ => omit_expired(reader, context)?,
        }
        Ok(())
    })?;
    context.keep(seen.options());
    let prefix = seen.need(reader, prefix, "namespace_prefix")?;
    let fingerprint = search_fingerprint(prefix.path(), filter_.as_ref(), order_);
    let wanted = "prefix, filter and order";
    Ok(Operation::Search(Box::new(Search {
        after: position(reader, &seen, cursor, fingerprint, offset, wanted)?,
        scope: Scope { prefix, filter: filter_ },
        limit,
        offset,
        order: order_,
        refresh: refresh.unwrap_or(config.ttl.refresh_on_read),
        page_size,
        fingerprint,
    })))
}

/// Where a cursor says to go on.
fn position(
    reader: &Reader<'_>,
    seen: &Seen,
    cursor: Option<RawString<'_>>,
    fingerprint: u64,
    offset: usize,
    bound_to: &str,
) -> Result<Option<Position>> {
    let Some(cursor) = cursor else { return Ok(None) };
    if offset > 0 {
        return Err(seen.invalid(reader, "offset", format!("must be 0 with a cursor, not {offset}")));
    }
    match decode(&cursor.to_cow(), fingerprint) {
        Some(position) => Ok(Some(position)),
        None => {
            let message = format!("not a cursor of this request: {bound_to} must be those it was given for");
            Err(seen.invalid(reader, "cursor", message))
        }
    }
}

pub(super) fn list_namespaces(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let config = context.config;
    let (mut conditions, mut max_depth, mut cursor) = (Vec::new(), None, None);
    let (mut limit, mut offset) = (100, 0);
    let mut seen = LIST.read(reader, context.in_batch, |reader, name| {
        match name {
            "match_conditions" => {
                if !reader.null()? {
                    reader.array(|reader, _| {
                        conditions.push(condition(reader, context)?);
                        Ok(())
                    })?;
                }
            }
            "max_depth" => {
                if !reader.null()? {
                    max_depth = Some(count(reader, 1, None)?);
                }
            }
            "limit" => limit = count(reader, 0, Some(config.limits.search_limit))?,
            "offset" => offset = count(reader, 0, None)?,
            _ => cursor = text_or_null(reader)?,
        }
        Ok(())
    })?;
    context.keep(seen.options());
    let fingerprint = list_fingerprint(&conditions, max_depth);
    let after = position(reader, &seen, cursor, fingerprint, offset, "conditions and depth")?;
    let after = after.map(|position| position.path);
    let list = ListNamespaces { conditions, max_depth, limit, offset, after, fingerprint };
    Ok(Operation::ListNamespaces(Box::new(list)))
}

fn condition(reader: &mut Reader<'_>, context: &Context<'_>) -> Result<MatchCondition> {
    let (mut suffix, mut path) = (None, None);
    let limit = context.config.limits.namespace_labels;
    let seen = CONDITION.read(reader, false, |reader, name| {
        match name {
            "match_type" => suffix = Some(choice(reader, &[("prefix", false), ("suffix", true)])?),
            _ => {
                let mut labels: Vec<Option<Box<str>>> = Vec::new();
                reader.array(|reader, index| {
                    if index >= limit {
                        let at = reader.offset();
                        return Err(reader.invalid(at, format!("a namespace has at most {limit} labels")));
                    }
                    let label = label(reader, context.config)?;
                    labels.push((!label.is("*")).then(|| label.to_cow().into()));
                    Ok(())
                })?;
                path = Some(labels);
            }
        }
        Ok(())
    })?;
    let suffix = seen.need(reader, suffix, "match_type")?;
    Ok(MatchCondition { suffix, path: seen.need(reader, path, "path")? })
}

/// The body of count and delete_prefix.
pub(super) fn scope(kind: Kind, reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Scope> {
    let (mut prefix, mut filter_) = (None, None);
    let fields = if kind == Kind::Count { &COUNT } else { &DELETE_PREFIX };
    let mut seen = fields.read(reader, context.in_batch, |reader, name| {
        match name {
            "namespace_prefix" => prefix = Some(Labels::read(reader, context.config)?.namespace()),
            _ => filter_ = filter(reader, context)?,
        }
        Ok(())
    })?;
    context.keep(seen.options());
    Ok(Scope { prefix: seen.need(reader, prefix, "namespace_prefix")?, filter: filter_ })
}
