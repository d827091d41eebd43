//! Driver errors by their meaning: code, what is known of the outcome, and the figures behind it.
//!
//! Only the driver's types decide; texts are for people. Nothing is caught by a catch-all as harmless:
//! what is not known is reported as a backend error of a read and as an unknown outcome of a write.

use std::fmt::Write;

use scylla::errors::{ConnectionPoolError, DbError, ExecutionError, PrepareError, RequestAttemptError};
use scylla::statement::Consistency;

use super::attempt::{self, Failure};
use crate::error::{Code, Error};
use crate::json::text::push_string;
use crate::store::operation::Kind;

/// The server's code for an LWT whose outcome it does not know (Cassandra's CAS_WRITE_UNKNOWN; the
/// driver has no name for it).
const CAS_WRITE_UNKNOWN: i32 = 0x1700;

/// What a request does, which decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Changes nothing.
    Read,
    /// May change items, plain or conditional.
    Write,
}

/// The error of a failed read.
pub fn read(kind: Kind, error: &ExecutionError) -> Error {
    Translation { kind, nature: Nature::Read, in_doubt: false }.execution(error)
}

/// The error of a failed write.
pub fn write(kind: Kind, failure: &Failure) -> Error {
    Translation { kind, nature: Nature::Write, in_doubt: failure.in_doubt }.execution(&failure.error)
}

/// The error of a statement that could not be prepared.
pub fn prepare(kind: Kind, error: &PrepareError) -> Error {
    Translation { kind, nature: Nature::Read, in_doubt: false }.prepare(error)
}

#[derive(Clone, Copy)]
struct Translation {
    kind: Kind,
    nature: Nature,
    /// An earlier attempt may have been applied.
    in_doubt: bool,
}

