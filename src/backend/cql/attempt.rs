//! What the driver's own attempts at one request tell about a write that failed in the end.
//!
//! The driver retries idempotent requests on other nodes and reports the last attempt's error only. An
//! earlier attempt whose connection broke may have been applied all the same, so "unavailable" as the
//! last word does not mean that nothing happened. The retry policy below sees every attempt and leaves a
//! mark; the driver polls all attempts of a request, speculative ones too, inside the request's own
//! future, so a task local reaches them.

use std::cell::Cell;
use std::future::Future;

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::policies::retry::{
    DefaultRetryPolicy, DefaultRetrySession, RequestInfo, RetryDecision, RetryPolicy, RetrySession,
};

tokio::task_local! {
    /// An attempt of the running request may have been applied although it failed.
    static IN_DOUBT: Cell<bool>;
}

/// A driver request that failed.
#[derive(Debug)]
pub struct Failure {
    /// The last attempt's error.
    pub error: ExecutionError,
    /// An earlier attempt may have been applied.
    pub in_doubt: bool,
}

/// Runs one driver request of a write, remembering its attempts.
pub async fn watched<T>(request: impl Future<Output = Result<T, ExecutionError>>) -> Result<T, Failure> {
    let outcome = async {
        let outcome = request.await;
        outcome.map_err(|error| Failure { error, in_doubt: IN_DOUBT.with(Cell::get) })
    };
    IN_DOUBT.scope(Cell::new(false), outcome).await
}

/// The driver's default policy, with a note of attempts in doubt.
#[derive(Debug, Default)]
pub struct Retries;

impl RetryPolicy for Retries {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Attempts(DefaultRetryPolicy::new().new_session()))
    }
}

struct Attempts(Box<dyn RetrySession>);

impl RetrySession for Attempts {
    fn decide_should_retry(&mut self, info: RequestInfo<'_>) -> RetryDecision {
        if may_have_applied(info.error) {
            // Outside of `watched` nobody asks.
            let _ = IN_DOUBT.try_with(|mark| mark.set(true));
        }
        self.0.decide_should_retry(info)
    }

    fn reset(&mut self) {
        self.0 = Box::new(DefaultRetrySession::new());
    }
}

/// Whether a write whose attempt ended like this may have been applied.
pub fn may_have_applied(error: &RequestAttemptError) -> bool {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::RepreparedIdChanged { .. }
        | RequestAttemptError::RepreparedIdMissingInBatch => false,
        // Refused before anything was done.
        RequestAttemptError::DbError(
            DbError::SyntaxError
            | DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::Unprepared { .. }
            | DbError::ProtocolError
            | DbError::RateLimitReached { .. },
            _,
        ) => false,
        // Timeouts, failures of replicas, errors inside the server and what this driver does not know; or
        // the request was sent and its answer lost or not understood.
        _ => true,
    }
}
