//! One request, one outcome.
//!
//! `client` accepts requests and owns the rest; `desk` hands out slots and finds requests again for
//! cancel and deadline; `ticket` decides who may deliver the outcome; `lane` runs accepted requests
//! on the runtime; `queue` is the completion queue with its doorbell; `gate` lets close wait.
//!
//! `desk`, `gate`, `queue` and `ticket` hold every race of the protocol and are model-checked
//! (tests/loom/): they take their atomics, mutexes and condition variables from `sync`.

pub mod announce;
pub mod burst;
pub mod client;
pub mod completion;
pub mod deadline;
pub mod desk;
pub mod gate;
pub mod lane;
pub mod queue;
pub(crate) mod sync;
pub mod task;
pub mod ticket;
