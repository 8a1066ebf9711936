//! The hits that all strategies decide on.

use limits::RateLimitItem;
use limits::limits_core::Micros;

use crate::failure::Failure;

const LARGEST_AMOUNT: u64 = 1_000;
const LONGEST_PERIOD: Micros = Micros::from_secs(360 * 86_400);

/// How much time there is to see, in percent of a period.
const SPAN_PERCENT: u64 = 400;

/// Hits spread evenly over a stretch of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    from_percent: u64,
    to_percent: u64,
    units_percent: u64,
}

impl Phase {
    /// `percents` are those of the period it lasts from and to, and that of the amount it hits.
    const fn new(name: &'static str, percents: [u64; 3]) -> Self {
        let [from_percent, to_percent, units_percent] = percents;
        Self {
            name,
            from_percent,
            to_percent,
            units_percent,
        }
    }
}

/// The first window of the fixed strategy ends after 100 percent of a period.
pub(super) const PHASES: [Phase; 5] = [
    Phase::new("a calm start", [0, 80, 40]),
    Phase::new("a burst before the window ends", [90, 99, 60]),
    Phase::new("a burst right after", [102, 117, 100]),
    Phase::new("hammering", [130, 250, 240]),
    Phase::new("a burst after a quiet time", [365, 383, 120]),
];

/// One hit of one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) at: Micros,
    pub(super) phase: usize,
}

/// A limit, and hits that show how the strategies differ on it.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) item: RateLimitItem<'static>,
    pub(super) hits: Vec<Hit>,
}

impl Pattern {
    /// Makes the pattern for a limit.
    pub(super) fn new(item: RateLimitItem<'static>) -> Result<Self, Failure> {
        if !(1..=LARGEST_AMOUNT).contains(&item.amount()) || item.get_expiry() > LONGEST_PERIOD {
            let reason = format!(
                "the demonstration shows limits of 1 to {LARGEST_AMOUNT} units in at most a year, \
                 not {item}"
            );
            return Err(Failure::Usage(reason));
        }
        let mut pattern = Self {
            item,
            hits: Vec::new(),
        };
        for (index, phase) in PHASES.iter().enumerate() {
            pattern.spread(index, phase);
        }
        Ok(pattern)
    }

    /// Tells how long the period of the limit is.
    pub(super) const fn period(&self) -> Micros {
        self.item.get_expiry()
    }

    /// Tells how much time there is to see.
    pub(super) fn span(&self) -> Micros {
        self.percent(SPAN_PERCENT)
    }

    /// Tells from when to when a phase lasts.
    pub(super) fn stretch(&self, phase: &Phase) -> (Micros, Micros) {
        (
            self.percent(phase.from_percent),
            self.percent(phase.to_percent),
        )
    }

    fn spread(&mut self, index: usize, phase: &Phase) {
        let units = (self.item.amount() * phase.units_percent).div_ceil(100);
        let (from, to) = self.stretch(phase);
        let length = to.as_micros() - from.as_micros();
        self.hits.extend((0..units).map(|unit| Hit {
            at: Micros::from_micros(from.as_micros() + length * unit / units),
            phase: index,
        }));
    }

    /// The longest period is far from where this would be too much.
    const fn percent(&self, percent: u64) -> Micros {
        Micros::from_micros(self.period().as_micros() / 100 * percent)
    }
}
