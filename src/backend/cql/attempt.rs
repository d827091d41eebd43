//! What the driver's own attempts at one request tell about a write that failed in the end.
//!
//! The driver retries idempotent requests on other nodes, asks a second node when the first is slow, and
//! reports one attempt's error only. Another attempt whose connection broke, or which still had no
//! answer, may have been applied all the same, so "unavailable" as the last word does not mean that
//! nothing happened. A listener on every statement hears of each attempt and keeps count; the driver
//! polls all attempts of a request, speculative ones too, inside the request's own future, so a task local
//! reaches them. (A listener and not a retry policy: no policy hears of attempts that are under way when
//! another one ends the request.)

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use scylla::errors::{DbError, ExecutionError, RequestAttemptError, RequestError};
use scylla::observability::history::{AttemptId, HistoryListener, RequestId, SpeculativeId};
use scylla::policies::retry::{
    DefaultRetryPolicy, DefaultRetrySession, RequestInfo, RetryDecision, RetryPolicy, RetrySession,
};
use uuid::Uuid;

/// What is known of the attempts of the running request.
#[derive(Debug, Default)]
struct Attempts {
    /// One has failed that may have been applied.
    in_doubt: Cell<bool>,
    /// Sent, and neither answered nor failed.
    open: Cell<u32>,
    /// The node that was asked first, and those asked after it. Apart, since most requests ask one.
    first: Cell<Option<Uuid>>,
    others: RefCell<Vec<Uuid>>,
}

impl Attempts {
    fn was_asked(&self, node: Uuid) -> bool {
        self.first.get() == Some(node) || self.others.borrow().contains(&node)
    }

    fn asks(&self, node: Uuid) {
        match self.first.get() {
            None => self.first.set(Some(node)),
            Some(_) => self.others.borrow_mut().push(node),
        }
    }
}

tokio::task_local! {
    static ATTEMPTS: Attempts;
}

/// A driver request that failed.
#[derive(Debug)]
pub struct Failure {
    /// The error that the driver reports: one attempt's.
    pub error: ExecutionError,
    /// Another attempt may have been applied.
    pub in_doubt: bool,
}

/// Runs one driver request of a write, remembering its attempts. Its statement must have the [`listener`].
pub async fn watched<T>(request: impl Future<Output = Result<T, ExecutionError>>) -> Result<T, Failure> {
    let outcome = async {
        let outcome = request.await;
        // What is still open now was dropped with the request, and nobody will hear its answer.
        let in_doubt = |known: &Attempts| known.in_doubt.get() || known.open.get() > 0;
        outcome.map_err(|error| Failure { error, in_doubt: ATTEMPTS.with(in_doubt) })
    };
    ATTEMPTS.scope(Attempts::default(), outcome).await
}

/// Whether the running request was not sent to this node yet; notes that it is now. Outside of [`watched`] every
/// node is news.
pub fn is_news(node: Uuid) -> bool {
    let is_news = |known: &Attempts| {
        let is_news = !known.was_asked(node);
        if is_news {
            known.asks(node);
        }
        is_news
    };
    ATTEMPTS.try_with(is_news).unwrap_or(true)
}

/// Whether the running request was sent to this node before.
pub fn was_asked(node: Uuid) -> bool {
    ATTEMPTS.try_with(|known| known.was_asked(node)).unwrap_or(false)
}

/// Whether the running request was sent to no node yet.
pub fn nobody_was_asked() -> bool {
    ATTEMPTS.try_with(|known| known.first.get().is_none()).unwrap_or(true)
}

/// The listener that every statement which writes must have.
pub fn listener() -> Arc<dyn HistoryListener> {
    static LISTENER: LazyLock<Arc<dyn HistoryListener>> = LazyLock::new(|| Arc::new(Listener));
    Arc::clone(&LISTENER)
}

#[derive(Debug)]
struct Listener;

impl Listener {
    fn note(change: impl FnOnce(&Attempts)) {
        // Outside of `watched` nobody asks.
        let _ = ATTEMPTS.try_with(change);
    }

    fn ended() {
        Self::note(|known| known.open.set(known.open.get().saturating_sub(1)));
    }
}

impl HistoryListener for Listener {
    fn log_request_start(&self) -> RequestId {
        RequestId(0)
    }

    fn log_request_success(&self, _request: RequestId) {}

    fn log_request_error(&self, _request: RequestId, _error: &RequestError) {}

    fn log_new_speculative_fiber(&self, _request: RequestId) -> SpeculativeId {
        SpeculativeId(0)
    }

    fn log_attempt_start(
        &self,
        _request: RequestId,
        _fiber: Option<SpeculativeId>,
        _node: SocketAddr,
    ) -> AttemptId {
        Self::note(|known| known.open.set(known.open.get() + 1));
        AttemptId(0)
    }

    fn log_attempt_success(&self, _attempt: AttemptId) {
        Self::ended();
    }

    fn log_attempt_error(&self, _attempt: AttemptId, error: &RequestAttemptError, _next: &RetryDecision) {
        Self::ended();
        if may_have_applied(error) {
            Self::note(|known| known.in_doubt.set(true));
        }
    }
}

/// The driver's default policy, but for one thing: what may not be repeated is not, unless it surely was
/// not applied. (The default policy repeats an LWT whose read has timed out. That may be the read of a later
/// ballot, when another client is about to finish the proposal of an earlier one: the LWT is applied, and
/// its repetition answers that it was not.)
#[derive(Debug, Default)]
pub struct Retries;

impl RetryPolicy for Retries {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Careful(DefaultRetryPolicy::new().new_session()))
    }
}

struct Careful(Box<dyn RetrySession>);

impl RetrySession for Careful {
    fn decide_should_retry(&mut self, info: RequestInfo<'_>) -> RetryDecision {
        if !info.is_idempotent && may_have_applied(info.error) {
            return RetryDecision::DontRetry;
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
