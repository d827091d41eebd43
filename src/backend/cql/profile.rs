//! Execution profiles: which consistency, how long, how often.

use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfileHandle;
use scylla::statement::{Consistency, SerialConsistency};

/// One profile, ready for the driver.
pub(super) struct Profile {
    pub name: String,
    pub handle: ExecutionProfileHandle,
    /// The same, but never below LOCAL_QUORUM: for namespaces and what decides.
    pub strict: ExecutionProfileHandle,
    pub consistency: Consistency,
    pub serial: SerialConsistency,
    pub timeout: Duration,
}

/// All profiles; index 0 is the default, the others as `Config::profile_names` counts them.
pub(super) struct Profiles {
    all: Vec<Profile>,
}

impl Profiles {
    /// The profile at this index.
    pub fn get(&self, index: usize) -> &Profile {
        &self.all[index.min(self.all.len() - 1)]
    }
}
