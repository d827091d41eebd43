//! The runtime that callers share who bring none.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use super::{Runtime, RuntimeOptions};
use crate::error::Result;

/// Swapped and not locked: a fork while another thread held a lock would leave it held for ever in
/// the child, which has to make its own.
static SHARED: ArcSwapOption<Weak<Runtime>> = ArcSwapOption::const_empty();

pub(super) fn get() -> Result<Arc<Runtime>> {
    let mut current = SHARED.load_full();
    if let Some(runtime) = usable(current.as_ref()) {
        return Ok(runtime);
    }
    let made = Runtime::new(RuntimeOptions::default())?;
    let entry = Some(Arc::new(Arc::downgrade(&made)));
    loop {
        let seen = SHARED.compare_and_swap(&current, entry.clone());
        let seen = arc_swap::Guard::into_inner(seen);
        let swapped = match (&seen, &current) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        if swapped {
            return Ok(made);
        }
        // Another thread was first; ours ends unused.
        if let Some(runtime) = usable(seen.as_ref()) {
            return Ok(runtime);
        }
        current = seen;
    }
}

/// The shared runtime, if somebody holds it.
pub(super) fn current() -> Option<Arc<Runtime>> {
    usable(SHARED.load_full().as_ref())
}

/// The runtime, unless it has ended or belongs to the process that this one was forked from.
fn usable(entry: Option<&Arc<Weak<Runtime>>>) -> Option<Arc<Runtime>> {
    let runtime = entry?.upgrade()?;
    runtime.check_fork().is_ok().then_some(runtime)
}
