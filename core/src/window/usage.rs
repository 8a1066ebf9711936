use super::{FixedWindow, GcraWindow, Hit, Mark, MovingUsage, SlidingWindow};
use crate::time::Timestamp;

/// What a decision was made from, and is worked out from when asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Usage {
    /// Nothing was read: an untouched key.
    Untouched,
    /// A fixed window, elastic or not.
    Fixed(FixedWindow),
    /// A moving window.
    Moving(MovingUsage),
    /// A sliding window counter.
    Sliding(SlidingWindow),
    /// A bucket that refills evenly.
    Gcra(GcraWindow),
    /// A window of another kind.
    Plain(PlainUsage),
    /// No window: the key is blocked until an instant.
    Blocked(Timestamp),
}

/// What a window of a kind of your own says about one hit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PlainUsage {
    /// The units in use.
    pub used: u64,
    /// When anything is released; the instant of the hit if there is nothing.
    pub reset_time: Timestamp,
    /// When the cost fits; the instant of the hit if it does already.
    pub retry_at: Timestamp,
    /// The window that an admitted hit took its units from.
    pub mark: Mark,
}

// A `hit` here is the one that was decided on.
impl Usage {
    #[inline(always)]
    pub(crate) fn admits(&self, hit: Hit) -> bool {
        match self {
            Self::Untouched => hit.is_possible(),
            Self::Fixed(window) => window.admits(hit),
            Self::Moving(usage) => usage.admits(hit),
            Self::Sliding(window) => window.admits(hit),
            Self::Gcra(window) => window.admits(hit),
            Self::Plain(usage) => usage.retry_at <= hit.now(),
            Self::Blocked(until) => *until <= hit.now(),
        }
    }

    pub(crate) fn used(&self, hit: Hit) -> u64 {
        let (limit, now) = (hit.limit(), hit.now());
        match self {
            Self::Untouched => 0,
            Self::Fixed(window) => window.count(now),
            Self::Moving(usage) => usage.used,
            Self::Sliding(window) => window.used(limit.period(), now),
            Self::Gcra(window) => window.used(limit.period(), now),
            Self::Plain(usage) => usage.used,
            Self::Blocked(until) if now < *until => limit.amount(),
            Self::Blocked(_) => 0,
        }
    }

    pub(crate) fn reset_time(&self, hit: Hit) -> Timestamp {
        let (period, now) = (hit.limit().period(), hit.now());
        let reset_time = match self {
            Self::Untouched => now,
            Self::Fixed(window) => window.reset_time(hit),
            Self::Moving(usage) => usage.reset_time,
            Self::Sliding(window) => window.reset_time(period, now),
            Self::Gcra(window) => window.reset_time(period, now),
            Self::Plain(usage) => usage.reset_time,
            Self::Blocked(until) => *until,
        };
        reset_time.max(now)
    }

    /// When the hit, whose cost is at most the amount, fits.
    pub(crate) fn retry_at(&self, hit: Hit) -> Timestamp {
        let retry_at = match self {
            Self::Untouched => hit.now(),
            Self::Fixed(window) => window.retry_at(hit),
            Self::Moving(usage) => usage.retry_at,
            Self::Sliding(window) => window.retry_at(hit),
            Self::Gcra(window) => window.retry_at(hit),
            Self::Plain(usage) => usage.retry_at,
            Self::Blocked(until) => *until,
        };
        retry_at.max(hit.now())
    }

    /// The window that the hit took its units from, if it took some.
    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Fixed(window) => window.mark(),
            Self::Moving(usage) => usage.mark(),
            Self::Sliding(window) => window.mark(),
            Self::Gcra(window) => window.mark(),
            Self::Plain(usage) => usage.mark,
            Self::Untouched | Self::Blocked(_) => Mark::default(),
        }
    }

    /// The same by another clock: what was `from` is `to`. What was over before is over then.
    pub(crate) fn moved(self, from: Timestamp, to: Timestamp) -> Self {
        let moved = |instant: Timestamp| to.saturating_add(instant.saturating_since(from));
        match self {
            Self::Untouched => Self::Untouched,
            Self::Fixed(window) => FixedWindow::new(window.count(from), moved(window.end())).into(),
            Self::Moving(usage) => Self::Moving(MovingUsage {
                used: usage.used,
                reset_time: moved(usage.reset_time),
                retry_at: moved(usage.retry_at),
                released_at: moved(usage.released_at),
            }),
            Self::Sliding(window) => {
                let (previous, current) = (window.previous(), window.current());
                SlidingWindow::new(previous, current, moved(window.end())).into()
            }
            Self::Gcra(window) => {
                let window = window.at(from);
                let (missing, since) = (window.missing(), moved(window.since()));
                GcraWindow::new(missing, since, window.rate(), window.given()).into()
            }
            Self::Plain(usage) => Self::Plain(PlainUsage {
                reset_time: moved(usage.reset_time),
                retry_at: moved(usage.retry_at),
                ..usage
            }),
            Self::Blocked(until) => Self::Blocked(moved(until)),
        }
    }

    /// What is missing from a bucket, nothing of other windows.
    pub(crate) const fn missing(&self) -> u128 {
        match self {
            Self::Gcra(window) => window.missing(),
            _ => 0,
        }
    }
}

impl From<FixedWindow> for Usage {
    #[inline(always)]
    fn from(window: FixedWindow) -> Self {
        Self::Fixed(window)
    }
}

impl From<MovingUsage> for Usage {
    #[inline(always)]
    fn from(usage: MovingUsage) -> Self {
        Self::Moving(usage)
    }
}

impl From<SlidingWindow> for Usage {
    #[inline(always)]
    fn from(window: SlidingWindow) -> Self {
        Self::Sliding(window)
    }
}

impl From<GcraWindow> for Usage {
    #[inline(always)]
    fn from(window: GcraWindow) -> Self {
        Self::Gcra(window)
    }
}

impl From<GcraWindow<u64>> for Usage {
    #[inline(always)]
    fn from(window: GcraWindow<u64>) -> Self {
        Self::Gcra(window.widened())
    }
}

impl From<PlainUsage> for Usage {
    #[inline(always)]
    fn from(usage: PlainUsage) -> Self {
        Self::Plain(usage)
    }
}
