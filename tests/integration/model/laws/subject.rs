//! What is tested: each strategy on each memory, behind one small trait.

use core::any::type_name;
use core::marker::PhantomData;
use core::num::NonZeroU32;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use heapless::String;
use limits::StorageErrorKind;
use limits_core::table::{TableKey, TableWindow};
use limits_core::window::{self, Charge, Kind, Settled};
use limits_core::{
    AirtimeWindow, Decision, FixedLog, FixedWindow, GcraWindow, Granularity, Keeps, Limit,
    ManualClock, Micros, MovingWindow, RateLimitItem, RateLimiter, SlidingWindow, Storage,
    TableError, TableStorage, Timestamp, WindowStats, poll_once,
};
use limits_tests::model::{self, Answer, Model};

/// As many units as the tables' logs have room for, and the model has time for.
const LARGEST_LOG: u64 = 16;

/// The strategies on tables of fixed capacity.
pub(crate) mod table {
    use super::*;

    type Memory<W, const N: usize> = TableStorage<NoopRawMutex, String<64>, W, N>;
    type Log = MovingWindow<FixedLog<16>>;

    pub(crate) type Fixed<const N: usize> =
        On<window::Fixed, Memory<FixedWindow, N>, model::Fixed, N>;
    pub(crate) type Elastic<const N: usize> =
        On<window::Elastic, Memory<FixedWindow, N>, model::Elastic, N>;
    pub(crate) type Moving<const N: usize> =
        On<window::Moving, Memory<Log, N>, model::Moving, N, LARGEST_LOG>;
    pub(crate) type Sliding<const N: usize> =
        On<window::SlidingCounter, Memory<SlidingWindow, N>, model::Sliding, N>;
    pub(crate) type Gcra<const N: usize> =
        On<window::Gcra, Memory<GcraWindow<u64>, N>, model::Gcra, N>;
    /// Of few buckets, so that a game comes to the edges of each.
    pub(crate) type Airtime<const N: usize> =
        On<window::Airtime, Memory<AirtimeWindow<4>, N>, model::Airtime<4>, N>;
}

/// The strategies in the memory of a server.
pub(crate) mod server {
    use super::*;
    use limits::MemoryStorage;

    pub(crate) type Fixed<const N: usize> = On<window::Fixed, MemoryStorage, model::Fixed, N>;
    pub(crate) type Elastic<const N: usize> = On<window::Elastic, MemoryStorage, model::Elastic, N>;
    pub(crate) type Moving<const N: usize> =
        On<window::Moving, MemoryStorage, model::Moving, N, LARGEST_LOG>;
    pub(crate) type Sliding<const N: usize> =
        On<window::SlidingCounter, MemoryStorage, model::Sliding, N>;
    pub(crate) type Gcra<const N: usize> = On<window::Gcra, MemoryStorage, model::Gcra, N>;
}

/// Checks a property of some strategies on every storage:
/// `on_every_storage!(Fixed, Elastic: property(arguments…))`, or on storages
/// with room for 2 keys: `on_every_storage!(Fixed: property::<2>(arguments…))`.
macro_rules! on_every_storage {
    ($($strategy:ident),+: $property:ident::<$slots:literal> $arguments:tt) => {{
        use $crate::laws::subject::{server, table};
        $(
            $property::<table::$strategy<$slots>> $arguments?;
            $property::<server::$strategy<$slots>> $arguments?;
        )+
    }};
    ($($strategy:ident),+: $property:ident $arguments:tt) => {
        $crate::laws::subject::on_every_storage!($($strategy),+: $property::<8> $arguments)
    };
}
pub(crate) use on_every_storage;

/// Checks a property of every strategy on every storage.
macro_rules! on_every_strategy {
    ($property:ident::<$slots:literal> $arguments:tt) => {{
        $crate::laws::subject::on_every_storage!(
            Fixed, Elastic, Moving, Sliding, Gcra: $property::<$slots> $arguments
        );
        $property::<$crate::laws::subject::table::Airtime<$slots>> $arguments?;
    }};
    ($property:ident $arguments:tt) => {
        $crate::laws::subject::on_every_strategy!($property::<8> $arguments)
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

    /// Whether any hit may forget windows that are over, not only one that needs their room.
    const SWEEPS: bool;

    fn new(rule: Rule) -> Self;

    /// The period to which a full storage brings windows forward.
    fn brings_forward_to(&self) -> u64;

    /// The limit, with no more units than the storage has room for.
    fn rule(&self) -> Rule;

    /// Hits, or finds the storage full.
    fn try_hit(&self, key: u16, cost: u64, now: u64) -> Option<Answer>;

    fn test(&self, key: u16, cost: u64, now: u64) -> Answer;

    fn stats(&self, key: u16, now: u64) -> WindowStats;

    fn clear(&self, key: u16);

    fn hit(&self, key: u16, cost: u64, now: u64) -> Answer {
        let hit = self.try_hit(key, cost, now);
        hit.expect("the storage has room for every key")
    }

    fn model(&self) -> Self::Model {
        Self::Model::new(self.rule().amount, self.rule().period())
    }

    /// The name of the strategy and the storage.
    fn name() -> &'static str {
        type_name::<Self>()
    }
}

/// What a hit took, to be settled.
#[derive(Debug)]
pub(crate) struct Held(Charge);