impl Translation {
    fn execution(self, error: &ExecutionError) -> Error {
        match error {
            ExecutionError::LastAttemptError(error) => self.attempt(error),
            ExecutionError::RequestTimeout(after) => {
                let text = format!("no answer from the cluster within {:.3} s", after.as_secs_f64());
                let mut details = Details::new(self.kind, "request_timeout");
                details.number("timeout_us", i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
                self.lost(Code::Timeout, text, details)
            }
            ExecutionError::ConnectionPoolError(error) => self.pool(error),
            ExecutionError::EmptyPlan => {
                let text = "no node of the cluster can be asked; is local_datacenter the name of a datacenter that is up?";
                self.refused(Code::Unavailable, "no_node", text.to_owned())
            }
            ExecutionError::PrepareError(error) => self.prepare(error),
            ExecutionError::BadQuery(error) => self.refused(Code::Backend, "bad_query", error.to_string()),
            other => self.error(Code::Backend, "driver", other.to_string()),
        }
    }

    fn prepare(self, error: &PrepareError) -> Error {
        match error {
            // A statement that could not be prepared was not run.
            PrepareError::ConnectionPoolError(error) => self.pool(error),
            PrepareError::AllAttemptsFailed { first_attempt } => {
                Self { nature: Nature::Read, ..self }.attempt(first_attempt)
            }
            other => self.refused(Code::Backend, "prepare", other.to_string()),
        }
    }

    fn pool(self, error: &ConnectionPoolError) -> Error {
        self.refused(Code::Unavailable, "no_connection", format!("no connection to the cluster: {error}"))
    }

    fn attempt(self, error: &RequestAttemptError) -> Error {
        match error {
            RequestAttemptError::DbError(error, text) => self.server(error, text),
            RequestAttemptError::BrokenConnectionError(error) => {
                let details = Details::new(self.kind, "broken_connection");
                self.lost(Code::Unavailable, format!("the connection broke: {error}"), details)
            }
            RequestAttemptError::UnableToAllocStreamId => {
                let text = "every stream of the connection is in use".to_owned();
                self.refused(Code::Overloaded, "no_stream", text)
            }
            error if attempt::may_have_applied(error) => {
                self.error(Code::Backend, "driver", error.to_string())
            }
            error => self.refused(Code::Backend, "driver", error.to_string()),
        }
    }

    fn server(self, error: &DbError, text: &str) -> Error {
        match error {
            DbError::Unavailable { consistency, required, alive } => {
                let consistency = name(*consistency);
                let mut details = Details::new(self.kind, "unavailable");
                details.text("consistency", consistency);
                details.number("required", i64::from(*required));
                details.number("alive", i64::from(*alive));
                let text = format!("{alive} of {required} replicas that {consistency} needs are up");
                self.before(Code::Unavailable, text, details)
            }
            DbError::ReadTimeout { consistency, received, required, .. } => {
                let consistency = name(*consistency);
                let text = format!("{received} of {required} replicas answered in time ({consistency})");
                let details = Details::answers(self.kind, "read_timeout", consistency, *received, *required);
                self.lost(Code::Timeout, text, details)
            }
            DbError::WriteTimeout { consistency, received, required, write_type } => {
                let consistency = name(*consistency);
                let text = format!("{received} of {required} replicas answered in time ({consistency})");
                let mut details =
                    Details::answers(self.kind, "write_timeout", consistency, *received, *required);
                details.text("write_type", write_type.as_str());
                self.lost(Code::Timeout, text, details)
            }
            DbError::ReadFailure { consistency, received, required, numfailures, .. } => {
                let consistency = name(*consistency);
                let mut details =
                    Details::answers(self.kind, "read_failure", consistency, *received, *required);
                details.number("failures", i64::from(*numfailures));
                self.lost(Code::Backend, format!("{numfailures} replicas failed: {text}"), details)
            }
            DbError::WriteFailure { consistency, received, required, numfailures, write_type } => {
                let consistency = name(*consistency);
                let mut details =
                    Details::answers(self.kind, "write_failure", consistency, *received, *required);
                details.number("failures", i64::from(*numfailures));
                details.text("write_type", write_type.as_str());
                self.lost(Code::Backend, format!("{numfailures} replicas failed: {text}"), details)
            }
            DbError::Overloaded => self.refused(Code::Overloaded, "overloaded", said(text)),
            DbError::RateLimitReached { .. } => {
                self.refused(Code::Overloaded, "rate_limit_of_server", said(text))
            }
            DbError::IsBootstrapping => self.refused(Code::Unavailable, "bootstrapping", said(text)),
            DbError::Unauthorized => self.refused(Code::Unauthorized, "unauthorized", said(text)),
            DbError::AuthenticationError => self.refused(Code::Unauthorized, "authentication", said(text)),
            DbError::Invalid => self.refused(Code::Backend, "invalid_query", said(text)),
            DbError::SyntaxError => self.refused(Code::Backend, "syntax_error", said(text)),
            DbError::ConfigError => self.refused(Code::Backend, "config_error", said(text)),
            DbError::AlreadyExists { .. } => self.refused(Code::Backend, "already_exists", said(text)),
            DbError::Unprepared { .. } => self.refused(Code::Backend, "unprepared", said(text)),
            DbError::ProtocolError => self.refused(Code::Backend, "protocol_error", said(text)),
            DbError::Other(CAS_WRITE_UNKNOWN) => self.error(Code::Timeout, "cas_write_unknown", said(text)),
            DbError::TruncateError => self.error(Code::Backend, "truncate_error", said(text)),
            DbError::ServerError => self.error(Code::Backend, "server_error", said(text)),
            other => self.error(Code::Backend, "server", format!("{other}: {text}")),
        }
    }

    /// Nothing of this attempt was applied.
    fn refused(self, code: Code, cause: &str, text: String) -> Error {
        self.before(code, text, Details::new(self.kind, cause))
    }

    fn before(self, code: Code, text: String, details: Details) -> Error {
        if self.in_doubt && self.nature == Nature::Write {
            let text = format!("an earlier attempt may have been applied; the last one: {text}");
            return Error::new(Code::UnknownOutcome, text).with_details(details.finish());
        }
        Error::new(code, text).with_details(details.finish())
    }

    /// The request may have been carried out.
    fn error(self, code: Code, cause: &str, text: String) -> Error {
        self.lost(code, text, Details::new(self.kind, cause))
    }

    fn lost(self, code: Code, text: String, details: Details) -> Error {
        let error = match self.nature {
            Nature::Read => Error::new(code, text),
            Nature::Write => {
                Error::new(Code::UnknownOutcome, format!("the write may or may not be stored: {text}"))
            }
        };
        error.with_details(details.finish())
    }
}

/// A consistency as CQL writes it.
fn name(consistency: Consistency) -> &'static str {
    match consistency {
        Consistency::Any => "ANY",
        Consistency::One => "ONE",
        Consistency::Two => "TWO",
        Consistency::Three => "THREE",
        Consistency::Quorum => "QUORUM",
        Consistency::All => "ALL",
        Consistency::LocalQuorum => "LOCAL_QUORUM",
        Consistency::EachQuorum => "EACH_QUORUM",
        Consistency::LocalOne => "LOCAL_ONE",
        Consistency::Serial => "SERIAL",
        Consistency::LocalSerial => "LOCAL_SERIAL",
    }
}

fn said(text: &str) -> String {
    format!("the cluster says: {text}")
}

/// The details of an error document while they are written.
struct Details(String);

impl Details {
    fn new(kind: Kind, cause: &str) -> Self {
        Self(format!("{{\"operation\":\"{}\",\"cause\":\"{cause}\"", kind.name()))
    }

    fn answers(kind: Kind, cause: &str, consistency: &str, received: i32, required: i32) -> Self {
        let mut details = Self::new(kind, cause);
        details.text("consistency", consistency);
        details.number("received", i64::from(received));
        details.number("required", i64::from(required));
        details
    }

    fn text(&mut self, name: &str, text: &str) {
        let _ = write!(self.0, ",\"{name}\":");
        push_string(&mut self.0, text);
    }

    fn number(&mut self, name: &str, number: i64) {
        let _ = write!(self.0, ",\"{name}\":{number}");
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
