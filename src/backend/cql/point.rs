//! Requests for one item, and batches of writes: how long they may take, and when one more node is asked.
//!
//! These are most of what a store does. The driver could do the same (its request timeout and speculative
//! execution, which all other statements use), at two of the runtime's timers and two copies of the request's
//! future each: a third of a request's CPU time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::stream::FuturesUnordered;
use scylla::errors::{ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;

use super::alarm::Alarm;
use super::attempt::{Failure, was_asked, watched};
use super::cluster::Cluster;

type Outcome = Result<QueryResult, ExecutionError>;

/// How long one request waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// In all, with the driver's retries on other nodes.
    pub limit: Duration,
    /// Before one more node is asked.
    pub delay: Duration,
    /// How many more are asked at most.
    pub more: u32,
}

impl Cluster {
    /// Sends one request, which must be idempotent and under a profile's `point`. `send` makes it; it is
    /// sent again to another node each time that the delay passes without an answer, and the first
    /// answer counts. An error counts only if it says something of the request and not of the node, or when nobody
    /// else is being asked.
    ///
    /// Errors: the driver's; `RequestTimeout` after the limit.
    pub(super) async fn ask<F>(
        &self,
        patience: &Patience,
        send: impl Fn() -> F,
    ) -> Result<QueryResult, Failure>
    where
        F: Future<Output = Outcome> + Send,
    {
        // Pinned where it is made: it holds a driver's request of some kilobytes, which would be moved three times.
        let asked = pin!(async {
            let begun = Instant::now();
            let first = if patience.more > 0 { patience.delay } else { patience.limit };
            let (mut request, mut alarm) = (pin!(send()), self.alarms.alarm());
            let answered = poll_fn(|context| match request.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending => alarm.poll(begun + first, context).map(|()| None),
            });
            match answered.await {
                Some(Err(error)) if speaks_of_a_node(&error) && self.may_ask_more(patience.more) => {
                    Box::pin(self.ask_more(patience, begun, alarm, Err(error), send)).await
                }
                Some(outcome) => outcome,
                None => Box::pin(self.ask_more(patience, begun, alarm, Ok(request), send)).await,
            }
        });
        watched(asked).await
    }

    /// Goes on after the delay, or after an error that came before it: the next node is not asked earlier, since what
    /// made one refuse may be on its way to the next.
    async fn ask_more<F>(
        &self,
        patience: &Patience,
        begun: Instant,
        mut alarm: Alarm<'_>,
        first: Result<Pin<&mut F>, ExecutionError>,
        send: impl Fn() -> F,
    ) -> Outcome
    where
        F: Future<Output = Outcome> + Send,
    {
        let (mut asked, mut last) = (FuturesUnordered::new(), None);
        match first {
            Ok(request) => asked.push(Either::Left(request)),
            Err(error) => last = Some(error),
        }
        let (end, mut more) = (begun + patience.limit, patience.more);
        let mut next = begun + patience.delay;
        loop {
            let answered = poll_fn(|context| match asked.poll_next_unpin(context) {
                Poll::Ready(Some(outcome)) => Poll::Ready(Some(outcome)),
                // None is being asked, or none has answered.
                Poll::Ready(None) | Poll::Pending => alarm.poll(next, context).map(|()| None),
            });
            match answered.await {
                Some(Err(error)) if speaks_of_a_node(&error) => {
                    // That there was no other node to ask says less than what one has answered.
                    let error = last.filter(|_| matches!(error, ExecutionError::EmptyPlan)).unwrap_or(error);
                    if asked.is_empty() && !self.may_ask_more(more) {
                        return Err(error);
                    }
                    last = Some(error);
                }
                Some(outcome) => return outcome,
                None if Instant::now() >= end => {
                    return Err(ExecutionError::RequestTimeout(patience.limit));
                }
                None if self.may_ask_more(more) => {
                    more -= 1;
                    asked.push(Either::Right(Box::pin(send())));
                    next = end.min(Instant::now() + patience.delay);
                }
                None if asked.is_empty() => return Err(last.unwrap_or(ExecutionError::EmptyPlan)),
                None => next = end,
            }
        }
    }

    /// Whether there is a node to ask that was not asked, in the local data centre if one is named.
    fn may_ask_more(&self, more: u32) -> bool {
        if more == 0 {
            return false;
        }
        let (state, local) = (self.session.get_cluster_state(), &self.config.local_datacenter);
        state.get_nodes_info().iter().any(|node| {
            let is_near = local.is_none() || node.datacenter == *local;
            node.is_connected() && is_near && !was_asked(node.host_id)
        })
    }
}

/// Whether another node may answer what this error ended.
fn speaks_of_a_node(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::ConnectionPoolError(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::LastAttemptError(
            RequestAttemptError::BrokenConnectionError(_) | RequestAttemptError::UnableToAllocStreamId,
        ) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) => {
            error.can_speculative_retry()
        }
        _ => false,
    }
}