/// A strategy whose hits can be settled; they are all of key 0.
pub(crate) trait Settles: Subject {
    /// Hits, and tells what that took.
    fn charge(&self, cost: u64, now: u64) -> (Answer, Option<Held>);

    fn settle(&self, held: Held, used: u64, now: u64) -> Settled;
}

impl<K, S, M, const N: usize, const LARGEST: u64> Settles for On<K, S, M, N, LARGEST>
where
    K: Default + Kind,
    S: Bounded + Keeps<K>,
    M: Model,
{
    fn charge(&self, cost: u64, now: u64) -> (Answer, Option<Held>) {
        let item = self.item();
        let hit = poll_once(self.at(now).hit(&item, 0_u16, cost)).expect("memory never waits");
        let hit = hit.expect("there is room for a key");
        (answer(hit), hit.charge().map(Held))
    }

    fn settle(&self, held: Held, used: u64, now: u64) -> Settled {
        let item = self.item();
        let settle = self.at(now).settle(&item, 0_u16, held.0, used);
        let settled = poll_once(settle).expect("memory never waits");
        settled.expect("the key fits")
    }
}

/// A storage in memory with a bound on its keys.
pub(crate) trait Bounded: Storage {
    const SWEEPS: bool;

    fn with_room_for(keys: usize) -> Self;

    fn is_full(error: &Self::Error) -> bool;

    /// Whether the storage counts as far as a limit needs.
    fn can_hold(limit: Limit) -> bool;

    /// The period to which a full storage brings windows forward that a clock left which
    /// has gone back, where the periods of all are `period`.
    fn brings_forward_to(period: u64) -> u64;
}

impl<K: TableKey, W: TableWindow, const N: usize> Bounded for TableStorage<NoopRawMutex, K, W, N> {
    const SWEEPS: bool = false;

    fn with_room_for(keys: usize) -> Self {
        assert_eq!(keys, N);
        Self::new()
    }

    fn is_full(error: &TableError) -> bool {
        *error == TableError::Full
    }

    fn can_hold(limit: Limit) -> bool {
        W::fits_slot(limit)
    }

    /// A table keeps the longest period in steps of 2^20 microseconds, up to 4 years.
    fn brings_forward_to(period: u64) -> u64 {
        let steps = period >> 20;
        if steps < (1 << 27) - 1 {
            (steps + 1) << 20
        } else {
            u64::MAX
        }
    }
}

impl Bounded for limits::MemoryStorage {
    const SWEEPS: bool = true;

    fn with_room_for(keys: usize) -> Self {
        Self::with_max_keys(keys)
    }

    fn is_full(error: &limits::StorageError) -> bool {
        error.kind() == StorageErrorKind::Full
    }

    fn can_hold(_limit: Limit) -> bool {
        true
    }

    fn brings_forward_to(period: u64) -> u64 {
        period
    }
}

/// The largest of a few amounts up to `amount` that a storage can hold.
fn largest<S: Bounded>(amount: u64, period: u64) -> u64 {
    let bucket = ((1 << 63) - 1) / period.max(1);
    let amounts = [amount, u32::MAX.into(), bucket, LARGEST_LOG, 0];
    let holds = |amount: &u64| S::can_hold(Limit::new(*amount, Micros::from_micros(period)));
    let amounts = amounts.into_iter().filter(|largest| *largest <= amount);
    amounts.filter(holds).max().unwrap_or_default()
}

/// The strategy `K` on a storage `S` of `N` keys for limits of up to `LARGEST` units.
pub(crate) struct On<K, S, M, const N: usize, const LARGEST: u64 = { u64::MAX }> {
    limiter: RateLimiter<K, S, ManualClock>,
    rule: Rule,
    model: PhantomData<M>,
}

impl<K, S, M, const N: usize, const LARGEST: u64> On<K, S, M, N, LARGEST> {
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
    fn at(&self, now: u64) -> &RateLimiter<K, S, ManualClock>
    where
        K: Kind,
        S: Keeps<K>,
    {
        self.limiter.clock().set(Timestamp::from_micros(now));
        &self.limiter
    }
}

impl<K, S, M, const N: usize, const LARGEST: u64> Subject for On<K, S, M, N, LARGEST>
where
    K: Default + Kind,
    S: Bounded + Keeps<K>,
    M: Model,
{
    type Model = M;

    const SLOTS: usize = N;

    const SWEEPS: bool = S::SWEEPS;

    fn brings_forward_to(&self) -> u64 {
        S::brings_forward_to(self.rule.period())
    }

    fn new(rule: Rule) -> Self {
        let amount = largest::<S>(rule.amount.min(LARGEST), rule.period());
        Self {
            limiter: RateLimiter::with_clock(S::with_room_for(N), ManualClock::default()),
            rule: Rule { amount, ..rule },
            model: PhantomData,
        }
    }

    fn rule(&self) -> Rule {
        self.rule
    }

    fn try_hit(&self, key: u16, cost: u64, now: u64) -> Option<Answer> {
        let item = self.item();
        let hit = poll_once(self.at(now).hit(&item, key, cost));
        match hit.expect("memory never waits") {
            Err(error) if S::is_full(&error) => None,
            hit => Some(answer(hit.expect("only a full storage fails"))),
        }
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
        cleared.expect("the key fits the storage");
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
