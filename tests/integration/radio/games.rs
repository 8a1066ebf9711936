//! What a window may live through: limits, costs, and what the clock does.

use limits_core::{Limit, Micros};
use proptest::collection::vec;
use proptest::prelude::*;

/// Hits on one window of any number of buckets.
#[derive(Clone, Debug)]
pub(super) struct Game {
    pub(super) limit: Limit,
    pub(super) start: u64,
    pub(super) steps: Vec<(Move, u64)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    /// So many microseconds.
    Micros(u64),
    /// So many thousandths of a period.
    Share(u64),
    /// To so many microseconds after the edge of a 64th, or before it.
    Edge(u64, i64),
    /// So many periods, and some microseconds more or less.
    Periods(u64, i64),
    /// To so many microseconds after the last answer's retry time, or before it.
    Retry(i64),
    /// Back by so many thousandths of a period.
    Back(u64),
}

impl Move {
    pub(super) fn of(self, game: &Game, now: u64, retry_at: u64) -> u64 {
        let period = game.limit.period().as_micros();
        let share = |share| u64::try_from(u128::from(period) * u128::from(share) / 1_000);
        let bucket = period.div_ceil(64);
        let next = match self {
            Self::Micros(micros) => now.saturating_add(micros),
            Self::Share(thousandths) => now.saturating_add(share(thousandths).unwrap_or(u64::MAX)),
            Self::Edge(number, offset) => {
                let edge = (now - game.start.min(now)) / bucket + number;
                let edge = game.start.saturating_add(edge.saturating_mul(bucket));
                edge.saturating_add_signed(offset)
            }
            Self::Periods(count, offset) => {
                let span = period.saturating_mul(count);
                now.saturating_add(span).saturating_add_signed(offset)
            }
            Self::Retry(offset) => retry_at.saturating_add_signed(offset),
            Self::Back(thousandths) => {
                return now.saturating_sub(share(thousandths).unwrap_or(u64::MAX));
            }
        };
        // The last instant is the end of every window: nothing holds there.
        next.max(now).min(u64::MAX - 1)
    }
}

/// Games with a clock that never goes back.
pub(super) fn forward_games() -> impl Strategy<Value = Game> {
    of(forward().boxed())
}

/// Games with a clock that also goes back.
pub(super) fn games() -> impl Strategy<Value = Game> {
    let back = (0..=2_500_u64).prop_map(Move::Back);
    of(prop_oneof![5 => forward(), 1 => back].boxed())
}

fn of(clock: BoxedStrategy<Move>) -> impl Strategy<Value = Game> {
    let steps = vec((clock, costs()), 1..60);
    (limits(), starts(), steps).prop_map(|(limit, start, steps)| Game {
        limit,
        start,
        steps,
    })
}

fn limits() -> impl Strategy<Value = Limit> {
    let amount = prop_oneof![
        6 => 0..=40_u64,
        1 => Just(36_000),
        1 => u64::from(u32::MAX - 3)..=u32::MAX.into(),
    ];
    let period = prop_oneof![
        4 => 1..=300_u64,
        2 => Just(1_000_003),
        2 => Just(3_600_000_000),
        1 => any::<u64>(),
    ];
    (amount, period).prop_map(|(amount, period)| Limit::new(amount, Micros::from_micros(period)))
}

fn costs() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..=12_u64,
        1 => 1_000..=40_000_u64,
        1 => any::<u64>(),
    ]
}

fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..=10_000_000_000_u64,
        Just(1 << 32),
        u64::MAX - 10_000_000_000..u64::MAX,
    ]
}

fn forward() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => (0..=3_u64).prop_map(Move::Micros),
        4 => (0..=1_000_u64).prop_map(Move::Share),
        4 => (0..=70_u64, -1..=1_i64).prop_map(|(number, offset)| Move::Edge(number, offset)),
        2 => (1..=3_u64, -1..=1_i64).prop_map(|(count, offset)| Move::Periods(count, offset)),
        1 => (4..=4_000_u64, -1..=1_i64).prop_map(|(count, offset)| Move::Periods(count, offset)),
        2 => (-1..=1_i64).prop_map(Move::Retry),
    ]
}
