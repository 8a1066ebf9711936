//! Law 13: what a hit took is given back in part or whole, or more is taken, once; and
//! nothing else is touched.

use libtest_mimic::Failed;
use limits_core::window::Settled;
use limits_core::{Keeps, Micros, Reservation};
use tokio::task::JoinSet;

use crate::conformance::case::{Case, PERIOD, TICK, part, times};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "five_reservations_of_30_at_once_admit_3_of_100",
            five_reservations_of_30_at_once_admit_3_of_100,
        ),
        law("a_part_is_given_back", a_part_is_given_back),
        law(
            "all_of_it_is_given_back_if_nothing_was_used",
            all_of_it_is_given_back_if_nothing_was_used,
        ),
        law(
            "nothing_is_given_back_if_all_was_used",
            nothing_is_given_back_if_all_was_used,
        ),
        law(
            "more_is_taken_above_the_amount_too",
            more_is_taken_above_the_amount_too,
        ),
        law(
            "units_given_back_can_be_taken_by_others",
            units_given_back_can_be_taken_by_others,
        ),
        law(
            "nobody_elses_units_are_touched",
            nobody_elses_units_are_touched,
        ),
        law(
            "express_rate_limit_647_the_window_that_came_after_is_left_alone",
            express_rate_limit_647_the_window_that_came_after_is_left_alone,
        ),
        law(
            "hits_that_read_the_clock_in_the_other_order_are_settled",
            hits_that_read_the_clock_in_the_other_order_are_settled,
        ),
        law(
            "nothing_is_settled_when_the_window_is_over",
            nothing_is_settled_when_the_window_is_over,
        ),
        law(
            "nothing_is_settled_when_the_key_was_cleared",
            nothing_is_settled_when_the_key_was_cleared,
        ),
        law(
            "a_dropped_reservation_leaves_its_units_taken",
            a_dropped_reservation_leaves_its_units_taken,
        ),
        law(
            "a_refused_reservation_takes_nothing",
            a_refused_reservation_takes_nothing,
        ),
        law(
            "what_took_nothing_has_nothing_to_settle",
            what_took_nothing_has_nothing_to_settle,
        ),
        law(
            "a_settled_hit_is_as_if_it_had_cost_what_was_used",
            a_settled_hit_is_as_if_it_had_cost_what_was_used,
        )
        .only_where(|fixture| fixture.tolerance() == Micros::ZERO),
        law(
            "tasks_that_reserve_and_settle_lose_no_unit",
            tasks_that_reserve_and_settle_lose_no_unit,
        ),
    ]
}

type Reserved<'a, F, K> = Reservation<'a, K, <F as Fixture>::Storage, <F as Fixture>::Clock>;

/// Takes units to be settled, and is allowed to.
async fn reserve<F, K>(user: &User<F, K>, cost: u64) -> Result<Reserved<'_, F, K>, Failed>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let reserved = user.limiter.reserve(&user.item, &user.id, cost).await?;
    Ok(reserved.map_err(|refused| format!("{cost} units should be left: {refused:?}"))?)
}

async fn assert_left<F, K>(user: &User<F, K>, left: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, left, "{stats:?}");
    Ok(())
}

async fn five_reservations_of_30_at_once_admit_3_of_100<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    // A log of few units has room for a tenth of them.
    let hour = case.patient_user(1).item.get_expiry();
    let tens = if K::largest_amount(&case.fixture, hour) < 100 {
        1
    } else {
        10
    };
    let user = case.patient_user(10 * tens);
    let mut tasks = JoinSet::new();
    for _ in 0..5 {
        let user = case.again(&user);
        tasks.spawn(async move {
            let reserved = user.limiter.reserve(&user.item, &user.id, 3 * tens);
            Ok::<bool, Failed>(reserved.await?.is_ok())
        });
    }
    let mut admitted = 0;
    while let Some(reserved) = tasks.join_next().await {
        admitted += u64::from(reserved??);
    }
    assert_eq!(admitted, 3, "at {:?}", case.now());
    assert_left(&user, tens).await
}

async fn a_part_is_given_back<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let reserved = reserve(&user, 6).await?;
    let decision = reserved.decision();
    assert_eq!(decision.remaining(), 4, "{decision:?}");
    assert_eq!(reserved.settle(2).await?, Settled::given_back(4));
    assert_left(&user, 8).await?;
    user.passes(8).await?;
    user.fails(1).await
}

