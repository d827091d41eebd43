//! list_namespaces: candidates from the index, each looked at before it is shown.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cluster::{Call, Cluster};
use super::namespaces::{Candidate, Look};
use super::search::go_on;
use crate::error::Result;
use crate::op::task::Task;
use crate::store::listing::{Listing, Next};
use crate::store::operation::ListNamespaces;

/// Looks that are on their way at one time.
const LOOKS: usize = 32;
/// Candidates below a truncated path that are passed over one by one before the walk jumps: about as many
/// as the first pages of a new walk cost.
const PASSED_BEFORE_JUMP: usize = 256;

impl Cluster {
    /// Answers `{"namespaces":[[…]],"cursor"?:…}`.
    pub(super) async fn list_namespaces(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        list: &ListNamespaces,
    ) -> Result<String> {
        let mut listing = Listing::new(list, PASSED_BEFORE_JUMP);
        while !listing.is_full() && self.walk(call, task, &mut listing).await? == Next::Jump {}
        Ok(listing.finish())
    }

    /// One walk over the index; says why it has ended (`More` = at the end of the scope).
    async fn walk(self: &Arc<Self>, call: &Call<'_>, task: &Task, listing: &mut Listing<'_>) -> Result<Next> {
        let (scope, from) = (listing.scope(), listing.from().to_owned());
        let index = &self.namespaces;
        let mut slices = index.slices(&self.session, call.kind, scope.path(), &from, listing.needed());
        let mut looks: VecDeque<(Candidate, Look)> = VecDeque::new();
        let mut ended = false;
        loop {
            go_on(task)?;
            // Not more than could be shown: the rest would be looked at for nothing.
            while !ended && looks.len() < listing.needed().clamp(2, LOOKS) {
                match slices.next().await? {
                    None => ended = true,
                    Some(candidate) if listing.can_add(&candidate.path) => {
                        let look = index.look(self, call.kind, &candidate.path);
                        looks.push_back((candidate, look));
                    }
                    // Merged into one that is shown already, or outside of the conditions. What is being
                    // looked at comes before it, and can only be merged into the same.
                    Some(candidate) => {
                        if listing.visit(&candidate.path) == Next::Jump {
                            return Ok(Next::Jump);
                        }
                    }
                }
            }
            let Some((candidate, look)) = looks.pop_front() else { return Ok(Next::More) };
            if !look.ended().await? {
                index.found_dead(self, candidate);
                continue;
            }
            match listing.visit(&candidate.path) {
                Next::More => {}
                end => return Ok(end),
            }
        }
    }
}
