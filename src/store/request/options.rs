//! What a request says of how it is to be carried out, beside what it is to do.

use crate::error::{Error, Result};
use crate::guard::Watch;
use crate::json::number::{Scaled, scaled};
use crate::json::reader::Reader;
use crate::store::config::Config;
use crate::store::operation::{Kind, Operation};

use super::fields::{count, flag, shorten, text_or_null};

/// Of operations that are never run twice.
pub(super) const PROFILE: &[&str] = &["profile"];
/// Of operations that may be run again.
pub(super) const PLAIN: &[&str] = &["profile", "max_retries", "retry_delay", "retry_backoff"];
/// Of plain writes of one item.
pub(super) const WRITE: &[&str] = &["profile", "max_retries", "retry_delay", "retry_backoff", "serial"];

/// The most attempts after the first.
const MOST_RETRIES: usize = 100;
/// The longest pause before a retry, in seconds.
const LONGEST_DELAY: u64 = 3_600;
/// The most by which each pause may be longer than the one before.
const STEEPEST: u64 = 100;

/// A checked request on its way to a backend.
#[derive(Debug)]
pub struct Prepared {
    /// What to do.
    pub operation: Operation,
    /// How to do it; `None` = the request says nothing of that.
    pub options: Option<Box<Options>>,
    /// What the guards have seen of it already.
    pub(crate) watch: Option<Box<Watch>>,
}

impl Prepared {
    /// The operation's kind.
    pub fn kind(&self) -> Kind {
        self.operation.kind()
    }
}

impl From<Operation> for Prepared {
    fn from(operation: Operation) -> Self {
        Self { operation, options: None, watch: None }
    }
}

/// How a request is to be carried out, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The execution profile, as an index of `Config::profile_names`. No meaning embedded.
    pub profile: Option<usize>,
    /// A plain write takes its place in the order of the conditional writes of its item. Embedded all
    /// writes do.
    pub serial: bool,
    /// How it is tried again.
    pub retry: Option<RetryOptions>,
}

/// What a request says of its retries; the configuration says the rest (`guard::retry::Policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RetryOptions {
    /// Attempts after the first.
    pub max_retries: Option<u32>,
    /// Seconds before the first retry.
    pub retry_delay: Option<f64>,
    /// How many times longer each pause is than the one before.
    pub retry_backoff: Option<f64>,
}

/// The options as they come.
#[derive(Default)]
pub(super) struct Draft {
    options: Options,
    profile: Option<String>,
}

impl Draft {
    /// Reads the value of one of the members above.
    pub fn read(&mut self, reader: &mut Reader<'_>, name: &'static str) -> Result<()> {
        match name {
            "profile" => self.profile = text_or_null(reader)?.map(|name| name.to_cow().into_owned()),
            "serial" => self.options.serial = flag(reader)? == Some(true),
            _ => {
                let retry = self.options.retry.get_or_insert_default();
                match name {
                    "max_retries" => {
                        retry.max_retries = Some(count(reader, 0, Some(MOST_RETRIES))? as u32);
                    }
                    "retry_delay" => retry.retry_delay = Some(amount(reader, 0, LONGEST_DELAY)?),
                    _ => retry.retry_backoff = Some(amount(reader, 1, STEEPEST)?),
                }
            }
        }
        Ok(())
    }

    /// The options, if anything was said.
    pub fn finish(self, config: &Config) -> Result<Option<Box<Options>>> {
        let Draft { mut options, profile } = self;
        if let Some(name) = profile {
            options.profile = Some(config.profile(&name).ok_or_else(|| {
                let known: Vec<_> = config.profile_names().collect();
                let shown: String = name.chars().take(64).collect();
                Error::invalid("profile", format!("must be one of {}, not \"{shown}\"", known.join(", ")))
            })?);
        }
        Ok((options != Options::default()).then(|| Box::new(options)))
    }
}

/// Reads a number between these, in millionths at the finest.
fn amount(reader: &mut Reader<'_>, least: u64, most: u64) -> Result<f64> {
    const MILLION: u64 = 1_000_000;
    let at = reader.offset();
    let text = reader.number()?;
    let millionths = match scaled(text, 6) {
        Scaled::Exactly(number) | Scaled::Above(number) if number >= least * MILLION => number,
        Scaled::Exactly(_) | Scaled::Above(_) | Scaled::Negative => {
            return Err(reader.invalid(at, format!("must be at least {least}, not {}", shorten(text))));
        }
        Scaled::Huge => u64::MAX,
    };
    if millionths > most * MILLION {
        return Err(reader.invalid(at, format!("{} is above the limit of {most}", shorten(text))));
    }
    Ok(millionths as f64 / MILLION as f64)
}
