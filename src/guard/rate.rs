//! The rate limits: how many requests of an operation are let through.
//!
//! The token bucket is the crate `governor`'s; the sliding window is here, because no crate has one
//! that says when the next request may come.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::lock::Mutex;
use crate::store::config::guards::Algorithm;

const MINUTE: Duration = Duration::from_secs(60);

/// The limit of one operation.
#[derive(Debug)]
pub struct Limit {
    /// Requests per minute.
    pub per_minute: u32,
    clock: Ticks,
    bucket: Option<Bucket>,
    window: Option<Mutex<Window>>,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

/// Tokio's clock, which tests can stop, as governor wants it.
#[derive(Clone, Debug)]
struct Ticks(Instant);

impl Ticks {
    fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.nanos().into()
    }
}

impl Limit {
    /// A limit with nothing used of it. Both numbers are at least 1.
    pub fn new(algorithm: Algorithm, per_minute: u32, burst: u32) -> Self {
        let clock = Ticks(Instant::now());
        let bucket = || {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(MINUTE / per_minute.max(1))?.allow_burst(burst);
            Some(RateLimiter::direct_with_clock(quota, clock.clone()))
        };
        let window = || Mutex::new(Window::new(per_minute));
        let (bucket, window) = match algorithm {
            Algorithm::TokenBucket => (bucket(), None),
            Algorithm::SlidingWindow => (None, Some(window())),
            Algorithm::Both => (bucket(), Some(window())),
        };
        Self { per_minute, clock, bucket, window }
    }

    /// Takes leave for one request, or says after which time the next one can be had.
    pub fn take(&self) -> Result<(), Duration> {
        // Held until the bucket has answered too: what one refuses must not count in the other.
        let mut window = self.window.as_ref().map(Mutex::lock);
        if let Some(window) = &mut window {
            window.look(self.clock.nanos())?;
        }
        if let Some(bucket) = &self.bucket {
            bucket.check().map_err(|not_yet| not_yet.wait_time_from(self.clock.now()))?;
        }
        if let Some(window) = &mut window {
            window.add(self.clock.nanos());
        }
        Ok(())
    }
}

/// The requests of the last minute, counted in slots of 60 ms, so that a window of any size takes at
/// most 16 KiB. A request counts until the last moment of its slot is a minute old: never more than
/// `most` in any minute, and each at most 60 ms longer than it must.
#[derive(Debug)]
struct Window {
    most: u32,
    used: u32,
    slots: VecDeque<(u64, u32)>,
}

const SLOTS: u64 = 1_000;
const SLOT_NS: u64 = MINUTE.as_nanos() as u64 / SLOTS;

impl Window {
    fn new(most: u32) -> Self {
        Self { most, used: 0, slots: VecDeque::new() }
    }

    fn look(&mut self, now: u64) -> Result<(), Duration> {
        let free_at = |slot: u64| (slot + 1 + SLOTS) * SLOT_NS;
        while let Some(&(slot, count)) = self.slots.front()
            && free_at(slot) <= now
        {
            self.used -= count;
            self.slots.pop_front();
        }
        match self.slots.front() {
            Some(&(slot, _)) if self.used >= self.most => Err(Duration::from_nanos(free_at(slot) - now)),
            _ => Ok(()),
        }
    }

    fn add(&mut self, now: u64) {
        let slot = now / SLOT_NS;
        self.used += 1;
        match self.slots.back_mut() {
            Some((last, count)) if *last == slot => *count += 1,
            _ => self.slots.push_back((slot, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, sleep};

    fn paused(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(test);
    }

    fn taken(limit: &Limit) -> u32 {
        (0..10_000).take_while(|_| limit.take().is_ok()).count() as u32
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        paused(async {
            let limit = Limit::new(Algorithm::TokenBucket, 60, 5);
            assert_eq!(taken(&limit), 5);
            let wait = limit.take().unwrap_err();
            assert_eq!(wait, Duration::from_secs(1));
            sleep(wait).await;
            assert_eq!(taken(&limit), 1);
            advance(Duration::from_secs(3)).await;
            assert_eq!(taken(&limit), 3);
            advance(Duration::from_secs(3_600)).await;
            assert_eq!(taken(&limit), 5, "a bucket holds no more than its burst");
        });
    }

    #[test]
    fn a_window_is_never_passed_in_any_minute() {
        paused(async {
            let limit = Limit::new(Algorithm::SlidingWindow, 10, 1);
            let mut at = Vec::new();
            let start = Instant::now();
            // Every 700 ms for five minutes.
            for _ in 0..430 {
                if limit.take().is_ok() {
                    at.push(start.elapsed());
                }
                advance(Duration::from_millis(700)).await;
            }
            for (index, first) in at.iter().enumerate() {
                let inside = at[index..].iter().filter(|time| **time < *first + MINUTE).count();
                assert!(inside <= 10, "{inside} in the minute after {first:?}");
            }
            assert!(at.len() >= 49, "only {} in five minutes", at.len());
        });
    }

    #[test]
    fn a_window_says_when_the_next_may_come() {
        paused(async {
            advance(Duration::from_millis(30)).await;
            let limit = Limit::new(Algorithm::SlidingWindow, 3, 1);
            assert_eq!(taken(&limit), 3);
            let wait = limit.take().unwrap_err();
            assert!((MINUTE..=MINUTE + Duration::from_millis(60)).contains(&wait), "{wait:?}");
            sleep(wait - Duration::from_millis(1)).await;
            assert!(limit.take().is_err());
            sleep(Duration::from_millis(2)).await;
            assert_eq!(taken(&limit), 3);
        });
    }

    #[test]
    fn both_refuse_without_using_up_the_other() {
        paused(async {
            let limit = Limit::new(Algorithm::Both, 60, 5);
            assert_eq!(taken(&limit), 5);
            for _ in 0..1_000 {
                limit.take().unwrap_err();
            }
            // The bucket's refusals have used nothing of the window: 55 are left in this minute.
            let mut more = 0;
            for _ in 0..58 {
                advance(Duration::from_secs(1)).await;
                more += taken(&limit);
            }
            assert_eq!(more, 55);
            advance(Duration::from_secs(3)).await;
            assert!(taken(&limit) >= 1);
        });
    }
}
