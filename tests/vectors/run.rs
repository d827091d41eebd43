//! Runs one case on one store.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use lgstore::op::client::{Client, Request, Submitted};
use lgstore::op::completion::{Answer, Completion, Receiver, Sink};
use lgstore::store::operation::Kind;
use serde_json::Value;

use crate::case::{Case, Step};
use crate::matcher::{Captured, Matcher, micros};

/// Hands one completion to the thread that waits for it.
struct Handover(mpsc::Sender<Arc<Answer>>);

impl Receiver for Handover {
    fn receive(&self, completion: Completion) {
        let _ = self.0.send(completion.into_answer());
    }
}

/// Runs one case on one store.
pub struct Run<'r> {
    client: &'r Arc<Client>,
    immediate: bool,
    time: Time,
    captured: Captured,
}

/// How time passes.
#[derive(Clone, Copy, PartialEq)]
pub enum Time {
    /// By the operation `advance`.
    Told,
    /// By itself; expiries are known to the second.
    Real,
}

impl<'r> Run<'r> {
    /// Runs the case; says which step failed, and why.
    pub fn case(client: &'r Arc<Client>, case: &Case, immediate: bool, time: Time) -> Result<(), String> {
        let mut run = Self { client, immediate, time, captured: Captured::default() };
        case.steps.iter().enumerate().try_for_each(|(index, step)| {
            run.step(step).map_err(|why| {
                let Case { case, rule, .. } = case;
                format!("{case} [immediate: {immediate}], step {index}: {why}\n    {rule}")
            })
        })
    }

    /// Seconds by which an expiry may be off: its second, and what the request took.
    fn slack(&self) -> f64 {
        if self.time == Time::Real { 1.5 } else { 0.0 }
    }

    /// The outcome's text; `Err` is an error document.
    fn request(&self, op: &str, body: &[u8]) -> Result<String, String> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == op).expect("a known operation");
        let (op, allow_immediate) = (kind as u32, self.immediate);
        let request = Request { op, body, allow_immediate, timeout: None, tag: 0 };
        let (sender, receiver) = mpsc::channel();
        let sink = || Sink::Receiver(Arc::new(Handover(sender.clone())));
        match self.client.submit(&request, &sink) {
            Err(refused) => Err(refused.to_json()),
            Ok(Submitted::Done(answer)) => outcome(&answer),
            Ok(Submitted::Accepted(_)) => {
                outcome(&receiver.recv_timeout(Duration::from_secs(60)).expect("a completion"))
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.advance {
            if self.time == Time::Real {
                thread::sleep(Duration::from_secs_f64(seconds));
                return Ok(());
            }
            let body = format!("{{\"seconds\":{seconds}}}");
            return self.request("advance", body.as_bytes()).map(drop);
        }
        if let Some((a, relation, b)) = &step.check {
            let holds = self.captured.holds(a, relation, b, self.slack());
            let shown = |name| format!("{name} {}", self.captured.texts[name]);
            return if holds {
                Ok(())
            } else {
                Err(format!("{} {relation} {} is false", shown(a), shown(b)))
            };
        }
        if let Some((a, b)) = &step.between {
            let time = |name| micros(&self.captured.texts[name]).expect("a captured time");
            let passed = (time(b) - time(a)) as f64 / 1e6;
            let wanted = step.seconds.expect("between has seconds");
            let fits = (passed - wanted).abs() <= step.within + self.slack() + 1e-7;
            return if fits { Ok(()) } else { Err(format!("{passed} s from {a} to {b}, not {wanted}")) };
        }
        let op = step.op.as_deref().expect("a step is an operation, advance, check or between");
        let got = self.request(op, &step.body(&self.captured.texts));
        self.judge(step, got)
    }

    fn judge(&mut self, step: &Step, got: Result<String, String>) -> Result<(), String> {
        let text = match &got {
            Ok(text) | Err(text) => text,
        };
        let parsed: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let mut matcher = Matcher { slack: self.slack(), captured: &mut self.captured };
        match (&step.expect, &step.error, &got) {
            (Some(pattern), None, Ok(_)) => matcher.compare(pattern, &parsed, "answer")?,
            (None, Some(pattern), Err(_)) => {
                for (name, pattern) in pattern {
                    let got = parsed.get(name).unwrap_or(&Value::Null);
                    match (name.as_str(), pattern, got) {
                        ("message", Value::String(part), Value::String(all)) if all.contains(part) => {}
                        ("message", ..) => return Err(format!("message: expected {pattern} in {got}")),
                        _ => matcher.compare(pattern, got, name)?,
                    }
                }
            }
            (Some(pattern), None, Err(error)) => {
                return Err(format!("expected {pattern}, got error {error}"));
            }
            (None, Some(_), Ok(answer)) => return Err(format!("expected an error, got {answer}")),
            _ => panic!("a step expects an answer or an error"),
        }
        match step.contains.iter().find(|part| !text.contains(*part)) {
            Some(part) => Err(format!("{part} is not in {text}")),
            None => Ok(()),
        }
    }
}

fn outcome(answer: &Answer) -> Result<String, String> {
    let text = answer.json().to_owned();
    if answer.code().is_none() { Ok(text) } else { Err(text) }
}
