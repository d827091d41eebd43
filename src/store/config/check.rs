//! Rules between fields, which a schema can't say.

use super::cql::{BUILT_IN_PROFILES, CompactionName, ConsistencyName, SpeculativeConfig, StrategyName};
use super::{BackendName, Config, FaultConfig};
use crate::error::{Error, Result};

/// Checks what holds between fields, and brings the path to one form.
pub(super) fn check(mut config: Config) -> Result<Config> {
    if config.path.as_deref() == Some(":memory:") {
        config.path = None;
    }
    if config.path.as_deref().is_some_and(|path| path.contains('\0')) {
        return Err(Error::invalid("path", "must not contain NUL"));
    }
    if config.backend == BackendName::Fault && config.path.is_some() {
        return Err(Error::invalid("path", "the backend \"fault\" is in memory only; leave the path out"));
    }
    if config.backend != BackendName::Fault && config.fault != FaultConfig::default() {
        let message = "faults happen only with \"backend\":\"fault\"; leave this out or set the backend";
        return Err(Error::invalid("fault", message));
    }
    if config.backend == BackendName::Cql {
        cluster(&config)?;
    } else if !config.contact_points.is_empty() {
        let message = "are the nodes of a cluster; set \"backend\":\"cql\" or leave them out";
        return Err(Error::invalid("contact_points", message));
    }
    tuning(&config)?;
    if config.read_only && config.path.is_none() {
        return Err(Error::invalid("read_only", "needs a file to read; set \"path\""));
    }
    config.rate_limit.check()?;
    let limits = &config.limits;
    if limits.inflight_bytes < limits.value_bytes {
        let message = format!(
            "must be at least limits.value_bytes ({}), or such a value could never be put; it is {}",
            limits.value_bytes, limits.inflight_bytes
        );
        return Err(Error::invalid("limits.inflight_bytes", message));
    }
    Ok(config)
}

/// What a cluster needs to be found.
fn cluster(config: &Config) -> Result<()> {
    if config.path.is_some() {
        let message =
            "is a file; the backend \"cql\" has none, so leave it out or set \"backend\":\"embedded\"";
        return Err(Error::invalid("path", message));
    }
    if config.contact_points.is_empty() {
        let message = "must name at least one node of the cluster, such as [\"10.0.0.1\"] or \
                       [\"node1.example.com:9042\"]";
        return Err(Error::invalid("contact_points", message));
    }
    for (index, point) in config.contact_points.iter().enumerate() {
        if endpoint(point, config.port).is_none() {
            let message = format!("must be host, host:port or [address]:port, not {point:?}");
            return Err(Error::invalid(format!("contact_points[{index}]"), message));
        }
    }
    let Some(keyspace) = &config.keyspace else {
        return Err(Error::invalid("keyspace", "must name the keyspace that holds the tables"));
    };
    if !is_name(keyspace, 48) {
        let message = format!("must be letters, digits and _ (and begin with a letter), not {keyspace:?}");
        return Err(Error::invalid("keyspace", message));
    }
    Ok(())
}

/// What fits together in the options of a cluster, whichever backend is chosen: they may stay when
/// an application moves.
fn tuning(config: &Config) -> Result<()> {
    let auth = &config.auth;
    if auth.username.is_some() != auth.password.is_some() {
        let (missing, given) =
            if auth.username.is_some() { ("password", "username") } else { ("username", "password") };
        let message = format!("must be set too when auth.{given} is");
        return Err(Error::invalid(format!("auth.{missing}"), message));
    }
    transport(config)?;
    let pool = &config.pool;
    if let Some(most) = pool.max_connections.filter(|most| *most < pool.core_connections) {
        let message =
            format!("must be at least pool.core_connections ({}), not {most}", pool.core_connections);
        return Err(Error::invalid("pool.max_connections", message));
    }
    if matches!(config.consistency, ConsistencyName::Serial | ConsistencyName::LocalSerial) {
        let message = "is for plain reads and writes; say it as serial_consistency, or in a profile";
        return Err(Error::invalid("consistency", message));
    }
    profiles(config)?;
    schema(config)
}

