//! Rules between fields, which a schema can't say.

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
    if config.read_only && config.path.is_none() {
        return Err(Error::invalid("read_only", "needs a file to read; set \"path\""));
    }
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
