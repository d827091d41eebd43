//! Requests: from the bytes of a body to a checked [`Operation`], in one pass and without a tree.
//!
//! Bodies are JSON objects; an empty body is `{}`. Every error names the field as a path. A member
//! that a request does not know, or has twice, is an error: what was meant would be lost silently.

mod admin;
mod batch;
mod fields;
mod options;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod value;
mod write;

use std::fmt;

use crate::error::Result;
use crate::json::reader::{Reader, utf8};

use super::config::Config;
use super::operation::{Kind, Operation};

pub use options::{Options, Prepared, RetryOptions};

/// Something that is allowed but that the operator should hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A value is larger than `limits.warn_value_bytes`.
    LargeValue {
        /// Its size.
        bytes: usize,
        /// The size from which a warning is given.
        threshold: usize,
    },
    /// A batch has more operations than `limits.warn_batch_operations`.
    LargeBatch {
        /// Their number.
        operations: usize,
        /// The number from which a warning is given.
        threshold: usize,
    },
    /// A request says `omit_expired: false`; expired items stay invisible.
    OmitExpiredIgnored,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::LargeValue { bytes, threshold } => {
                write!(f, "value of {bytes} bytes is above the warning threshold of {threshold}")
            }
            Warning::LargeBatch { operations, threshold } => {
                write!(f, "batch of {operations} operations is above the warning threshold of {threshold}")
            }
            Warning::OmitExpiredIgnored => {
                f.write_str("omit_expired: false is ignored: expired items are invisible")
            }
        }
    }
}

/// What all requests are read with.
struct Context<'c> {
    config: &'c Config,
    warn: &'c mut dyn FnMut(Warning),
    /// The objects read are elements of a batch, with a member `op`.
    in_batch: bool,
    /// What the request says of how it is to be carried out.
    options: Option<Box<options::Draft>>,
}

impl Context<'_> {
    /// Keeps what the request says of how it is to be carried out; the elements of a batch have nothing.
    fn keep(&mut self, options: Option<Box<options::Draft>>) {
        if options.is_some() {
            self.options = options;
        }
    }
}

/// Reads and checks the body of a request.
///
/// # Errors
/// `Utf8`, `Json` (syntax, depth, lone surrogates), `InvalidArg` (a member is missing, unknown,
/// of a wrong type or out of its limits), `Unsupported`; each with the field's path.
pub fn parse(kind: Kind, body: &[u8], config: &Config, warn: &mut dyn FnMut(Warning)) -> Result<Prepared> {
    let body = if body.is_empty() { "{}" } else { utf8(body)? };
    let mut reader = Reader::new(body);
    let context = &mut Context { config, warn, in_batch: false, options: None };
    let operation = match kind {
        Kind::Batch => batch::batch(&mut reader, context)?,
        kind => one(kind, &mut reader, context)?,
    };
    reader.end()?;
    let options = match context.options.take() {
        None => None,
        Some(draft) => draft.finish(config)?,
    };
    Ok(Prepared { operation, options, watch: None })
}

/// Any operation but a batch.
fn one(kind: Kind, reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    match kind {
        Kind::Get => read::get(reader, context),
        Kind::Put => write::put(reader, context),
        Kind::Delete => write::delete(reader, context),
        Kind::Search => read::search(reader, context),
        Kind::ListNamespaces => read::list_namespaces(reader, context),
        Kind::PutIfAbsent | Kind::UpdateIfExists | Kind::CompareAndSet => {
            write::conditional_put(kind, reader, context)
        }
        Kind::DeleteIfExists | Kind::DeleteIfValue => write::conditional_delete(kind, reader, context),
        Kind::DeletePrefix => Ok(Operation::DeletePrefix(Box::new(read::scope(kind, reader, context)?))),
        Kind::Count => Ok(Operation::Count(Box::new(read::scope(kind, reader, context)?))),
        Kind::Sweep => {
            admin::nothing(reader)?;
            Ok(Operation::Sweep)
        }
        Kind::Batch
        | Kind::Open
        | Kind::Migrate
        | Kind::Warmup
        | Kind::Health
        | Kind::ClusterInfo
        | Kind::Reindex
        | Kind::Backup
        | Kind::Advance => Ok(Operation::Admin(admin::admin(kind, reader, context)?)),
    }
}