async fn all_of_it_is_given_back_if_nothing_was_used<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let reserved = reserve(&user, 10).await?;
    user.fails(1).await?;
    assert_eq!(reserved.cancel().await?, Settled::given_back(10));
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 10, "{stats:?}");
    assert!(
        !case.is_exact() || stats.reset_time == stats.now,
        "{stats:?}"
    );
    user.passes(10).await?;
    user.fails(1).await
}

async fn nothing_is_given_back_if_all_was_used<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let reserved = reserve(&user, 6).await?;
    assert_eq!(reserved.settle(6).await?, Settled::NOTHING);
    assert_left(&user, 4).await
}

async fn more_is_taken_above_the_amount_too<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let reserved = reserve(&user, 6).await?;
    assert_eq!(reserved.settle(8).await?, Settled::taken(2));
    assert_left(&user, 2).await?;
    let reserved = reserve(&user, 2).await?;
    let settled = reserved.settle(5).await?;
    // A bucket has no more than a unit's refilled part left to take.
    let told = if K::REFILLS { 0..=1 } else { 3..=3 };
    assert!(told.contains(&settled.taken), "{settled:?}");
    assert_left(&user, 0).await?;
    let refused = user.refused(1).await?;
    assert!(refused.retry_at() > Some(refused.now()), "{refused:?}");
    user.fails(10).await
}

async fn units_given_back_can_be_taken_by_others<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let other = case.again(&user);
    let reserved = [reserve(&user, 4).await?, reserve(&user, 6).await?];
    other.fails(1).await?;
    let [first, second] = reserved;
    second.settle(1).await?;
    other.passes(5).await?;
    other.fails(1).await?;
    first.settle(0).await?;
    other.passes(4).await?;
    other.fails(1).await
}

async fn nobody_elses_units_are_touched<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(16);
    let other = case.again(&user);
    other.passes(2).await?;
    let first = reserve(&user, 5).await?;
    other.passes(1).await?;
    case.pass(case.fixture.tolerance().max(TICK)).await;
    let second = reserve(&user, 4).await?;
    other.passes(3).await?;
    assert_left(&user, 1).await?;
    let given_back = first.settle(0).await?.given_back;
    let given_back = given_back + second.settle(1).await?.given_back;
    // Of a bucket the part of a unit that has been refilled.
    assert!((7..=8).contains(&given_back), "{given_back}");
    assert_left(&user, 1 + given_back).await?;
    other.passes(1 + given_back).await?;
    other.fails(1).await
}

/// A request that takes longer than the window took a unit off the next one.
async fn express_rate_limit_647_the_window_that_came_after_is_left_alone<F, K>(
    case: Case<F, K>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    let reserved = [reserve(&user, 1).await?, reserve(&user, 3).await?];
    case.pass_everything().await;
    let next = user.take(4).await?;
    let [first, second] = reserved;
    assert_eq!(first.settle(0).await?, Settled::NOTHING, "{next:?}");
    assert_eq!(second.settle(5).await?, Settled::NOTHING, "{next:?}");
    assert_left(&user, 1).await
}

/// As those of two threads: the later one finds a window that ends more than a period from
/// the instant that it has read.
async fn hits_that_read_the_clock_in_the_other_order_are_settled<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(5);
    let (storage, now) = (user.limiter.storage(), user.now());
    let earlier = now.saturating_sub(Micros::from_micros(1));
    let first = storage.acquire(user.ask(3), now).await?;
    let second = storage.acquire(user.ask(1), earlier).await?;
    for (decision, used) in [(first, 1), (second, 0)] {
        let charge = decision.charge().ok_or("the units fit")?;
        let cost = charge.cost();
        let key = user.item.key_for(&user.id);
        let settled = storage.settle(K::default(), key, charge, used, now).await?;
        assert_eq!(settled.given_back, cost - used, "{decision:?}");
    }
    assert_left(&user, 4).await
}

async fn nothing_is_settled_when_the_window_is_over<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    let reserved = [reserve(&user, 2).await?, reserve(&user, 2).await?];
    case.pass_everything().await;
    let [first, second] = reserved;
    assert_eq!(first.settle(0).await?, Settled::NOTHING, "{:?}", case.now());
    assert_eq!(
        second.settle(9).await?,
        Settled::NOTHING,
        "{:?}",
        case.now()
    );
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 5, "{stats:?}");
    assert_eq!(stats.reset_time, stats.now, "{stats:?}");
    Ok(())
}

