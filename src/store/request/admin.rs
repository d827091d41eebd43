//! Requests of the store's life and care.

use crate::error::{Code, Result};
use crate::json::number::{Scaled, scaled};
use crate::json::reader::Reader;
use crate::store::config::BackendName;
use crate::store::operation::{Admin, Kind, Migrate};

use super::Context;
use super::fields::{Fields, count, flag, shorten};

static MIGRATE: Fields = Fields { of: "migrate", names: &["to", "dry_run"], options: &[] };
static BACKUP: Fields = Fields { of: "backup", names: &["path"], options: &[] };
static HEALTH: Fields = Fields { of: "health", names: &["write"], options: &[] };
static ADVANCE: Fields = Fields { of: "advance", names: &["seconds"], options: &[] };

/// The longest step of a test clock: 100 years, in microseconds.
const LONGEST_STEP_US: u64 = 3_153_600_000_000_000;

/// Reads an object without members.
pub(super) fn nothing(reader: &mut Reader<'_>) -> Result<()> {
    static NOTHING: Fields = Fields { of: "this operation", names: &[], options: &[] };
    NOTHING.read(reader, false, |_, _| Ok(())).map(drop)
}

pub(super) fn admin(kind: Kind, reader: &mut Reader<'_>, context: &Context<'_>) -> Result<Admin> {
    let admin = match kind {
        Kind::Backup => return backup(reader),
        Kind::Migrate => return migrate(reader, context),
        Kind::Advance => return advance(reader, context),
        Kind::Health => return health(reader),
        Kind::Open => Admin::Open,
        Kind::Warmup => Admin::Warmup,
        Kind::ClusterInfo => Admin::ClusterInfo,
        _ => Admin::Reindex,
    };
    nothing(reader)?;
    Ok(admin)
}

fn backup(reader: &mut Reader<'_>) -> Result<Admin> {
    let mut path = None;
    let seen = BACKUP.read(reader, false, |reader, _| {
        let at = reader.offset();
        let text = reader.string()?.to_cow().into_owned();
        if text.is_empty() || text.contains('\0') {
            return Err(reader.invalid(at, "must be the path of a file: not empty, without NUL"));
        }
        path = Some(text);
        Ok(())
    })?;
    Ok(Admin::Backup { path: seen.need(reader, path, "path")? })
}

/// The schema of a cluster has versions; the embedded store's has none to go to.
fn migrate(reader: &mut Reader<'_>, context: &Context<'_>) -> Result<Admin> {
    let mut body = Migrate::default();
    let seen = MIGRATE.read(reader, false, |reader, name| {
        match name {
            "dry_run" => body.dry_run = flag(reader)?.unwrap_or(false),
            _ => body.to = u32::try_from(count(reader, 0, Some(u32::MAX as usize))?).ok(),
        }
        Ok(())
    })?;
    if body.to.is_some() && context.config.backend != BackendName::Cql {
        return Err(seen.invalid(reader, "to", "only the schema of a cluster has versions to go to"));
    }
    Ok(Admin::Migrate(body))
}

fn health(reader: &mut Reader<'_>) -> Result<Admin> {
    let mut write = false;
    HEALTH.read(reader, false, |reader, _| {
        write = flag(reader)?.unwrap_or(false);
        Ok(())
    })?;
    Ok(Admin::Health { write })
}

fn advance(reader: &mut Reader<'_>, context: &Context<'_>) -> Result<Admin> {
    if !context.config.test_clock {
        return Err(crate::error::Error::new(
            Code::Unsupported,
            "advance needs the configuration `test_clock: true`",
        ));
    }
    let mut by_us = None;
    let seen = ADVANCE.read(reader, false, |reader, _| {
        let at = reader.offset();
        let text = reader.number()?;
        by_us = Some(match scaled(text, 6) {
            Scaled::Exactly(us @ 1..=LONGEST_STEP_US) => us as i64,
            Scaled::Above(us @ 0..LONGEST_STEP_US) => us as i64 + 1,
            Scaled::Exactly(0) | Scaled::Negative => {
                return Err(reader.invalid(at, format!("must be above 0 seconds, not {}", shorten(text))));
            }
            _ => {
                return Err(
                    reader.invalid(at, format!("{} seconds is above the limit of 100 years", shorten(text)))
                );
            }
        });
        Ok(())
    })?;
    Ok(Admin::Advance { by_us: seen.need(reader, by_us, "seconds")? })
}
