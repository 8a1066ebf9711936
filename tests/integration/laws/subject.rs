//! What is tested: each strategy on core's memory, behind one small trait.

use core::any::type_name;
use core::marker::PhantomData;
use core::num::NonZeroU32;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use heapless::String;
use limits_core::limiter::{self, RateLimiter, Strategy};
use limits_core::{
    Decision, FixedLog, FixedWindow, Granularity, ManualClock, MemoryError, MemoryStorage,
    MovingWindow, RateLimitItem, SlidingWindow, Storage, Timestamp, WindowStats, poll_once,
};
use limits_tests::model::{self, Answer, Model};

type Memory<W, const N: usize> = MemoryStorage<NoopRawMutex, String<64>, W, N>;

pub(crate) type Fixed<const N: usize = 8> =
    On<limiter::Fixed, Memory<FixedWindow, N>, model::Fixed, N>;
pub(crate) type Elastic<const N: usize = 8> =
    On<limiter::Elastic, Memory<FixedWindow, N>, model::Elastic, N>;
/// Its log has room for 16 units.
pub(crate) type Moving<const N: usize = 8> =
    On<limiter::Moving, Memory<MovingWindow<FixedLog<16>>, N>, model::Moving, N, 16>;
pub(crate) type Sliding<const N: usize = 8> =
    On<limiter::SlidingCounter, Memory<SlidingWindow, N>, model::Sliding, N>;

/// Checks a property of every strategy: `on_every_strategy!(property(arguments…))`,
/// or on tables of 2 slots: `on_every_strategy!(property::<2>(arguments…))`.
macro_rules! on_every_strategy {
    ($property:ident::<$slots:literal>($($argument:expr),+)) => {{
        use $crate::laws::subject::{Elastic, Fixed, Moving, Sliding};
        $property::<Fixed<$slots>>($($argument),+)?;
        $property::<Elastic<$slots>>($($argument),+)?;
        $property::<Moving<$slots>>($($argument),+)?;
        $property::<Sliding<$slots>>($($argument),+)?;
    }};
    ($property:ident($($argument:expr),+)) => {
        on_every_strategy!($property::<8>($($argument),+))
    };
}
pub(crate) use on_every_strategy;

/// The numbers of a limit; a period of more than `u32::MAX` seconds is of whole years.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) amount: u64,
    pub(crate) seconds: u64,
}

impl Rule {
    /// The period, in microseconds, at most `u64::MAX`.
    pub(crate) fn period(self) -> u64 {
        self.seconds.saturating_mul(1_000_000)
    }
}

/// One strategy on one storage; keys are numbers, instants are microseconds.
pub(crate) trait Subject {
    type Model: Model;

    /// How many keys the storage has room for.
    const SLOTS: usize;

    fn new(rule: Rule) -> Self;

    /// The limit, with no more units than the storage has room for.
    fn rule(&self) -> Rule;

    fn try_hit(&self, key: u16, cost: u64, now: u64) -> Result<Answer, MemoryError>;

    fn test(&self, key: u16, cost: u64, now: u64) -> Answer;

    fn stats(&self, key: u16, now: u64) -> WindowStats;

    fn clear(&self, key: u16);

    fn hit(&self, key: u16, cost: u64, now: u64) -> Answer {
        let hit = self.try_hit(key, cost, now);
        hit.expect("the table has a slot for every key")
    }

    fn model(&self) -> Self::Model {
        Self::Model::new(self.rule().amount, self.rule().period())
    }

    /// The name of the strategy.
    fn name() -> &'static str {
        let name = type_name::<Self::Model>();
        name.rsplit("::").next().unwrap_or(name)
    }
}

/// The strategy `W` on a storage `S` of `N` slots for limits of up to `LARGEST` units.
pub(crate) struct On<W, S, M, const N: usize, const LARGEST: u64 = { u64::MAX }> {
    limiter: RateLimiter<W, S, ManualClock>,
    rule: Rule,
    model: PhantomData<M>,
}

impl<W, S, M, const N: usize, const LARGEST: u64> On<W, S, M, N, LARGEST> {
    fn item(&self) -> RateLimitItem<'static> {
        let Rule { amount, seconds } = self.rule;
        let years = seconds / u64::from(Granularity::YEAR.seconds());
        let (unit, multiples) = match u32::try_from(seconds) {
            Ok(seconds) => (Granularity::SECOND, seconds),
            Err(_) => (Granularity::YEAR, u32::try_from(years).unwrap_or(u32::MAX)),
        };
        let multiples = NonZeroU32::new(multiples).expect("a period is not empty");
        RateLimitItem::new(amount, unit).with_multiples(multiples)
    }

    /// Puts the clock to `now` and hands out the limiter.
    fn at(&self, now: u64) -> &RateLimiter<W, S, ManualClock>
    where
        W: Strategy<S>,
        S: Storage,
    {
        self.limiter.clock().set(Timestamp::from_micros(now));
        &self.limiter
    }
}

impl<W, S, M, const N: usize, const LARGEST: u64> Subject for On<W, S, M, N, LARGEST>
where
    W: Default + Strategy<S>,
    S: Default + Storage<Error = MemoryError>,
    M: Model,
{
    type Model = M;

    const SLOTS: usize = N;

    fn new(rule: Rule) -> Self {
        let amount = rule.amount.min(LARGEST);
        Self {
            limiter: RateLimiter::with_clock(S::default(), ManualClock::default()),
            rule: Rule { amount, ..rule },
            model: PhantomData,
        }
    }

    fn rule(&self) -> Rule {
        self.rule
    }

    fn try_hit(&self, key: u16, cost: u64, now: u64) -> Result<Answer, MemoryError> {
        let item = self.item();
        let hit = poll_once(self.at(now).hit(&item, key, cost));
        hit.expect("memory never waits").map(answer)
    }

    fn test(&self, key: u16, cost: u64, now: u64) -> Answer {
        let item = self.item();
        let test = poll_once(self.at(now).test(&item, key, cost)).expect("memory never waits");
        answer(test.expect("a test needs no room"))
    }

    fn stats(&self, key: u16, now: u64) -> WindowStats {
        let item = self.item();
        let stats = poll_once(self.at(now).get_window_stats(&item, key));
        let stats = stats.expect("memory never waits");
        stats.expect("stats need no room")
    }

    fn clear(&self, key: u16) {
        let item = self.item();
        let cleared = poll_once(self.limiter.clear(&item, key)).expect("memory never waits");
        cleared.expect("the key fits the table");
    }
}

pub(crate) fn answer(decision: Decision) -> Answer {
    Answer {
        allowed: decision.allowed(),
        remaining: decision.remaining(),
        reset_time: decision.reset_time().as_micros(),
        retry_at: decision.retry_at().map(Timestamp::as_micros),
    }
}
