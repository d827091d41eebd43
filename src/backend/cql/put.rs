//! Plain writes: put and delete.
//!
//! A put is one UPDATE of every cell with one write time and one TTL. The write time is above everything
//! known of the key (see `times`), so repeating the request (the driver on another node, a retry) changes
//! nothing, and the store's own writes keep their order.
//!
//! Before it: the item's created_at, unless this process knows it, and the namespace's row in the index,
//! unless this process has written that lately. Both are asked at once. A put is acknowledged only after
//! both and its own write: a namespace whose put was acknowledged is in the index. After a conditional write of
//! the item there is a SERIAL read, too (see `unsettled`).

use uuid::Uuid;

use super::cluster::{Call, Cluster};
use super::creation::Birth;
use super::error;
use super::get::unreadable;
use super::key::KeyHash;
use super::row::{BirthRow, Cells, Prefix, seconds};
use crate::error::{Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::operation::{Put, Value};

impl Cluster {
    /// Creates or replaces an item; answers null.
    pub async fn put(&self, call: &Call<'_>, task: &Task, put: &Put) -> Result<String> {
        let (address, ttl) = (&put.address, self.ttl(put.ttl_us)?);
        // Futures of the rarer ways are boxed: every put's runtime task would be as large as they are.
        if call.serial {
            Box::pin(self.write_serial(call, task, address, Some((&put.value, ttl)))).await?;
            return Ok("null".to_owned());
        }
        let key = self.key(address);
        let token = self.creations.token(key);
        let register = self.namespaces.register(self, address.path());
        let created_at = match self.creations.get(key, self.clock.now()) {
            Some(created_at) => {
                register.await?;
                Some(created_at)
            }
            None => {
                let before =
                    Box::pin(async { futures_util::try_join!(self.birth(call, address, key), register) });
                before.await?.0.map(|birth| birth.created_at)
            }
        };
        self.settle(call, address, key).await?;
        call.claim(task)?;
        let stamp = call.stamp(task, || self.times.next(key, self.clock.now()));
        let time = stamp.time_us;
        let created_at = created_at.unwrap_or(time);
        let cells = cells(&put.value, created_at, time, stamp.version, ttl);
        let values = cells.timed(time, Prefix(address.path()), address.key());
        let send = || self.session.execute_unpaged(&call.statements.put, &values);
        let outcome = self.ask(&call.statements.patience, send).await;
        outcome.map_err(|failure| error::write(call.kind, &failure))?;
        let expires_at = put.ttl_us.map(|ttl| self.clock.now().saturating_add(ttl));
        self.creations.note(token, Birth { created_at, expires_at, time }, self.clock.now());
        Ok("null".to_owned())
    }

    /// Removes an item; answers null, also when it was absent.
    pub async fn delete(&self, call: &Call<'_>, task: &Task, address: &Address) -> Result<String> {
        if call.serial {
            call.claim(task)?;
            Box::pin(self.write_serial(call, task, address, None)).await?;
        } else {
            let key = self.key(address);
            self.settle(call, address, key).await?;
            call.claim(task)?;
            let stamp = call.stamp(task, || self.times.next(key, self.clock.now()));
            self.delete_at(call, address, key, stamp.time_us).await?;
        }
        Ok("null".to_owned())
    }

    /// A plain delete with this write time.
    pub async fn delete_at(&self, call: &Call<'_>, address: &Address, key: KeyHash, time: i64) -> Result<()> {
        self.creations.forget(key);
        let values = (time, Prefix(address.path()), address.key());
        let send = || self.session.execute_unpaged(&call.statements.delete, values);
        let outcome = self.ask(&call.statements.patience, send).await;
        // Whatever the outcome: it may have been applied.
        self.creations.forget(key);
        outcome.map_err(|failure| error::write(call.kind, &failure))?;
        Ok(())
    }

    /// What a put keeps of the item, from the cluster.
    async fn birth(&self, call: &Call<'_>, address: &Address, key: KeyHash) -> Result<Option<Birth>> {
        let values = (Prefix(address.path()), address.key());
        let send = || self.session.execute_unpaged(&call.statements.birth, values);
        let result = self.ask(&call.statements.patience, send).await;
        let result = result.map_err(|failure| error::read(call.kind, &failure.error))?;
        let rows = result.into_rows_result().map_err(|error| unreadable(&error))?;
        let row = rows.maybe_first_row::<BirthRow<'_>>().map_err(|error| unreadable(&error))?;
        let birth = row.and_then(|row| row.birth(self.clock.now()));
        if let Some(birth) = birth {
            // Our put must win over the row it has read.
            self.times.note(key, birth.time);
        }
        Ok(birth)
    }

    /// A TTL as the cluster takes it: whole seconds, rounded up.
    ///
    /// Errors: `InvalidArg` at `ttl` above the server's limit (about 2038 on a stock Apache Cassandra).
    pub fn ttl(&self, ttl_us: Option<i64>) -> Result<Option<i32>> {
        let Some(ttl) = ttl_us.map(seconds) else { return Ok(None) };
        let limit = self.format.max_ttl_s;
        match i32::try_from(ttl) {
            Ok(ttl) if i64::from(ttl) <= i64::from(limit) => Ok(Some(ttl)),
            _ => {
                let text = format!(
                    "{ttl} seconds is above the cluster's limit of {limit} seconds from now \
                     (Apache Cassandra keeps expiries up to 2038 unless storage_compatibility_mode is NONE)"
                );
                Err(Error::invalid("ttl", text).with_details(format!("{{\"limit\":{limit}}}")))
            }
        }
    }
}

/// The cells of a write.
pub fn cells(value: &Value, created_at: i64, updated_at: i64, version: Uuid, ttl: Option<i32>) -> Cells<'_> {
    let version = Some(version);
    Cells { value: &value.text, created_at, updated_at, version, ttl, duplicates: value.duplicates }
}
