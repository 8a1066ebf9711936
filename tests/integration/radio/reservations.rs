//! Reservations in any order, against a list of what is set aside and the naive model.

use limits_core::{
    AirtimeRateLimiter, Decision, ManualClock, Micros, RateLimitItem, TableError, Timestamp,
    poll_once,
};
use limits_tests::model::{self, Model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{Bands, Sent, cases, most_within};

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(20);
const MINUTE: u64 = 60_000_000;
const KEYS: usize = 3;
const SLOTS: usize = 2;

type Table = Bands<4, SLOTS>;
type Limiter = AirtimeRateLimiter<Table, ManualClock>;
type Reservation<'a> = limits_core::SetAside<'a, Table, ManualClock>;
type Airtime = model::Airtime<4>;

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve(usize, u64),
    Hit(usize, u64),
    /// Settles one of the open reservations.
    Settle(usize, End),
    Sleep(u64),
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// So many units fewer than set aside, at least none.
    Less(u64),
    /// So many units more than set aside.
    More(u64),
    Cancel,
    Drop,
}

fn steps(most_more: u64) -> impl Strategy<Value = Vec<Step>> {
    let key = 0..KEYS;
    let end = prop_oneof![
        3 => Just(End::Less(0)),
        2 => (0..=20_u64).prop_map(End::Less),
        2 => (0..=most_more).prop_map(End::More),
        1 => Just(End::Cancel),
        1 => Just(End::Drop),
    ];
    let sleep = prop_oneof![
        1 => 0..=2_u64,
        4 => 0..=MINUTE / 3,
        1 => MINUTE * 5 / 4 - 1..=MINUTE * 5 / 4 + 1,
        1 => MINUTE..=300 * MINUTE,
    ];
    let step = prop_oneof![
        4 => (key.clone(), 1..=12_u64).prop_map(|(key, cost)| Step::Reserve(key, cost)),
        2 => (key, 1..=12_u64).prop_map(|(key, cost)| Step::Hit(key, cost)),
        4 => (any::<usize>(), end).prop_map(|(number, end)| Step::Settle(number, end)),
        4 => sleep.prop_map(Step::Sleep),
    ];
    vec(step, 1..80)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_is_in_use_is_what_was_taken_and_what_is_set_aside(steps in steps(5)) {
        play(&steps)?;
    }

    #[test]
    fn no_interval_of_a_period_has_more_than_the_amount_on_air(steps in steps(0)) {
        let sent = play(&steps)?;
        for (key, sent) in sent.iter().enumerate() {
            let most = most_within(MINUTE, sent);
            prop_assert!(most <= ITEM.amount().into(), "key {key}: {most} in {sent:?}");
        }
    }
}

struct Open<'a> {
    reservation: Reservation<'a>,
    key: usize,
    cost: u64,
    since: u64,
}

/// A key by the model: what it took, and what it has set aside.
struct Known {
    taken: Airtime,
    reserved: u64,
}

impl Known {
    fn used(&self, now: u64) -> u128 {
        self.taken.used(now) + u128::from(self.reserved)
    }

    fn fits(&self, cost: u64, now: u64) -> bool {
        self.used(now) + u128::from(cost) <= ITEM.amount().into()
    }

    fn left(&self, now: u64) -> u128 {
        u128::from(ITEM.amount()).saturating_sub(self.used(now))
    }

    fn is_live(&self, now: u64) -> bool {
        self.reserved > 0 || !self.taken.is_over(now)
    }
}

