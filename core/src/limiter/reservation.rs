use super::{Moving, RateLimiter};
use crate::decision::Decision;
use crate::item::{Limit, RateLimitItem};
use crate::key::{Identifiers, Key};
use crate::storage::ReserveSupport;
use crate::time::Clock;

/// Units set aside for work that may yet fail, such as a transmission.
///
/// Made by [`RateLimiter::reserve`]. [`commit`](Self::commit) takes what was
/// used; dropping it, as a cancelled task does, gives everything back, unless the
/// work has [started](Self::start).
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a reservation that is dropped is cancelled"]
pub struct Reservation<'a, S: ReserveSupport, C: Clock> {
    limiter: &'a RateLimiter<Moving, S, C>,
    key: Key<'a>,
    limit: Limit,
    /// What is to be given back: nothing once it is settled.
    cost: u64,
    is_started: bool,
    decision: Decision,
}

impl<S: ReserveSupport, C: Clock> Reservation<'_, S, C> {
    /// Tells the answer to the reservation: what remains, and until when.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Says that the work begins: dropped from now on, all of the units are taken,
    /// since nobody knows how many were used. Call it before a transmission.
    pub const fn start(&mut self) {
        self.is_started = true;
    }

    /// Takes the `used` units in place of those set aside, from now on.
    ///
    /// If more was used than set aside all of it is taken, above the limit too:
    /// what was done is done, and the next has to wait.
    ///
    /// # Errors
    ///
    /// The storage's; then it is as if it were dropped.
    pub fn commit(mut self, used: u64) -> Result<(), S::Error> {
        self.settle(used)
    }

    /// Gives the units back, also when the work had started.
    ///
    /// # Errors
    ///
    /// The storage's; then it is as if it were dropped.
    pub fn cancel(mut self) -> Result<(), S::Error> {
        self.settle(0)
    }

    fn settle(&mut self, used: u64) -> Result<(), S::Error> {
        let now = self.limiter.clock.now();
        let storage = &self.limiter.storage;
        storage.settle(self.key, self.limit, self.cost, used, now)?;
        self.cost = 0;
        Ok(())
    }
}

impl<S: ReserveSupport, C: Clock> Drop for Reservation<'_, S, C> {
    fn drop(&mut self) {
        if self.cost > 0 {
            // The key has its room: there is nothing that a caller could do.
            let _ = self.settle(if self.is_started { self.cost } else { 0 });
        }
    }
}

impl<S: ReserveSupport, C: Clock> RateLimiter<Moving, S, C> {
    /// Sets `cost` units aside, if they are left: for work that may fail or may
    /// turn out to need less. Or tells the decision that refuses it.
    ///
    /// The units are in use until the [`Reservation`] is committed or cancelled.
    /// Until then a refusal's `retry_after` counts them as if they were taken now,
    /// and neither `clear` nor `reset` gives them back.
    ///
    /// ```
    /// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
    /// use limits_core::{
    ///     AirtimeWindow, ManualClock, MemoryStorage, MovingWindowRateLimiter, RateLimitItem,
    ///     poll_once,
    /// };
    ///
    /// /// 1 % of an hour, in milliseconds.
    /// const AIRTIME: RateLimitItem<'_> = RateLimitItem::per_hour(36_000);
    ///
    /// let bands = MemoryStorage::<NoopRawMutex, u8, AirtimeWindow<64>, 6>::new();
    /// let limiter = MovingWindowRateLimiter::with_clock(&bands, ManualClock::default());
    ///
    /// let mut reservation = limiter.reserve(&AIRTIME, 1_u8, 1_500)?.expect("the band is unused");
    /// reservation.start();
    /// // … the transmission, of which 1.2 seconds went out.
    /// reservation.commit(1_200)?;
    ///
    /// let failed = limiter.reserve(&AIRTIME, 1_u8, 1_500)?.expect("there is much left");
    /// drop(failed);
    /// let stats = poll_once(limiter.get_window_stats(&AIRTIME, 1_u8)).expect("memory never waits")?;
    /// assert_eq!(stats.remaining, 34_800);
    /// # Ok::<(), limits_core::MemoryError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The storage's, when it can't decide. Being refused is the inner result.
    pub fn reserve<'a>(
        &'a self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> Result<Result<Reservation<'a, S, C>, Decision>, S::Error> {
        let (key, limit, now) = (item.key_for(identifiers), item.limit(), self.clock.now());
        if cost > limit.amount() {
            return Ok(Err(Decision::never(limit, cost, now)));
        }
        let decision = self.storage.reserve(key, limit, cost, now)?;
        Ok(if decision.allowed() {
            Ok(Reservation {
                limiter: self,
                key,
                limit,
                cost,
                is_started: false,
                decision,
            })
        } else {
            Err(decision)
        })
    }
}
