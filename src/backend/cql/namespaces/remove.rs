//! Removal of index rows whose namespace stays dead.
//!
//! Nothing that was acknowledged may be lost from the index while puts go on, without a lock. Let W be
//! the write time of the row that is to be removed. Three things together make it safe:
//!
//! 1. **Who relies on the row?** A put relies on a registration for at most one lease after its write
//!    time, and from there to its acknowledgement passes at most a deadline. So when at time R, W is
//!    older than ten leases, the longest deadline and the skew of the clocks, no put is under way or to
//!    come that relies on a registration of W or before: each has registered anew, with a write time
//!    above W, or will. Every put that did rely on it was acknowledged (or given up) nine leases before R.
//! 2. **Is there an item?** R is taken before the partition is read, and the read asks a QUORUM of all
//!    data centres. So it sees the items of all those puts, unless they were deleted or have expired: an
//!    empty partition then means that nobody's acknowledged item depends on the row.
//! 3. **What if one is put meanwhile?** Its namespace was registered with a write time above W. The
//!    deletion carries W itself as its write time, so it removes what was written at W or before and
//!    nothing that came after, in whichever order the two arrive at the replicas.
//!
//! Of the ten leases one is needed; the others are for clocks that step, replicas that come back with
//! what they had missed, and writes that take more requests than a put (conditional ones begin anew).
//! A put whose outcome was never known may be applied later still. Its item can be read; it is listed
//! again after the next put into the namespace, or a reindex.

use std::sync::Arc;

use super::verify::is_live;
use super::{Candidate, Counts, Namespaces};
use crate::backend::cql::cluster::Cluster;
use crate::backend::cql::row::prefix_of;
use crate::store::operation::Kind;

impl Namespaces {
    /// Takes note that a candidate was found dead: removes its row in the background if that is safe.
    /// Nobody waits for it, and what can't be done now is left to the next one who finds it.
    pub fn found_dead(&self, cluster: &Cluster, candidate: Candidate) {
        self.likely.remove(&*candidate.path);
        let Some(written) = candidate.written else { return };
        // Before the partition is read, see above.
        let now = cluster.clock.now();
        if !is_old_enough(written, now, self.removable_after_us) {
            return;
        }
        let Ok(permit) = Arc::clone(&self.removing).try_acquire_owned() else { return };
        let session = Arc::clone(&cluster.session);
        let (look, remove) = (self.statements.look_everywhere.clone(), self.statements.remove.clone());
        let (counts, bucket) = (Arc::clone(&self.counts), self.bucket_of(&candidate.path));
        tokio::spawn(async move {
            let prefix = prefix_of(&candidate.path);
            let Ok(false) = is_live(&session, look, Kind::ListNamespaces, &prefix, &counts).await else {
                return;
            };
            if session.execute_unpaged(&remove, (written, bucket, &*candidate.path)).await.is_ok() {
                Counts::add(&counts.removed);
            }
            drop(permit);
        });
    }
}

/// Whether a row of this write time is relied on by nobody any more.
fn is_old_enough(written: i64, now: i64, removable_after_us: i64) -> bool {
    now.saturating_sub(written) > removable_after_us
}
