//! Environment variables as a source: `LGSTORE_` and a field's path in capitals.

use std::ffi::OsString;

use super::parse::{Members, fill, members as of_text, set, value};
use super::schema::{self, leaves, nearest};
use crate::error::{Code, Error, Result};

const PREFIX: &str = "LGSTORE_";

/// Names that begin like ours and are other people's: the tests', the bindings' (which library to
/// load), the build's.
const OTHERS: [&str; 3] = ["LGSTORE_TEST_", "LGSTORE_LIBRARY", "LGSTORE_BUILD_"];

/// The members that the environment sets, checked. A variable that is set and empty counts as not set.
///
/// Errors: `InvalidArg` or `Utf8` naming the variable: an unknown name, a value that does not fit,
/// both `LGSTORE_CONFIG` and `LGSTORE_URL`.
pub(super) fn members(environment: &[(OsString, OsString)]) -> Result<Members> {
    let (mut single, mut whole) = (Members::new(), None);
    let mut ours = Vec::new();
    for (name, text) in environment {
        // A name that is not UTF-8 is not one of ours.
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(PREFIX) || OTHERS.iter().any(|other| name.starts_with(other)) || text.is_empty()
        {
            continue;
        }
        ours.push((name, text));
    }
    // The order of an environment is nobody's choice; errors should not depend on it.
    ours.sort();
    for (name, text) in ours {
        let not_utf8 = || Error::new(Code::Utf8, "the variable's value is not UTF-8").at(name);
        let text = text.to_str().ok_or_else(not_utf8)?;
        if matches!(name, "LGSTORE_CONFIG" | "LGSTORE_URL") {
            if let Some((other, _)) = &whole {
                let message = format!("{other} is set too; one of the two can be the configuration");
                return Err(Error::invalid(name, message));
            }
            let members = of_text(text).map_err(|error| error.inside(name))?;
            whole = Some((name, members));
            continue;
        }
        let Some((path, node)) = leaves().iter().find(|(path, _)| variable(path).as_deref() == Some(name))
        else {
            return Err(unknown(name));
        };
        let value = value(*node, text.trim());
        schema::check(*node, &value, path).map_err(|error| error.at(name))?;
        set(&mut single, path, value);
    }
    if let Some((_, whole)) = whole {
        fill(&mut single, whole);
    }
    Ok(single)
}

/// Names that other clients of these databases use, strongest first. Other variables that begin so
/// are other programs' and are passed over.
const ALIASES: [(&str, &str); 18] = [
    ("SCYLLADB_CONTACT_POINTS", "contact_points"),
    ("SCYLLADB_PORT", "port"),
    ("SCYLLADB_KEYSPACE", "keyspace"),
    ("SCYLLADB_LOCAL_DATACENTER", "local_datacenter"),
    ("SCYLLADB_LOCAL_DC", "local_datacenter"),
    ("SCYLLADB_USERNAME", "auth.username"),
    ("SCYLLADB_PASSWORD", "auth.password"),
    ("SCYLLADB_CONSISTENCY", "consistency"),
    ("SCYLLADB_TLS_ENABLED", "tls.enabled"),
    ("SCYLLADB_TLS_CA_CERT_FILE", "tls.ca_file"),
    ("SCYLLADB_TLS_CERT_FILE", "tls.cert_file"),
    ("SCYLLADB_TLS_KEY_FILE", "tls.key_file"),
    ("SCYLLA_HOSTS", "contact_points"),
    ("SCYLLA_PORT", "port"),
    ("SCYLLA_KEYSPACE", "keyspace"),
    ("SCYLLA_USERNAME", "auth.username"),
    ("SCYLLA_PASSWORD", "auth.password"),
    ("SCYLLA_CONSISTENCY", "consistency"),
];

/// The members that variables of other clients set, checked; only asked for when the backend is a
/// cluster. A variable that is set and empty counts as not set.
///
/// Errors: `InvalidArg` or `Utf8` naming the variable: a value that does not fit.
pub(super) fn aliases(environment: &[(OsString, OsString)]) -> Result<Members> {
    let mut found = Members::new();
    for (name, path) in ALIASES {
        let Some((_, text)) = environment.iter().find(|(known, text)| known == name && !text.is_empty())
        else {
            continue;
        };
        let not_utf8 = || Error::new(Code::Utf8, "the variable's value is not UTF-8").at(name);
        let text = text.to_str().ok_or_else(not_utf8)?.trim();
        // Those clients write LOCAL_QUORUM and True.
        let text = match path {
            "consistency" | "tls.enabled" => text.to_lowercase(),
            _ => text.to_owned(),
        };
        let node = schema::leaf(path)?;
        let value = value(node, &text);
        schema::check(node, &value, path).map_err(|error| error.at(name))?;
        let mut one = Members::new();
        set(&mut one, path, value);
        fill(&mut found, one);
    }
    Ok(found)
}

/// The variable of a field: `LGSTORE_LIMITS_VALUE_BYTES`; `from_env` has none.
fn variable(path: &str) -> Option<String> {
    (path != "from_env").then(|| format!("{PREFIX}{}", path.replace('.', "_").to_uppercase()))
}

fn unknown(name: &str) -> Error {
    let known: Vec<_> = leaves().iter().filter_map(|(path, _)| variable(path)).collect();
    let short = |name: &'_ str| name.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let names: Vec<_> = known.iter().map(|name| short(name)).chain(["CONFIG".into(), "URL".into()]).collect();
    let near = nearest(&short(name), names.iter().map(String::as_str));
    let hint = near.map(|near| format!("; did you mean {PREFIX}{near}?")).unwrap_or_default();
    let message = format!("no such variable of lgstore{hint} (unset it, or see the table of options)");
    Error::invalid(name, message)
}
