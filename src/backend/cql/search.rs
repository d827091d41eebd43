//! To come.

use std::sync::Arc;

use super::cluster::{Call, Cluster};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::operation::Search;

impl Cluster {
    pub(super) async fn search(self: &Arc<Self>, _: &Call<'_>, _: &Task, _: &Search) -> Result<String> {
        Err(Error::new(Code::Unsupported, "not on a cluster yet"))
    }
}
