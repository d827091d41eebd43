//! The lock of the migrations: a name in `store_meta` with its owner and a time to live.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::backend::cql::schema::{Cas, Meta};
use crate::error::{Code, Error, Result};

const NAME: &str = "migration_lock";
/// How long a holder that has died keeps the others waiting. A step takes a second, under load some
/// more; the lock is renewed before each.
const TTL_S: u32 = 30;

/// The right to migrate, held by this process.
pub struct Lock<'a> {
    meta: &'a Meta<'a>,
    owner: String,
}

impl<'a> Lock<'a> {
    /// Takes the lock if it is free; `None` = someone else has it, or may have.
    ///
    /// Errors: refusals; a lost answer is none, the lock is read instead.
    pub async fn try_take(meta: &'a Meta<'a>) -> Result<Option<Self>> {
        let lock = Self { meta, owner: Uuid::new_v4().to_string() };
        let is_ours = match meta.cas(NAME, None, Some(&lock.owner), TTL_S).await {
            Ok(Cas::Applied) => true,
            Ok(Cas::Found(owner)) => owner.as_deref() == Some(&*lock.owner),
            // Many at one moment make each other's attempts time out, and such a one may yet succeed: only
            // a read at SERIAL, which finishes it, tells.
            Err(error) if error.code().retryable() => lock.is_held().await.unwrap_or(false),
            Err(error) => return Err(error),
        };
        Ok(is_ours.then_some(lock))
    }

    async fn is_held(&self) -> Result<bool> {
        Ok(self.meta.read_serial(NAME).await?.as_deref() == Some(&*self.owner))
    }

    /// Begins the lock's time anew.
    pub async fn renew(&self) -> Result<()> {
        match self.meta.cas(NAME, Some(&self.owner), Some(&self.owner), TTL_S).await {
            Ok(Cas::Applied) => Ok(()),
            Ok(Cas::Found(_)) => {
                let message = "the lock of the migrations has expired and someone else has it; try again";
                Err(Error::new(Code::Unavailable, message))
            }
            Err(error) if error.code().retryable() && self.is_held().await.unwrap_or(false) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives the lock back; should that fail it expires.
    pub async fn release(self) {
        drop(self.meta.cas(NAME, Some(&self.owner), None, 0).await);
    }
}

/// How long one waits for another's migration.
pub struct Waiting {
    until: Instant,
    pause: Duration,
}

impl Waiting {
    pub fn new() -> Self {
        // Long enough for a dead holder's lock to expire, and for one more migration.
        let until = Instant::now() + 2 * Duration::from_secs(u64::from(TTL_S));
        Self { until, pause: Duration::from_millis(50) }
    }

    /// Waits a little, longer each time, and never as long as the others who wait.
    pub async fn pause(&mut self) -> Result<()> {
        if Instant::now() > self.until {
            let message = "another process has held the lock of the migrations for a minute; try again later";
            return Err(Error::new(Code::Unavailable, message));
        }
        let part = f64::from(Uuid::new_v4().as_bytes()[0]) / 256.0;
        tokio::time::sleep(self.pause.mul_f64(0.5 + part)).await;
        self.pause = (self.pause * 3 / 2).min(Duration::from_secs(1));
        Ok(())
    }
}
