//! To come.

use std::sync::Arc;

use super::cluster::{Call, Cluster};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::operation::ListNamespaces;

impl Cluster {
    pub(super) async fn list_namespaces(
        self: &Arc<Self>,
        _: &Call<'_>,
        _: &Task,
        _: &ListNamespaces,
    ) -> Result<String> {
        Err(Error::new(Code::Unsupported, "not on a cluster yet"))
    }
}
