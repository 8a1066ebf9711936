use limits_core::window::{Increment, Incremented, MovingUsage, Window};
use limits_core::{
    Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindowSupport,
    SlidingWindow, SlidingWindowCounterSupport, Timestamp,
};

use super::script;
use super::{Connection, RedisBackend};
use crate::error::{StorageError, StorageErrorKind};

/// The largest number that scripts count to exactly: theirs are doubles.
const MOST_UNITS: u64 = (1 << 53) - 1;

/// The units that one hit on a moving window may cost: each is a list entry.
const MOST_ENTRIES: u64 = 1 << 20;

/// Longer periods, of 71,000 years and of 142, are as good as endless.
const LONGEST_MILLIS: u64 = 1 << 51;
const LONGEST_MICROS: u64 = 1 << 52;

impl<T> RedisBackend<T> {
    fn for_reading(&self) -> &Connection {
        self.replicas.as_ref().unwrap_or(&self.connection)
    }

    fn bounded(&self, cost: u64, most: u64) -> Result<u64, StorageError> {
        if cost <= most {
            return Ok(cost);
        }
        let reason = format!("a hit on this window costs at most {most} units");
        let kind = StorageErrorKind::Unsupported;
        Err(StorageError::new(kind, &self.backend, reason))
    }
}

impl<T> FixedWindowSupport for RedisBackend<T> {
    async fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> Result<Incremented, StorageError> {
        let amount = self.bounded(increment.amount, MOST_UNITS)?;
        let ceiling = or_unknown(increment.ceiling.map(|ceiling| ceiling.min(MOST_UNITS)));
        let elastic = u8::from(increment.elastic_expiry);
        let arguments = (amount, millis(increment.expiry), ceiling, elastic);
        let name = self.prefix.window(key);
        let answer = script::INCR
            .run(&self.connection, &[&name], arguments)
            .await;
        let (applied, count, left): (bool, i64, i64) =
            answer.map_err(|failure| self.error(failure))?;
        let window = fixed_window(count, left, now);
        Ok(Incremented { applied, window })
    }

    async fn get(&self, key: Key<'_>, now: Timestamp) -> Result<FixedWindow, StorageError> {
        let arguments = or_unknown(key.item().map(|item| millis(item.get_expiry())));
        let name = self.prefix.window(key);
        let answer = script::GET
            .run(self.for_reading(), &[&name], arguments)
            .await;
        let (count, left): (i64, i64) = answer.map_err(|failure| self.error(failure))?;
        Ok(fixed_window(count, left, now))
    }
}

impl<T> MovingWindowSupport for RedisBackend<T> {
    async fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let cost = self.bounded(cost, MOST_ENTRIES)?;
        let name = self.prefix.window(key);
        let arguments = moving_arguments(limit, cost);
        let answer = script::ACQUIRE_ENTRY
            .run(&self.connection, &[&name], arguments)
            .await;
        let reply: MovingReply = answer.map_err(|failure| self.error(failure))?;
        Ok(Decision::hit(
            reply.0,
            limit,
            cost,
            now,
            moving_usage(reply, now),
        ))
    }

    async fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<MovingUsage, StorageError> {
        let name = self.prefix.window(key);
        let arguments = moving_arguments(limit, cost.min(MOST_UNITS));
        let answer = script::GET_MOVING_WINDOW
            .run(self.for_reading(), &[&name], arguments)
            .await;
        let reply = answer.map_err(|failure| self.error(failure))?;
        Ok(moving_usage(reply, now))
    }
}

impl<T> SlidingWindowCounterSupport for RedisBackend<T> {
    async fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let cost = self.bounded(cost, MOST_UNITS)?;
        let period = limit.period();
        let arguments = (limit.amount().min(MOST_UNITS), millis(period), cost);
        let [current, previous] = self.prefix.sliding_window(key);
        let script = &script::ACQUIRE_SLIDING_WINDOW_ENTRY;
        let answer = script
            .run(&self.connection, &[&current, &previous], arguments)
            .await;
        let reply: (bool, i64, i64, i64, i64) = answer.map_err(|failure| self.error(failure))?;
        let (allowed, previous, previous_left, current, current_left) = reply;
        let counters = (previous, previous_left, current, current_left);
        let window = sliding_window(counters, period, now);
        Ok(Decision::hit(allowed, limit, cost, now, window))
    }

    async fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> Result<SlidingWindow, StorageError> {
        let [current, previous] = self.prefix.sliding_window(key);
        let script = &script::GET_SLIDING_WINDOW;
        let answer = script
            .run(self.for_reading(), &[&current, &previous], millis(period))
            .await;
        let counters = answer.map_err(|failure| self.error(failure))?;
        Ok(sliding_window(counters, period, now))
    }
}

/// Whether the cost fits, the units in use, the microseconds until the oldest is
/// released and those until the cost fits.
type MovingReply = (bool, u64, u64, u64);

/// The previous counter with the milliseconds until it is over, and the current one.
type SlidingReply = (i64, i64, i64, i64);

/// Writes what scripts may do without.
fn or_unknown(number: Option<u64>) -> i64 {
    number
        .and_then(|number| i64::try_from(number).ok())
        .unwrap_or(-1)
}

fn fixed_window(count: i64, left: i64, now: Timestamp) -> FixedWindow {
    match (u64::try_from(count), left) {
        // Python's negative costs can bring a counter below 0.
        (Err(_) | Ok(0), _) | (_, 0) => FixedWindow::EMPTY,
        (Ok(count), -1) => FixedWindow::new(count, Timestamp::from_micros(u64::MAX)),
        (Ok(count), _) => FixedWindow::new(count, after(now, left)),
    }
}

fn moving_arguments(limit: Limit, cost: u64) -> (u64, u64, u64) {
    let period = limit.period().as_micros().min(LONGEST_MICROS);
    (limit.amount().min(MOST_UNITS), period, cost)
}

fn moving_usage((_, used, reset, retry): MovingReply, now: Timestamp) -> MovingUsage {
    MovingUsage {
        used,
        reset_time: now.saturating_add(Micros::from_micros(reset)),
        retry_at: now.saturating_add(Micros::from_micros(retry)),
    }
}

fn sliding_window(
    (previous, previous_left, current, current_left): SlidingReply,
    period: Micros,
    now: Timestamp,
) -> SlidingWindow {
    let count = |count| u64::try_from(count).unwrap_or(0);
    let left = if previous > 0 && previous_left > 0 {
        previous_left
    } else if current_left > 0 {
        // The script's period: it may differ from `period`.
        current_left.saturating_sub_unsigned(millis(period))
    } else {
        return SlidingWindow::EMPTY;
    };
    let expires_at = after(now, left).saturating_add(period);
    SlidingWindow::new(count(previous), count(current), expires_at)
}

fn after(now: Timestamp, millis: i64) -> Timestamp {
    now.saturating_add(Micros::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// Tells a period in the unit of the server's expiries, none shorter than it is.
fn millis(period: Micros) -> u64 {
    period.as_micros().div_ceil(1_000).min(LONGEST_MILLIS)
}
