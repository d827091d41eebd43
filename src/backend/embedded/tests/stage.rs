//! A backend with tickets and outcomes, as the layer above gives them, but without its client.

use std::sync::Arc;
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::runtime::{Builder, Runtime};

use crate::backend::Backend;
use crate::error::Code;
use crate::op::completion::{Completion, Receiver, Sink};
use crate::op::desk::{Desk, Observer};
use crate::op::task::Task;
use crate::op::ticket::{Admission, Ticket};
use crate::store::config::Config;
use crate::store::operation::{Kind, Operation};
use crate::telemetry::batches::Shape;

struct Silent;

impl Observer for Silent {
    fn observe(&self, _: Kind, _: Option<Shape>, _: Option<Code>, _: Duration) {}
}

struct Post(Sender<std::result::Result<Json, Code>>);

impl Receiver for Post {
    fn receive(&self, completion: Completion) {
        let answer = completion.into_answer();
        let json = serde_json::from_str(answer.json()).unwrap();
        self.0.send(answer.code().map_or(Ok(json), Err)).unwrap();
    }
}

pub type Outcome = Inbox<std::result::Result<Json, Code>>;

/// A backend on a runtime of its own, with a desk that hands out tickets.
pub struct Stage<B> {
    pub backend: B,
    desk: Arc<Desk>,
    _runtime: Runtime,
}

impl<B: Backend> Stage<B> {
    pub fn new(config: Config, make: impl FnOnce(Arc<Config>, &Runtime) -> B) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let backend = make(Arc::new(config), &runtime);
        let desk = Arc::new(Desk::new(1_000, 1 << 20, Arc::new(Silent)));
        Self { backend, desk, _runtime: runtime }
    }

    pub fn task(&self, operation: Operation, timeout: Option<Duration>) -> (Task, Arc<Ticket>, Outcome) {
        let (sender, inbox) = channel();
        let started = Instant::now();
        let ticket = self.desk.admit(Admission {
            tag: 0,
            kind: operation.kind(),
            batch: Shape::of(&operation),
            writes: operation.writes(),
            bytes: 0,
            started,
            deadline: timeout.map(|timeout| started + timeout),
            sink: Sink::Receiver(Arc::new(Post(sender))),
        });
        let ticket = ticket.unwrap();
        (Task::new(ticket.clone(), operation), ticket, inbox)
    }

    pub fn send(&self, operation: Operation) -> Outcome {
        let (task, _, inbox) = self.task(operation, None);
        self.backend.start(task);
        inbox
    }

    pub fn call(&self, operation: Operation) -> std::result::Result<Json, Code> {
        self.send(operation).recv().unwrap()
    }
}