/// Plays the steps, checks every answer, and tells what was on air for each key.
fn play(steps: &[Step]) -> Result<Vec<Vec<Sent>>, TestCaseError> {
    let limiter = Limiter::with_clock(Table::new(), ManualClock::default());
    let fresh = || Known {
        taken: Airtime::new(ITEM.amount(), MINUTE),
        reserved: 0,
    };
    let mut keys: Vec<Known> = (0..KEYS).map(|_| fresh()).collect();
    let mut sent = vec![Vec::new(); KEYS];
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut now = 0;
    for (number, step) in steps.iter().enumerate() {
        let at = format!("step {number}, {step:?} at {now} µs");
        match *step {
            Step::Sleep(span) => now += span,
            Step::Reserve(key, cost) => {
                let reserved = limiter.reserve(&ITEM, number_of(key), cost);
                let full = is_full(&keys, key, now);
                let decision = match &reserved {
                    Ok(Ok(reservation)) => Ok(*reservation.decision()),
                    Ok(Err(refusal)) => Ok(*refusal),
                    Err(error) => Err(*error),
                };
                agrees(&keys[key], cost, now, full, decision, &at)?;
                if let Ok(Ok(reservation)) = reserved {
                    keys[key].reserved += cost;
                    open.push(Open {
                        reservation,
                        key,
                        cost,
                        since: now,
                    });
                }
            }
            Step::Hit(key, cost) => {
                let hit = poll_once(limiter.hit(&ITEM, number_of(key), cost));
                let hit = hit.expect("a table never waits");
                let full = is_full(&keys, key, now);
                agrees(&keys[key], cost, now, full, hit, &at)?;
                if hit.is_ok_and(|hit| hit.allowed()) {
                    keys[key].taken.take(cost, now);
                    sent[key].push(Sent {
                        from: now.into(),
                        to: now.into(),
                        units: cost,
                    });
                }
            }
            Step::Settle(number, end) if !open.is_empty() => {
                let settled = open.swap_remove(number % open.len());
                let Open {
                    key, cost, since, ..
                } = settled;
                let used = settle(settled, end, &at)?;
                keys[key].reserved -= cost;
                if used > 0 {
                    keys[key].taken.take(used, now);
                    sent[key].push(Sent {
                        from: since.into(),
                        to: now.into(),
                        units: used,
                    });
                }
            }
            Step::Settle(..) => {}
        }
        limiter
            .clock()
            .set(Timestamp::ZERO.saturating_add(Micros::from_micros(now)));
        left_as_known(&limiter, &keys, now, &at)?;
    }
    for Open {
        key, cost, since, ..
    } in &open
    {
        sent[*key].push(Sent {
            from: (*since).into(),
            to: u128::MAX / 2,
            units: *cost,
        });
    }
    Ok(sent)
}

fn number_of(key: usize) -> u8 {
    u8::try_from(key).expect("there are few keys")
}

/// Tells whether the other keys have all the slots.
fn is_full(keys: &[Known], key: usize, now: u64) -> bool {
    let others = keys.iter().enumerate().filter(|(other, _)| *other != key);
    others.filter(|(_, known)| known.is_live(now)).count() >= SLOTS
}

fn settle(open: Open<'_>, end: End, at: &str) -> Result<u64, TestCaseError> {
    let used = match end {
        End::Less(units) => open.cost.saturating_sub(units),
        End::More(units) => open.cost + units,
        End::Cancel | End::Drop => 0,
    };
    let settled = match end {
        End::Drop => {
            drop(open.reservation);
            Ok(())
        }
        End::Cancel => open.reservation.cancel(),
        _ => open.reservation.commit(used),
    };
    prop_assert_eq!(settled, Ok(()), "{}", at);
    Ok(used)
}

fn agrees(
    known: &Known,
    cost: u64,
    now: u64,
    full: bool,
    decision: Result<Decision, TableError>,
    at: &str,
) -> TestCaseResult {
    if full {
        prop_assert_eq!(decision, Err(TableError::Full), "{}", at);
        return Ok(());
    }
    let fits = known.fits(cost, now);
    let taken = if fits { cost } else { 0 };
    let told = decision.map(|decision| (decision.allowed(), decision.remaining().into()));
    prop_assert_eq!(
        told,
        Ok((fits, known.left(now) - u128::from(taken))),
        "{}",
        at
    );
    Ok(())
}

fn left_as_known(limiter: &Limiter, keys: &[Known], now: u64, at: &str) -> TestCaseResult {
    for (key, known) in keys.iter().enumerate() {
        let stats = poll_once(limiter.get_window_stats(&ITEM, number_of(key)));
        let stats = stats.expect("a table never waits").expect("the key fits");
        prop_assert_eq!(
            u128::from(stats.remaining),
            known.left(now),
            "key {}: {}",
            key,
            at
        );
        prop_assert!(stats.reset_time.as_micros() >= now, "{stats:?}: {at}");
    }
    Ok(())
}
