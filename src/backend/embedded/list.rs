//! list_namespaces on a view.

use std::ops::ControlFlow;

use super::engine::View;
use super::read::{Halt, Read, Reading};
use crate::store::listing::{Listing, Next};
use crate::store::operation::ListNamespaces;

/// Namespaces below a truncated path that are passed over one by one before the walk jumps.
const PASSED_BEFORE_JUMP: usize = 8;

/// Answers `{"namespaces":[[…]],"cursor"?:…}`.
pub fn list_namespaces(
    view: &mut dyn View,
    list: &ListNamespaces,
    reading: &mut Reading<'_>,
) -> Read<String> {
    let mut listing = Listing::new(list, PASSED_BEFORE_JUMP);
    let (scope, now) = (listing.scope(), reading.now);
    let mut again = !listing.is_full();
    while again {
        again = false;
        let from = listing.from().to_owned();
        let mut halt: Option<Halt> = None;
        view.namespaces(scope.path(), &from, now, &mut |path| {
            if let Err(reason) = reading.step(0) {
                halt = Some(reason);
                return ControlFlow::Break(());
            }
            let next = listing.visit(path);
            again = next == Next::Jump;
            if next == Next::More { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        halt.map_or(Ok(()), Err)?;
    }
    Ok(listing.finish())
}
