use redis::FromRedisValue;

use limits_core::window::{Increment, Incremented, MovingUsage, Window};
use limits_core::{
    Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindowSupport,
    SlidingWindow, SlidingWindowCounterSupport, Timestamp,
};

use super::backend::RedisBackend;
use super::script::{self, Script};
use crate::error::{StorageError, StorageErrorKind};

/// The largest number that scripts count to exactly: theirs are doubles.
const MOST_UNITS: i64 = (1 << 53) - 1;

/// The units that one hit on a moving window may cost: each is a list entry.
const MOST_ENTRIES: i64 = 1 << 20;

/// Longer periods, of 71,000 years and of 142, are as good as endless.
const LONGEST_MILLIS: i64 = 1 << 51;
const LONGEST_MICROS: i64 = 1 << 52;

/// What scripts may do without.
const UNKNOWN: i64 = -1;

impl<T> RedisBackend<T> {
    /// Asks a replica, if that is wished and one can answer, or the primary.
    async fn read<R: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&[u8]],
        arguments: &[i64],
    ) -> Result<R, StorageError> {
        if let Some(replicas) = &self.replicas {
            match script.run(replicas, keys, arguments).await {
                Err(failure) if failure.is_of_the_server() => {}
                answer => return answer.map_err(|failure| self.error(failure)),
            }
        }
        self.write(script, keys, arguments).await
    }

    async fn write<R: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&[u8]],
        arguments: &[i64],
    ) -> Result<R, StorageError> {
        let answer = script.run(&self.connection, keys, arguments).await;
        answer.map_err(|failure| self.error(failure))
    }

    fn bounded(&self, cost: u64, most: i64) -> Result<i64, StorageError> {
        let cost = i64::try_from(cost).ok().filter(|cost| *cost <= most);
        cost.ok_or_else(|| {
            let reason = format!("a hit on this window costs at most {most} units");
            StorageError::new(StorageErrorKind::Unsupported, &self.backend, reason)
        })
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
        let ceiling = increment.ceiling.map_or(UNKNOWN, most_units);
        let elastic = i64::from(increment.elastic_expiry);
        let arguments = [millis(increment.expiry), amount, ceiling, elastic];
        let name = self.prefix.window(key);
        let reply = self.write(&script::INCR, &[&name], &arguments).await?;
        let (applied, count, left): (bool, i64, i64) = reply;
        let window = fixed_window(count, left, now);
        Ok(Incremented { applied, window })
    }

    async fn get(&self, key: Key<'_>, now: Timestamp) -> Result<FixedWindow, StorageError> {
        let period = key.item().map(|item| millis(item.get_expiry()));
        let name = self.prefix.window(key);
        let arguments = [period.unwrap_or(UNKNOWN)];
        let (count, left) = self.read(&script::GET, &[&name], &arguments).await?;
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
        let units = self.bounded(cost, MOST_ENTRIES)?;
        let name = self.prefix.window(key);
        let arguments = [most_units(limit.amount()), micros(limit.period()), units];
        let script = &script::ACQUIRE_ENTRY;
        let reply: MovingReply = self.write(script, &[&name], &arguments).await?;
        let usage = moving_usage(reply, now);
        Ok(Decision::hit(reply.0, limit, cost, now, usage))
    }

    async fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<MovingUsage, StorageError> {
        let name = self.prefix.window(key);
        let (amount, cost) = (most_units(limit.amount()), most_units(cost));
        let arguments = [amount, micros(limit.period()), cost];
        let script = &script::GET_MOVING_WINDOW;
        let reply = self.read(script, &[&name], &arguments).await?;
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
        let units = self.bounded(cost, MOST_UNITS)?;
        let [current, previous] = self.prefix.sliding_window(key);
        let keys = [current.as_slice(), previous.as_slice()];
        let arguments = [most_units(limit.amount()), millis(limit.period()), units];
        let script = &script::ACQUIRE_SLIDING_WINDOW_ENTRY;
        let reply: (bool, i64, i64, i64, i64) = self.write(script, &keys, &arguments).await?;
        let (allowed, previous, previous_left, current, current_left) = reply;
        let counters = (previous, previous_left, current, current_left);
        let window = sliding_window(counters, limit.period(), now);
        Ok(Decision::hit(allowed, limit, cost, now, window))
    }

    async fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> Result<SlidingWindow, StorageError> {
        let [current, previous] = self.prefix.sliding_window(key);
        let keys = [current.as_slice(), previous.as_slice()];
        let script = &script::GET_SLIDING_WINDOW;
        let counters = self.read(script, &keys, &[millis(period)]).await?;
        Ok(sliding_window(counters, period, now))
    }
}

/// Whether the cost fits, the units in use, the microseconds until the oldest is
/// released and those until the cost fits.
type MovingReply = (bool, u64, u64, u64);

/// The previous counter with the milliseconds until it is over, and the current one.
type SlidingReply = (i64, i64, i64, i64);

fn fixed_window(count: i64, left: i64, now: Timestamp) -> FixedWindow {
    match (u64::try_from(count), left) {
        // Python's negative costs can bring a counter below 0.
        (Err(_) | Ok(0), _) | (_, 0) => FixedWindow::EMPTY,
        (Ok(count), -1) => FixedWindow::new(count, Timestamp::from_micros(u64::MAX)),
        (Ok(count), _) => FixedWindow::new(count, after(now, left)),
    }
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
        current_left - millis(period)
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
fn millis(period: Micros) -> i64 {
    at_most(period.as_micros().div_ceil(1_000), LONGEST_MILLIS)
}

fn micros(period: Micros) -> i64 {
    at_most(period.as_micros(), LONGEST_MICROS)
}

fn most_units(units: u64) -> i64 {
    at_most(units, MOST_UNITS)
}

fn at_most(number: u64, most: i64) -> i64 {
    i64::try_from(number).map_or(most, |number| number.min(most))
}
