use super::RateLimiter;
use crate::decision::Decision;
use crate::item::RateLimitItem;
use crate::key::{Identifiers, Key};
use crate::storage::Keeps;
use crate::strategy::StrategyName;
use crate::time::Clock;
use crate::window::{Charge, Elastic, Fixed, Gcra, Kind, Moving, Settled, SlidingCounter};

/// A kind of window whose units are taken when they are reserved, and settled later.
///
/// All but [`Airtime`](crate::window::Airtime), which sets them aside.
pub trait Charged: Kind {}

impl Charged for Fixed {}
impl Charged for Elastic {}
impl Charged for Moving {}
impl Charged for SlidingCounter {}
impl Charged for Gcra {}
impl Charged for StrategyName {}

/// Units taken for work whose cost is not known yet, such as the tokens of a language
/// model: an estimate, to be settled by what was used.
///
/// Made by [`RateLimiter::reserve`]. **A reservation that is dropped leaves its units
/// taken**, as a hit does: a task that was cancelled may have used them, and to give
/// them back takes a call to the storage. They are free again when their window is over.
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a reservation that is dropped leaves its units taken"]
pub struct Reservation<'a, K, S, C> {
    limiter: &'a RateLimiter<K, S, C>,
    key: Key<'a>,
    charge: Option<Charge>,
    decision: Decision,
}

impl<K: Charged, S: Keeps<K> + Sync, C: Clock + Sync> Reservation<'_, K, S, C> {
    /// The answer to the reservation: what remains, and until when.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Gives back what was not used, or takes what was used beyond the estimate, above
    /// the limit too: what was done is done, and the next has to wait.
    ///
    /// Nothing happens once the window of the reservation is over.
    ///
    /// # Errors
    ///
    /// The storage's. The reservation may have been settled or not; it is not tried
    /// again, since that might give units back twice.
    pub async fn settle(self, used: u64) -> Result<Settled, S::Error> {
        let Some(charge) = self.charge else {
            return Ok(Settled::NOTHING);
        };
        let (strategy, now) = (self.limiter.strategy(), self.limiter.clock().now());
        let storage = self.limiter.storage();
        storage.settle(strategy, self.key, charge, used, now).await
    }

    /// Gives all units back.
    ///
    /// # Errors
    ///
    /// As [`settle`](Self::settle).
    pub async fn cancel(self) -> Result<Settled, S::Error> {
        self.settle(0).await
    }
}

impl<K: Charged, S: Keeps<K>, C: Clock> RateLimiter<K, S, C> {
    /// Takes the `estimate` of what some work will cost, if it is left, to be settled
    /// when the cost is known. Or answers with the decision that refuses it.
    ///
    /// ```
    /// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
    /// use limits_core::{
    ///     FixedWindow, FixedWindowRateLimiter, ManualClock, RateLimitItem, TableStorage,
    /// };
    ///
    /// # async fn answer() -> Result<(), limits_core::TableError> {
    /// let storage = TableStorage::<CriticalSectionRawMutex, u8, FixedWindow, 4>::new();
    /// let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
    /// let tokens = RateLimitItem::per_minute(100);
    ///
    /// let reservation = limiter.reserve(&tokens, 7_u8, 30).await?.expect("100 are left");
    /// assert_eq!(reservation.decision().remaining(), 70);
    /// // … the answer of the model, which took 12 of them.
    /// assert_eq!(reservation.settle(12).await?.given_back, 18);
    /// assert_eq!(limiter.get_window_stats(&tokens, 7_u8).await?.remaining, 88);
    /// # Ok(())
    /// # }
    /// # limits_core::poll_once(answer()).expect("a table never waits")?;
    /// # Ok::<(), limits_core::TableError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The storage's, when it can't decide. Being refused is the inner result.
    pub async fn reserve<'a>(
        &'a self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        estimate: u64,
    ) -> Result<Result<Reservation<'a, K, S, C>, Decision>, S::Error> {
        let identifiers = identifiers.into();
        let decision = self.hit(item, identifiers, estimate).await?;
        Ok(if decision.allowed() {
            Ok(Reservation {
                limiter: self,
                key: item.key_for(identifiers),
                charge: decision.charge(),
                decision,
            })
        } else {
            Err(decision)
        })
    }
}
