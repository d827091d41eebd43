//! What a caller gets back for one accepted request.

use std::sync::Arc;

use super::desk::Desk;
use super::ticket::Ticket;
use crate::error::{Code, Error, Result};

/// An outcome as the ABI shows it: a status and a JSON text with a NUL behind it.
#[derive(Debug)]
pub struct Answer {
    error: Option<Error>,
    /// The document and one NUL.
    text: String,
}

impl Answer {
    /// The answer's document, or the error's.
    pub fn new(outcome: Result<String>) -> Self {
        let (error, mut text) = match outcome {
            Ok(text) => (None, text),
            Err(error) => {
                let text = error.to_json();
                (Some(error), text)
            }
        };
        text.push('\0');
        Self { error, text }
    }

    /// The error; `None` = success.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The error's code; `None` = success.
    pub fn code(&self) -> Option<Code> {
        self.error.as_ref().map(Error::code)
    }

    /// 0 or the error's number.
    pub fn status(&self) -> i32 {
        self.code().map_or(0, Code::status)
    }

    /// The JSON document, without the NUL.
    pub fn json(&self) -> &str {
        &self.text[..self.text.len() - 1]
    }

    /// The JSON document with its NUL.
    pub fn json_with_nul(&self) -> &str {
        &self.text
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Answer::new(Err(error))
    }
}

/// One delivered outcome.
///
/// While it lives the request's slot stays taken, so a consumer that does not drop (drain) its
/// completions slows its producers down instead of filling memory.
#[derive(Debug)]
pub struct Completion {
    /// Always there until `into_answer`; shared, so that a caller may keep it without a copy.
    answer: Option<Arc<Answer>>,
    /// From submit to delivery.
    pub latency_ns: u64,
    ticket: Arc<Ticket>,
    inside: bool,
}

impl Completion {
    pub(super) fn new(ticket: Arc<Ticket>, answer: Answer, latency_ns: u64) -> Self {
        Self { answer: Some(Arc::new(answer)), latency_ns, ticket, inside: true }
    }

    /// The operation id that submit gave out.
    pub fn op(&self) -> u64 {
        self.ticket.id()
    }

    /// The caller's tag.
    pub fn tag(&self) -> u64 {
        self.ticket.tag()
    }

    /// Says that it now lies where its reader takes it from: close needs not wait for it any more.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.inside) {
            self.ticket.desk().gate().leave();
        }
    }

    /// Like `settle`, but close waits until the duty is dropped: its reader is still to be woken.
    pub(super) fn defer(&mut self) -> Duty {
        self.inside = false;
        Duty(Arc::clone(self.ticket.desk()))
    }

    /// The outcome, and what is left: it holds the slot until it is dropped.
    pub fn detach(mut self) -> (Arc<Answer>, Completion) {
        (self.take_answer(), self)
    }

    /// Ends the completion (the slot goes back) and keeps its outcome.
    pub fn into_answer(mut self) -> Arc<Answer> {
        self.take_answer()
    }

    fn take_answer(&mut self) -> Arc<Answer> {
        self.answer.take().unwrap_or_else(|| Arc::new(Error::new(Code::Panic, "no outcome").into()))
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.ticket.desk().release(&self.ticket);
        self.settle();
    }
}

/// The wake-up that is owed for a completion in its queue; close waits until it is paid (dropped).
#[derive(Debug)]
pub struct Duty(Arc<Desk>);

impl Drop for Duty {
    fn drop(&mut self) {
        self.0.gate().leave();
    }
}

/// Where outcomes go.
#[derive(Clone)]
pub enum Sink {
    /// Into a completion queue, where a place is reserved.
    Queue(Arc<super::queue::CompletionQueue>),
    /// To a receiver that runs or posts a callback.
    Receiver(Arc<dyn Receiver>),
}

/// Takes one completion; drops it when its callback has returned.
pub trait Receiver: Send + Sync {
    /// Called once, on a thread of the runtime, under no lock.
    fn receive(&self, completion: Completion);
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sink::Queue(_) => "Queue",
            Sink::Receiver(_) => "Receiver",
        })
    }
}
