//! Any sequence of calls of the C ABI beside a small model: every accepted request has exactly one
//! completion, with its own tag and id; reads see a value that can be there; what failed surely did
//! not happen; after close nothing is accepted and nothing comes.
#![no_main]

mod session;

use libfuzzer_sys::fuzz_target;
use session::Session;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.iter().copied();
    let mut next = || bytes.next();
    let mut session = Session::new(next().unwrap_or(0));
    while let (Some(what), Some(which)) = (next(), next()) {
        session.step(what, which);
    }
    session.end();
});
