use super::moving::excess;
use super::{Charge, Decide, Hit, Kind, MovingUsage, Settled, Window, can_count, narrow};
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// The kind of [`AirtimeRateLimiter`](crate::AirtimeRateLimiter): a moving window in
/// bounded memory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Airtime;

impl Kind for Airtime {
    fn name(self) -> &'static str {
        "airtime"
    }
}

/// A moving window in bounded memory: units taken close to each other are released together.
///
/// For limits of many units, such as the milliseconds of airtime of a radio
/// band: 1 % of an hour is 36,000 of them. The period is cut into `B` buckets, a
/// power of two, from the first unit on. The units of a bucket are released
/// one period after its end, so **no interval of one period ever holds more
/// than the amount**; a unit counts for one period and at most one bucket (and
/// `B` microseconds) more: with 64 buckets an hour is held to 57 seconds more.
/// It takes `4 * B + 40` bytes, rounded up to 8; a call is O(B) and works on a
/// copy, on the stack.
///
/// A token bucket of an hour's budget does not do that: refilled at a steady
/// rate it passes nearly twice the budget in some hour, and refilled once an
/// hour twice. ETSI EN 300 220 limits the time on air within every hour.
///
/// Units can be [reserved](crate::RateLimiter::reserve): set aside for a
/// transmission that may fail, and in use until it is settled.
///
/// The limits of one key may differ in their amounts, to keep a part back for what
/// matters more, but must have one period.
///
/// A clock that went back puts units into the bucket that was open last.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AirtimeWindow<const B: usize> {
    /// The units of the buckets before the open one: a ring.
    closed: [u32; B],
    /// Where in the ring the bucket is that was closed last.
    last: u32,
    /// The units of the open bucket.
    open: u32,
    /// The units of all buckets.
    taken: u32,
    reserved: u32,
    /// When the open bucket is closed.
    closes_at: Timestamp,
    /// When the units taken last are released.
    released_at: Timestamp,
    /// The length of a bucket when units were last taken or reserved.
    width: Micros,
}

impl<const B: usize> AirtimeWindow<B> {
    /// How many buckets a period has: `B`.
    const BUCKETS: u64 = {
        assert!(
            B.is_power_of_two() && B <= 1 << 16,
            "an airtime window has a power of two of buckets, 65,536 at most"
        );
        B as u64
    };

    /// Forgets all units but the reserved ones, which are yet to be settled.
    pub fn clear(&mut self) {
        *self = Self {
            reserved: self.reserved,
            width: self.width,
            ..Window::EMPTY
        };
    }

    /// Sets the units aside if they fit; tells whether they did and how it stands now.
    ///
    /// They are in use until they are [settled](Self::settle_reserved), however long
    /// that takes.
    pub fn reserve(&mut self, hit: Hit) -> (bool, MovingUsage) {
        self.take(hit, |window, units, width| {
            window.reserved = window.reserved.saturating_add(narrow(units));
            window.width = width;
        })
    }

    /// Gives back `reserved` units and takes the `used` ones now, whether they fit or not.
    pub fn settle_reserved(&mut self, limit: Limit, reserved: u64, used: u64, now: Timestamp) {
        self.reserved = self.reserved.saturating_sub(narrow(reserved));
        if used > 0 {
            let width = Self::width(limit);
            self.advance(width, now);
            self.charge(used, width);
        }
    }

    fn take(&mut self, hit: Hit, take: impl FnOnce(&mut Self, u64, Micros)) -> (bool, MovingUsage) {
        let width = Self::width(hit.limit());
        let mut window = self.clone();
        window.advance(width, hit.now());
        if hit.cost() == 0 || !hit.fits(window.used()) {
            let usage = window.usage_of(hit, hit.cost(), width);
            if hit.cost() > 0 && window.closes_at < self.closes_at {
                *self = window;
            }
            return (usage.admits(hit), usage);
        }
        take(&mut window, hit.cost(), width);
        let usage = window.usage_of(hit, 0, width);
        *self = window;
        (true, usage)
    }

