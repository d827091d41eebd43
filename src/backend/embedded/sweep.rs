//! The sweeper: reclaims expired items from time to time.
//!
//! Every process that has a file open sweeps it. That is harmless, because reclaiming happens in the
//! write transaction and finds nothing twice, and cheap, because a run without expired items is one
//! look into an index; so no process has to be elected and none can fail to do its part.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Shared;
use super::chunked::{ChunkJob, Turn};
use super::engine::Engine;

/// Starts the sweeper if the configuration wants one. It keeps the store alive only while it works.
pub(super) fn start<E: Engine>(shared: &Arc<Shared<E>>) -> Option<JoinHandle<()>> {
    let seconds = shared.config.ttl.sweep_interval.filter(|_| !shared.config.read_only)?;
    let interval = Duration::try_from_secs_f64(seconds).ok().filter(|interval| !interval.is_zero())?;
    let weak: Weak<Shared<E>> = Arc::downgrade(shared);
    let taken = Arc::new(AtomicBool::new(false));
    Some(shared.runtime.spawn(async move {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            match weak.upgrade() {
                Some(shared) if shared.is_open() => {
                    if let Some(turn) = Turn::take(&taken) {
                        shared.engine.submit(ChunkJob::sweep(shared.clone(), turn));
                    }
                }
                _ => return,
            }
        }
    }))
}
