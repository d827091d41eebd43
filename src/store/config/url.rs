//! A configuration as a URL: `memory:`, `file:/data/x.db?durability=normal&limits.search_limit=500`,
//! `scylla://user:password@host1,host2:9042/keyspace?local_datacenter=dc1`.

use serde_json::Value;

use super::parse::{Members, set, value};
use super::schema::{leaf, nearest};
use crate::error::{Code, Error, Result};

/// The members that a URL sets. The scheme chooses backend and path, the query sets any field by
/// its path. `%` and two hexadecimal digits stand for a byte; `+` is itself.
pub(super) fn members(text: &str) -> Result<Members> {
    if text == ":memory:" {
        return members("memory:");
    }
    let Some((scheme, rest)) =
        text.split_once(':').filter(|(scheme, _)| scheme.len() > 1 && is_scheme(scheme))
    else {
        return Err(Error::new(
            Code::InvalidArg,
            "the configuration is neither a JSON object nor a URL; a file is given as \"file:/data/x.db\", a \
             store in memory as \"memory:\"",
        ));
    };
    if rest.contains('#') {
        return Err(Error::new(Code::InvalidArg, "a URL of a store has no fragment; write # as %23"));
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut members = Members::new();
    match scheme.to_ascii_lowercase().as_str() {
        "memory" => in_memory(&mut members, place, "embedded")?,
        "fault" => in_memory(&mut members, place, "fault")?,
        "file" => {
            set(&mut members, "backend", "embedded".into());
            set(&mut members, "path", file_path(place)?.into());
            not_a_cluster(&mut members);
        }
        "scylla" | "cassandra" | "cql" => {
            // A password with one of these characters in it would end up in the message of another error.
            if query.split('&').any(|pair| pair.split('=').next().unwrap_or_default().contains('@')) {
                return Err(unescaped());
            }
            cluster(&mut members, place)?;
        }
        other => {
            let near = nearest(other, ["memory", "file", "fault", "scylla", "cassandra", "cql"].into_iter());
            let hint = near.map(|near| format!("; did you mean \"{near}:\"?")).unwrap_or_default();
            let message =
                format!("the URL scheme {other:?} is not known, only memory:, file: and scylla:{hint}");
            return Err(Error::new(Code::InvalidArg, message));
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, "true"));
        let name = decoded(name).ok_or_else(|| broken("the query"))?;
        let node = leaf(&name)?;
        let text = decoded(text).ok_or_else(|| broken("the query").at(&name))?;
        if !set(&mut members, &name, value(node, &text)) {
            let message = "stands twice in the URL (what stands before ? sets fields too)";
            return Err(Error::invalid(name, message));
        }
    }
    Ok(members)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn in_memory(members: &mut Members, place: &str, backend: &str) -> Result<()> {
    if !matches!(place, "" | "//") {
        return Err(Error::invalid(
            "path",
            "a store in memory has no path; nothing may follow the scheme but ?",
        ));
    }
    set(members, "backend", backend.into());
    // Said, so that a variable does not give it a file.
    set(members, "path", Value::Null);
    not_a_cluster(members);
    Ok(())
}

/// Said, so that a variable with the nodes of a cluster does not contradict the URL.
fn not_a_cluster(members: &mut Members) {
    set(members, "contact_points", Value::Array(Vec::new()));
}

/// `//user:password@host1,host2:9042/keyspace`; all but the hosts may be missing.
fn cluster(members: &mut Members, place: &str) -> Result<()> {
    let Some(place) = place.strip_prefix("//") else {
        let message = "a cluster's URL is scylla://host1,host2:9042/keyspace";
        return Err(Error::invalid("contact_points", message));
    };
    let (authority, keyspace) = place.split_once('/').unwrap_or((place, ""));
    if keyspace.contains('@') {
        return Err(unescaped());
    }
    let (user, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
    set(members, "backend", "cql".into());
    // Said, so that a variable does not give it a file.
    set(members, "path", Value::Null);
    if let Some(user) = user {
        let (name, password) = user.split_once(':').map_or((user, None), |(name, word)| (name, Some(word)));
        if name.contains('@') || password.is_some_and(|word| word.contains(['@', ':'])) {
            return Err(unescaped());
        }
        let part = |text, field| decoded(text).ok_or_else(|| broken("the user").at(field));
        set(members, "auth.username", part(name, "auth.username")?.into());
        if let Some(password) = password {
            set(members, "auth.password", part(password, "auth.password")?.into());
        }
    }
    if !hosts.is_empty() {
        let hosts: Option<Vec<_>> = hosts.split(',').map(decoded).collect();
        let hosts = hosts.ok_or_else(|| broken("a host").at("contact_points"))?;
        set(members, "contact_points", hosts.into());
    }
    if !keyspace.is_empty() {
        let name = decoded(keyspace).ok_or_else(|| broken("the keyspace").at("keyspace"))?;
        set(members, "keyspace", name.into());
    }
    Ok(())
}

/// Says nothing of the text: a part of the password may stand anywhere.
fn unescaped() -> Error {
    let message = "the URL has a : / ? or @ that belongs to the user name or password; write them as %3A %2F \
                   %3F %40";
    Error::invalid("auth", message)
}

/// `/x`, `x`, `///x` and `//localhost/x`; with one more authority the file is not here.
fn file_path(place: &str) -> Result<String> {
    let path = match place.strip_prefix("//") {
        None => place,
        Some(rest) => match rest.strip_prefix("localhost").unwrap_or(rest) {
            path if path.starts_with('/') => path,
            _ => {
                let message = "file://name/… would be a file on the host \"name\"; write file:name/… for a \
                               relative path, file:/… for an absolute one";
                return Err(Error::invalid("path", message));
            }
        },
    };
    if path.is_empty() {
        return Err(Error::invalid("path", "file: needs a path; a store in memory is \"memory:\""));
    }
    decoded(path).ok_or_else(|| broken("the path").at("path"))
}

fn broken(place: &str) -> Error {
    let message =
        format!("{place} of the URL has a % without two hexadecimal digits, or is not UTF-8; write % as %25");
    Error::new(Code::InvalidArg, message)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            bytes.push((digit(rest.next())? * 16 + digit(rest.next())?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