fn transport(config: &Config) -> Result<()> {
    let tls = &config.tls;
    if !tls.enabled {
        // Said and not done would be a connection in the clear that someone believes to be safe.
        let given = [("ca_file", &tls.ca_file), ("cert_file", &tls.cert_file), ("key_file", &tls.key_file)];
        if let Some((name, _)) = given.into_iter().find(|(_, file)| file.is_some()) {
            let message = "has no effect without tls.enabled; set it to true";
            return Err(Error::invalid(format!("tls.{name}"), message));
        }
        return Ok(());
    }
    if tls.ca_file.is_none() {
        let message = "must name the PEM file of the authority that signed the nodes' certificates";
        return Err(Error::invalid("tls.ca_file", message));
    }
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => Err(Error::invalid("tls.key_file", "must be set too when tls.cert_file is")),
        (None, Some(_)) => Err(Error::invalid("tls.cert_file", "must be set too when tls.key_file is")),
        _ => Ok(()),
    }
}

fn profiles(config: &Config) -> Result<()> {
    speculation("speculative", &config.speculative, config.request_timeout)?;
    for (name, profile) in &config.profiles {
        let at = format!("profiles.{name}");
        if !is_name(name, 64) {
            return Err(Error::invalid(at, "a profile's name is letters, digits and _ (at most 64)"));
        }
        if name == BUILT_IN_PROFILES[0] {
            let message =
                "is what the fields beside \"profiles\" say; set consistency, request_timeout, … there";
            return Err(Error::invalid(at, message));
        }
        let is_serial =
            matches!(profile.consistency, Some(ConsistencyName::Serial | ConsistencyName::LocalSerial));
        if is_serial && profile.serial_consistency.is_some() {
            let message = "is said twice: by consistency too";
            return Err(Error::invalid(format!("{at}.serial_consistency"), message));
        }
        if let Some(speculative) = &profile.speculative {
            let timeout = profile.request_timeout.unwrap_or(config.request_timeout);
            speculation(&format!("{at}.speculative"), speculative, timeout)?;
        }
    }
    Ok(())
}

fn speculation(at: &str, speculative: &SpeculativeConfig, timeout: f64) -> Result<()> {
    if speculative.max > 0 && speculative.delay >= timeout {
        let message = format!(
            "must be below request_timeout ({timeout}), or a second node is never asked; set max to 0 for that"
        );
        return Err(Error::invalid(format!("{at}.delay"), message));
    }
    Ok(())
}

fn schema(config: &Config) -> Result<()> {
    let schema = &config.schema;
    let replication = &schema.replication;
    for (name, copies) in &replication.datacenters {
        let at = format!("schema.replication.datacenters.{name}");
        if !(1..=64).contains(copies) {
            return Err(Error::invalid(at, format!("must be 1 to 64 copies, not {copies}")));
        }
        if name.contains(['\'', '\0']) {
            return Err(Error::invalid(at, "is no name of a data centre"));
        }
    }
    if !replication.datacenters.is_empty() {
        let field = "schema.replication.datacenters";
        if replication.strategy == StrategyName::Simple {
            return Err(Error::invalid(field, "needs the strategy \"network_topology\""));
        }
        if replication.factor.is_some() {
            return Err(Error::invalid(field, "says the copies; leave schema.replication.factor out"));
        }
    }
    if let Some(name) = schema.compaction_options.keys().find(|name| !is_name(name, 64) || *name == "class") {
        let message = "is no option of a compaction; the class is set by schema.compaction";
        return Err(Error::invalid(format!("schema.compaction_options.{name}"), message));
    }
    if schema.compaction == CompactionName::Auto && !schema.compaction_options.is_empty() {
        let message = "need schema.compaction to name the strategy that they are for";
        return Err(Error::invalid("schema.compaction_options", message));
    }
    if schema.compression.as_deref().is_some_and(|class| !is_name(class, 64)) {
        let message = "must be the name of a compressor, such as \"LZ4Compressor\"";
        return Err(Error::invalid("schema.compression", message));
    }
    Ok(())
}

/// A name that can stand in CQL between quotes.
fn is_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Host and port of a contact point; `None` = it is none.
pub(super) fn endpoint(point: &str, default_port: u16) -> Option<(&str, u16)> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    let (host, port) = if let Some(rest) = point.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        (address, if rest.is_empty() { default_port } else { port(rest.strip_prefix(':')?)? })
    } else if point.parse::<std::net::Ipv6Addr>().is_ok() {
        (point, default_port)
    } else {
        match point.split_once(':') {
            Some((host, text)) => (host, port(text)?),
            None => (point, default_port),
        }
    };
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!host.is_empty() && host.chars().all(is_host)).then_some((host, port))
}
