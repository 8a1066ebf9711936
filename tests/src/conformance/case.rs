use core::fmt::Debug;
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU64, Ordering};

use limits_core::{Clock, Keeps, Micros, RateLimitItem, RateLimiter, Timestamp};

use super::fixture::Fixture;
use super::strategy::Tested;
use super::user::User;

/// The period of the limits in the suite, where none other is named: two seconds.
pub const PERIOD: Micros = Micros::from_secs(2);

/// The smallest step of time.
pub(super) const TICK: Micros = Micros::from_micros(1);

/// What one trial works with: a fixture, a strategy, and names that nobody else has.
#[derive(Debug)]
pub struct Case<F, K> {
    /// The storage, its clock and what they can do.
    pub fixture: F,
    strategy: PhantomData<K>,
}

impl<F: Fixture<Storage: Keeps<K>>, K: Tested> Case<F, K> {
    /// Makes the case of one trial.
    pub const fn new(fixture: F) -> Self {
        Self {
            fixture,
            strategy: PhantomData,
        }
    }

    /// Makes a limit of `amount` units per [`PERIOD`].
    #[must_use]
    pub fn item(&self, amount: u64) -> RateLimitItem<'static> {
        RateLimitItem::per_second(amount).with_multiples(NonZeroU32::MIN.saturating_add(1))
    }

    /// Makes somebody new with a limit of `amount` units per [`PERIOD`].
    #[must_use]
    pub fn user(&self, amount: u64) -> User<F, K> {
        self.user_of(self.item(amount), unique_id())
    }

    /// Makes somebody new whose limit is not over before the trial is.
    #[must_use]
    pub fn patient_user(&self, amount: u64) -> User<F, K> {
        self.user_of(RateLimitItem::per_hour(amount), unique_id())
    }

    /// Makes the somebody that `id` and `item` name.
    pub fn user_of(&self, item: RateLimitItem<'static>, id: impl Into<String>) -> User<F, K> {
        User {
            limiter: RateLimiter::with_clock(self.fixture.storage(), self.fixture.clock()),
            item,
            id: id.into(),
        }
    }

    /// Makes the same somebody, with another handle to the storage.
    #[must_use]
    pub fn again(&self, user: &User<F, K>) -> User<F, K> {
        self.user_of(user.item, &user.id)
    }

    /// Tells the instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.fixture.clock().now()
    }

    /// Lets `span` pass.
    pub async fn pass(&self, span: Micros) {
        self.fixture.pass(span).await;
    }

    /// Lets time pass up to `instant`, or so far after it that the storage is there too.
    pub async fn pass_to(&self, instant: Timestamp) {
        let instant = instant.saturating_add(self.fixture.tolerance());
        self.pass(instant.saturating_since(self.now())).await;
    }

    /// Lets time pass up to the last instant before `instant`, or the last one
    /// that is surely before it for the storage too.
    pub async fn pass_to_just_before(&self, instant: Timestamp) {
        let instant = instant.saturating_sub(self.fixture.tolerance().max(TICK));
        self.pass(instant.saturating_since(self.now())).await;
    }

    /// Lets so much time pass that nothing is left of any window of [`PERIOD`].
    pub async fn pass_everything(&self) {
        let end = self.now().saturating_add(times(PERIOD, K::PERIODS));
        self.pass_to(end).await;
    }

    /// Tells whether the storage's instants are those of the clock, to the microsecond.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.fixture.tolerance() == Micros::ZERO
    }

    /// Asserts that two instants are the same as far as the storage can tell.
    ///
    /// # Panics
    ///
    /// They are not.
    #[track_caller]
    pub fn assert_same(&self, actual: Timestamp, expected: Timestamp, state: &dyn Debug) {
        let late = actual.saturating_since(expected);
        let early = expected.saturating_since(actual);
        assert!(
            late.max(early) <= self.fixture.tolerance(),
            "{actual:?} should be {expected:?}, it is {late:?} late or {early:?} early: {state:?}"
        );
    }
}

/// Makes an identifier that no other trial has, in this process or another.
pub(super) fn unique_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("user-{:x}-{number:x}", std::process::id())
}

/// Tells `span` so many times.
pub(super) const fn times(span: Micros, factor: u64) -> Micros {
    Micros::from_micros(span.as_micros() * factor)
}

/// Tells the `parts`th part of `span`.
pub(super) const fn part(span: Micros, parts: u64) -> Micros {
    Micros::from_micros(span.as_micros() / parts)
}