async fn nothing_is_settled_when_the_key_was_cleared<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let reserved = [reserve(&user, 3).await?, reserve(&user, 3).await?];
    user.clear().await?;
    let [first, second] = reserved;
    assert_eq!(first.settle(0).await?, Settled::NOTHING, "{:?}", case.now());
    assert_left(&user, 10).await?;
    case.pass(case.fixture.tolerance().max(TICK)).await;
    user.passes(4).await?;
    // Elastic windows don't tell which of them began when: see `Elastic`.
    if !K::default().extends() {
        assert_eq!(
            second.settle(0).await?,
            Settled::NOTHING,
            "{:?}",
            case.now()
        );
        assert_left(&user, 6).await?;
    }
    Ok(())
}

async fn a_dropped_reservation_leaves_its_units_taken<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    drop(reserve(&user, 7).await?);
    assert_left(&user, 3).await?;
    user.fails(4).await?;
    user.passes(3).await
}

async fn a_refused_reservation_takes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    user.passes(7).await?;
    for (cost, passes_later) in [(4, true), (10, true), (11, false)] {
        let reserved = user.limiter.reserve(&user.item, &user.id, cost).await?;
        let refused = reserved.err().ok_or("it should not fit")?;
        assert_eq!(refused.retry_at().is_some(), passes_later, "{refused:?}");
        assert!(refused.retry_at() != Some(refused.now()), "{refused:?}");
        assert_left(&user, 3).await?;
    }
    Ok(())
}

async fn what_took_nothing_has_nothing_to_settle<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    let question = user.take(0).await?;
    let answers = [question, user.test(3).await?, user.refused(11).await?];
    user.passes(9).await?;
    let refused = [user.refused(2).await?, user.test(2).await?];
    for answer in answers.iter().chain(&refused) {
        assert_eq!(answer.charge(), None, "{answer:?}");
    }
    let nothing = reserve(&user, 0).await?;
    assert_eq!(nothing.settle(5).await?, Settled::NOTHING);
    assert_left(&user, 1).await
}

/// A bucket has refilled some of it meanwhile, and gives back what it can't have.
async fn a_settled_hit_is_as_if_it_had_cost_what_was_used<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for (used, eighths) in [(1, 1), (2, 2), (5, 3), (6, 4), (7, 5), (2, 0), (0, 0)] {
        let (settled, straight) = (case.user(10), case.user(10));
        let reserved = reserve(&settled, 6).await?;
        straight.passes(used).await?;
        if eighths > 0 {
            case.pass(TICK).await;
            settled.passes(3).await?;
            straight.passes(3).await?;
            case.pass(part(times(PERIOD, eighths), 8)).await;
        }
        reserved.settle(used).await?;
        for step in 0..20 {
            let [actual, expected] = [settled.stats().await?, straight.stats().await?];
            let state = format!("{used} used, {eighths}, step {step}: {actual:?}, {expected:?}");
            // The hit may be refilled, and so over, before more of it is taken.
            assert!(
                used > 6 || actual.remaining <= expected.remaining,
                "{state}"
            );
            if !K::REFILLS || eighths == 0 {
                assert_eq!(actual.remaining, expected.remaining, "{state}");
                assert_eq!(actual.reset_time, expected.reset_time, "{state}");
            }
            case.pass(part(PERIOD, 8)).await;
        }
        assert_left(&settled, 10).await?;
    }
    Ok(())
}

async fn tasks_that_reserve_and_settle_lose_no_unit<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(16);
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let user = case.again(&user);
        tasks.spawn(async move {
            let mut used = 0;
            for round in 0..6 {
                let reserved = user.limiter.reserve(&user.item, &user.id, 3).await?;
                if let Ok(reserved) = reserved {
                    let use_it = u64::from((number + round) % 6 == 0);
                    let settled = reserved.settle(use_it).await?;
                    used += 3 - settled.given_back;
                }
            }
            Ok::<u64, Failed>(used)
        });
    }
    let mut used = 0;
    while let Some(task) = tasks.join_next().await {
        used += task??;
    }
    let stats = user.stats().await?;
    // What a bucket refilled meanwhile each hit takes for its own: that is less than a unit.
    let least = 16 - used - u64::from(K::REFILLS && !case.is_exact());
    assert!(
        (least..=16 - used).contains(&stats.remaining),
        "{used} used: {stats:?}"
    );
    let units = user.take_all(17).await?;
    // The rest of that unit may be refilled by now.
    let most = stats.remaining + u64::from(K::REFILLS && !case.is_exact());
    assert!(
        (stats.remaining..=most).contains(&units),
        "{units} of {stats:?}"
    );
    Ok(())
}