    fn usage_of(&self, hit: Hit, cost: u64, width: Micros) -> MovingUsage {
        let excess = excess(hit.limit(), self.used(), cost);
        MovingUsage {
            used: self.used(),
            reset_time: self.when_released(self.used().min(1), width, hit.now()),
            retry_at: self.when_released(excess, width, hit.now()),
            released_at: self.release(width),
        }
    }

    /// The bucket that closes, or closed, at an instant, if its units are not over.
    fn bucket_mut(&mut self, closes_at: Timestamp, width: Micros) -> Option<&mut u32> {
        if closes_at == self.closes_at {
            return Some(&mut self.open);
        }
        let mut closed_at = self.closes_at;
        for age in 0..B {
            closed_at = closed_at.saturating_sub(width);
            if closed_at == closes_at {
                let place = self.place().wrapping_sub(age) & (B - 1);
                return self.closed.get_mut(place);
            }
        }
        None
    }

    /// The span to the end of the open bucket, the length of a bucket, and
    /// the units of all buckets, oldest first, with the reserved ones in the last.
    pub(crate) fn saved(&self, now: Timestamp) -> (Micros, Micros, impl Iterator<Item = u32>) {
        let mut window = self.clone();
        window.advance(self.width, now);
        window.charge(self.reserved.into(), self.width);
        let left = window.closes_at.saturating_since(now);
        let buckets = (0..=B).map(move |number| match number {
            _ if number == B => window.open,
            _ => {
                let place = (window.place() + 1 + number) & (B - 1);
                window.closed.get(place).copied().unwrap_or_default()
            }
        });
        (left, self.width, buckets)
    }

    /// Makes the window of such parts, `slept` later; `None` if they hold too many units.
    pub(crate) fn restored(
        (left, width): (Micros, Micros),
        mut bucket: impl FnMut() -> Option<u32>,
        now: Timestamp,
        slept: Micros,
    ) -> Option<Self> {
        let mut window = Self {
            width,
            ..Window::EMPTY
        };
        for place in window.closed.iter_mut().chain([&mut window.open]) {
            *place = bucket()?;
            window.taken = window.taken.checked_add(*place)?;
        }
        if window.taken > 0 && width == Micros::ZERO {
            return None;
        }
        window.last = u32::try_from(B - 1).ok()?;
        // As if the clock had gone on through the sleep.
        window.closes_at = Timestamp::ZERO.saturating_add(left);
        let woken_at = Timestamp::ZERO.saturating_add(slept);
        window.advance(width, woken_at);
        let left = window.closes_at.saturating_since(woken_at);
        window.closes_at = now.saturating_add(left);
        window.released_at = window.when_released(window.taken.into(), width, now);
        Some(window)
    }

    pub(crate) const fn is_reserved(&self) -> bool {
        self.reserved > 0
    }

    fn used(&self) -> u64 {
        u64::from(self.taken) + u64::from(self.reserved)
    }

    /// When so many units have been released, `now` if that is none.
    fn when_released(&self, units: u64, width: Micros, now: Timestamp) -> Timestamp {
        if units == 0 {
            return now;
        }
        let (newer, older) = self.ring();
        let mut released = 0;
        let mut at = self.closes_at;
        for bucket in older.iter().chain(newer) {
            released += u64::from(*bucket);
            if released >= units {
                return at;
            }
            at = at.saturating_add(width);
        }
        at
    }

    /// The closed buckets in two parts, the second of which is older.
    fn ring(&self) -> (&[u32], &[u32]) {
        self.closed
            .split_at_checked(self.place() + 1)
            .unwrap_or((&self.closed, &[]))
    }

    fn place(&self) -> usize {
        usize::try_from(self.last).unwrap_or_default()
    }

    /// Closes the buckets that have ended, and so releases what is over. An end further
    /// away than that of a bucket which opens now was made by a clock that has gone back.
    fn advance(&mut self, width: Micros, now: Timestamp) {
        self.bring_closer(width, now);
        for _ in 0..=B {
            if self.taken == 0 {
                break;
            }
            if now < self.closes_at {
                return;
            }
            self.close();
            self.closes_at = self.closes_at.saturating_add(width);
        }
        self.closes_at = now.saturating_add(width);
    }

