//! To come.

use std::sync::Arc;

use super::cluster::{Call, Cluster};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::operation::Scope;

impl Cluster {
    pub(super) async fn count(self: &Arc<Self>, _: &Call<'_>, _: &Task, _: &Scope) -> Result<String> {
        Err(Error::new(Code::Unsupported, "not on a cluster yet"))
    }

    pub(super) async fn delete_prefix(self: &Arc<Self>, _: &Call<'_>, _: &Task, _: &Scope) -> Result<String> {
        Err(Error::new(Code::Unsupported, "not on a cluster yet"))
    }
}
