use super::RateLimiter;
use crate::decision::Decision;
use crate::item::RateLimitItem;
use crate::key::Identifiers;
use crate::storage::{Ask, ReserveSupport};
use crate::time::Clock;
use crate::window::Airtime;

/// Units set aside for work that may yet fail, such as a transmission.
///
/// Made by [`RateLimiter::reserve`]. [`commit`](Self::commit) takes what was
/// used; dropping it, as a cancelled task does, gives everything back, unless the
/// work has [started](Self::start).
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a reservation that is dropped is cancelled"]
pub struct SetAside<'a, S: ReserveSupport, C: Clock> {
    limiter: &'a RateLimiter<Airtime, S, C>,
    /// What is to be given back: of no cost once it is settled.
    ask: Ask<'a, Airtime>,
    is_started: bool,
    decision: Decision,
}

impl<S: ReserveSupport, C: Clock> SetAside<'_, S, C> {
    /// The answer to the reservation: what remains, and until when.
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
        let now = self.limiter.clock().now();
        let storage = self.limiter.storage();
        let (key, limit) = (self.ask.key(), self.ask.limit());
        storage.settle_reserved(key, limit, self.ask.cost(), used, now)?;
        self.ask = self.ask.with_cost(0);
        Ok(())
    }
}

impl<S: ReserveSupport, C: Clock> Drop for SetAside<'_, S, C> {
    fn drop(&mut self) {
        if self.ask.cost() > 0 {
            // The key has its room: there is nothing that a caller could do.
            let _ = self.settle(if self.is_started { self.ask.cost() } else { 0 });
        }
    }
}

impl<S: ReserveSupport, C: Clock> RateLimiter<Airtime, S, C> {
    /// Sets `cost` units aside, if they are left: for work that may fail or may
    /// turn out to need less. Or tells the decision that refuses it.
    ///
    /// The units are in use until the [`SetAside`] is committed or cancelled.
    /// Until then a refusal's `retry_after` counts them as if they were taken now,
    /// and neither `clear` nor `reset` gives them back.
    ///
    /// ```
    /// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
    /// use limits_core::{
    ///     AirtimeWindow, ManualClock, TableStorage, AirtimeRateLimiter, RateLimitItem,
    ///     poll_once,
    /// };
    ///
    /// /// 1 % of an hour, in milliseconds.
    /// const AIRTIME: RateLimitItem<'_> = RateLimitItem::per_hour(36_000);
    ///
    /// let bands = TableStorage::<NoopRawMutex, u8, AirtimeWindow<64>, 6>::new();
    /// let limiter = AirtimeRateLimiter::with_clock(&bands, ManualClock::default());
    ///
    /// let mut reservation = limiter.reserve(&AIRTIME, 1_u8, 1_500)?.expect("the band is unused");
    /// reservation.start();
    /// // … the transmission, of which 1.2 seconds went out.
    /// reservation.commit(1_200)?;
    ///
    /// let failed = limiter.reserve(&AIRTIME, 1_u8, 1_500)?.expect("there is much left");
    /// drop(failed);
    /// let stats = poll_once(limiter.get_window_stats(&AIRTIME, 1_u8)).expect("a table never waits")?;
    /// assert_eq!(stats.remaining, 34_800);
    /// # Ok::<(), limits_core::TableError>(())
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
    ) -> Result<Result<SetAside<'a, S, C>, Decision>, S::Error> {
        let ask = Ask::new(Airtime, item, identifiers, cost);
        let now = self.clock().now();
        if !ask.hit(now).is_possible() {
            return Ok(Err(Decision::never(ask.hit(now))));
        }
        let decision = self.storage().reserve(ask, now)?;
        Ok(if decision.allowed() {
            Ok(SetAside {
                limiter: self,
                ask,
                is_started: false,
                decision,
            })
        } else {
            Err(decision)
        })
    }
}