    fn bring_closer(&mut self, width: Micros, now: Timestamp) {
        let latest = now.saturating_add(width);
        if self.closes_at > latest {
            self.close_at(latest, width);
        }
    }

    /// Lets the open bucket end sooner.
    // Out of line: what hardly ever happens costs each turn of `advance` a register.
    #[cold]
    #[inline(never)]
    fn close_at(&mut self, latest: Timestamp, width: Micros) {
        let ahead = self.closes_at.saturating_since(latest);
        self.closes_at = latest;
        // One that was cut to the last instant lies no later than this.
        let released_at = self.released_at.saturating_sub(ahead);
        self.released_at = if self.released_at.as_micros() == u64::MAX {
            self.release(width)
        } else {
            released_at
        };
    }

    fn close(&mut self) {
        let next = (self.place() + 1) & (B - 1);
        self.last = u32::try_from(next).unwrap_or_default();
        if let Some(oldest) = self.closed.get_mut(next) {
            self.taken -= *oldest;
            *oldest = self.open;
            self.open = 0;
        }
    }

    /// Adds units to the open bucket; a window counts to 2^32 - 1.
    fn charge(&mut self, units: u64, width: Micros) {
        let units = narrow(units).min(u32::MAX - self.taken);
        self.open += units;
        self.taken += units;
        self.width = width;
        self.released_at = self.release(width);
    }

    /// When the units of the open bucket are released.
    fn release(&self, width: Micros) -> Timestamp {
        let buckets = width.as_micros().saturating_mul(Self::BUCKETS);
        self.closes_at.saturating_add(Micros::from_micros(buckets))
    }

    /// The length of a bucket: a `B`th of the period, rounded up.
    fn width(limit: Limit) -> Micros {
        let period = limit.period().as_micros();
        let rounded_up = period.saturating_add(Self::BUCKETS - 1);
        Micros::from_micros(rounded_up >> Self::BUCKETS.trailing_zeros())
    }
}

impl<const B: usize> Window for AirtimeWindow<B> {
    const EMPTY: Self = Self {
        closed: [0; B],
        last: 0,
        open: 0,
        taken: 0,
        reserved: 0,
        closes_at: Timestamp::ZERO,
        released_at: Timestamp::ZERO,
        width: Micros::ZERO,
    };

    fn can_hold(limit: Limit) -> bool {
        can_count(limit.amount())
    }

    /// When all is released: never while units are reserved.
    fn expires_at(&self) -> Timestamp {
        if self.reserved > 0 {
            return Timestamp::from_micros(u64::MAX);
        }
        self.released_at
    }

    fn bring_forward(&mut self, _period: Micros, now: Timestamp) {
        self.bring_closer(self.width, now);
    }
}

impl<const B: usize> Decide<Airtime> for AirtimeWindow<B> {
    type Usage = MovingUsage;

    fn acquire(&mut self, hit: Hit) -> (bool, MovingUsage) {
        self.take(hit, Self::charge)
    }

    /// Reserved units count as if they were taken now.
    fn peek(&self, hit: Hit) -> MovingUsage {
        let width = Self::width(hit.limit());
        let mut window = self.clone();
        window.advance(width, hit.now());
        window.usage_of(hit, hit.cost(), width)
    }

    /// O(B).
    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let width = Self::width(charge.limit());
        self.advance(width, now);
        let taken = self.taken;
        let span = width.as_micros().saturating_mul(Self::BUCKETS);
        let closes_at = charge
            .mark()
            .instant()
            .saturating_sub(Micros::from_micros(span));
        let Some(bucket) = self.bucket_mut(closes_at, width) else {
            return Settled::NOTHING;
        };
        let mut units = u64::from(*bucket);
        let settled = charge.settle_in(&mut units, used);
        let others = taken.saturating_sub(*bucket);
        *bucket = narrow(units).min(u32::MAX - others);
        self.taken = others + *bucket;
        settled
    }
}
