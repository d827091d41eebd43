//! One request, one outcome: slots, tickets, lanes, deadlines, completion queues.

pub mod task;
pub mod ticket;
