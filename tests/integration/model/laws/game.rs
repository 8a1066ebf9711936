//! Games: interleavings of calls and of what the clock may do between them.

use limits_tests::model::Answer;
use proptest::collection::vec;
use proptest::prelude::*;

use super::subject::Rule;

/// What happens to a few keys of one limit.
#[derive(Clone, Debug)]
pub(crate) struct Game {
    pub(crate) rule: Rule,
    pub(crate) start: u64,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Hit(u16, Cost),
    Test(u16, Cost),
    Stats(u16),
    Clear(u16),
    Clock(Move),
}

/// A cost, told by the amount of the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Units(u64),
    Half,
    AllBut(u64),
    TooMuchBy(u64),
}

impl Cost {
    pub(crate) fn of(self, amount: u64) -> u64 {
        match self {
            Self::Units(units) => units,
            Self::Half => amount / 2,
            Self::AllBut(units) => amount.saturating_sub(units),
            Self::TooMuchBy(units) => amount.saturating_add(units),
        }
    }
}

/// A move of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    Forward(Span),
    Back(Span),
    /// To so many microseconds after the last answer's reset time, or before it.
    ToReset(i64),
    /// To so many microseconds after the last answer's retry time, or before it.
    ToRetry(i64),
}

/// A span, told by the period of the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    Micros(u64),
    Thousandths(u64),
    Periods(u64, i64),
}

impl Span {
    fn of(self, period: u64) -> u64 {
        match self {
            Self::Micros(micros) => micros,
            Self::Thousandths(share) => period / 1_000 * share,
            Self::Periods(count, offset) => {
                period.saturating_mul(count).saturating_add_signed(offset)
            }
        }
    }
}

/// A clock that knows how far it has gone forward in all, whatever it went back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Travel {
    pub(crate) now: u64,
    pub(crate) travelled: u128,
}

impl Travel {
    pub(crate) fn from(start: u64) -> Self {
        Self {
            now: start,
            travelled: 0,
        }
    }

    /// Moves by a move that does not go back unless it says so.
    pub(crate) fn go(&mut self, step: Move, period: u64, last: Option<Answer>) {
        let retry_at = last.and_then(|answer| answer.retry_at);
        let next = match step {
            Move::Forward(span) => self.now.saturating_add(span.of(period)),
            Move::Back(span) => self.now.saturating_sub(span.of(period)),
            Move::ToReset(offset) => last.map_or(self.now, |answer| {
                answer
                    .reset_time
                    .saturating_add_signed(offset)
                    .max(self.now)
            }),
            Move::ToRetry(offset) => retry_at.map_or(self.now, |instant| {
                instant.saturating_add_signed(offset).max(self.now)
            }),
        };
        self.travelled += u128::from(next.saturating_sub(self.now));
        self.now = next;
    }
}

/// Games on so many keys, anywhere in time, with a clock that goes forward and back.
pub(crate) fn games(keys: u16) -> impl Strategy<Value = Game> {
    let start = prop_oneof![4 => starts(), 1 => starts_near_the_end_of_time()];
    of(start, back_and_forth(), keys)
}

/// Games on so many keys, far from the end of time, with a clock that goes forward and back.
pub(crate) fn back_and_forth_games(keys: u16) -> impl Strategy<Value = Game> {
    of(starts(), back_and_forth(), keys)
}

/// Games on one key, far from the end of time, with a clock that never goes back.
pub(crate) fn forward_games() -> impl Strategy<Value = Game> {
    of(starts(), forward(), 1)
}

fn of(
    start: impl Strategy<Value = u64>,
    clock: impl Strategy<Value = Move>,
    keys: u16,
) -> impl Strategy<Value = Game> {
    let key = 0..keys;
    let step = prop_oneof![
        12 => (key.clone(), costs()).prop_map(|(key, cost)| Step::Hit(key, cost)),
        2 => (key.clone(), costs()).prop_map(|(key, cost)| Step::Test(key, cost)),
        2 => key.clone().prop_map(Step::Stats),
        1 => key.prop_map(Step::Clear),
        9 => clock.prop_map(Step::Clock),
    ];
    let game = (rules(), start, vec(step, 1..50));
    game.prop_map(|(rule, start, steps)| Game { rule, start, steps })
}

pub(crate) fn rules() -> impl Strategy<Value = Rule> {
    let amount = prop_oneof![
        8 => 0..=7_u64,
        4 => 8..=16_u64,
        1 => Just(1_000_003),
        1 => u64::MAX - 2..=u64::MAX,
        1 => any::<u64>(),
    ];
    let seconds = prop_oneof![
        4 => 1..=7_u64,
        2 => Just(60),
        1 => Just(31_104_000),
    ];
    (amount, seconds).prop_map(|(amount, seconds)| Rule { amount, seconds })
}

pub(crate) fn costs() -> impl Strategy<Value = Cost> {
    prop_oneof![
        8 => Just(Cost::Units(1)),
        6 => (0..=5_u64).prop_map(Cost::Units),
        2 => Just(Cost::Half),
        2 => (0..=2_u64).prop_map(Cost::AllBut),
        1 => (1..=2_u64).prop_map(Cost::TooMuchBy),
        1 => any::<u64>().prop_map(Cost::Units),
    ]
}

/// The epoch, an instant soon after it, and one of this century.
fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..=3_000_000_u64,
        1_795_000_000_000_000..1_796_000_000_000_000_u64,
    ]
}

fn starts_near_the_end_of_time() -> impl Strategy<Value = u64> {
    prop_oneof![
        u64::MAX - 60_000_000..u64::MAX,
        (1..8_u64).prop_map(|periods| u64::MAX - periods * 1_000_000),
    ]
}

fn back_and_forth() -> impl Strategy<Value = Move> {
    prop_oneof![4 => forward(), 1 => spans().prop_map(Move::Back)]
}

fn forward() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => spans().prop_map(Move::Forward),
        1 => (-1..=1_i64).prop_map(Move::ToReset),
        1 => (-1..=1_i64).prop_map(Move::ToRetry),
    ]
}

fn spans() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => (0..=2_u64).prop_map(Span::Micros),
        6 => (1..1_000_u64).prop_map(Span::Thousandths),
        3 => (1..=3_u64, -1..=1_i64).prop_map(|(count, offset)| Span::Periods(count, offset)),
        1 => (4..2_000_u64, -1..=1_i64).prop_map(|(count, offset)| Span::Periods(count, offset)),
    ]
}
