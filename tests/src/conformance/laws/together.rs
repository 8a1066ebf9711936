//! Law 14: a hit of several limits takes the units of all, or of none.

use libtest_mimic::Failed;
use limits_core::{Ask, Decision, Decisions, Keeps, RateLimitItem};
use tokio::task::JoinSet;

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_hit_of_several_limits_takes_from_all_or_none",
            a_hit_of_several_limits_takes_from_all_or_none,
        ),
        law(
            "each_limit_answers_in_the_order_of_the_asks",
            each_limit_answers_in_the_order_of_the_asks,
        ),
        law(
            "the_limit_that_binds_passes_last",
            the_limit_that_binds_passes_last,
        ),
        law(
            "the_wait_of_what_binds_is_exact_for_the_whole",
            the_wait_of_what_binds_is_exact_for_the_whole,
        ),
        law(
            "a_test_of_several_limits_takes_nothing",
            a_test_of_several_limits_takes_nothing,
        ),
        law(
            "a_cost_above_one_amount_refuses_the_whole_for_ever",
            a_cost_above_one_amount_refuses_the_whole_for_ever,
        ),
        law(
            "asks_for_the_same_window_are_added_up",
            asks_for_the_same_window_are_added_up,
        ),
        law(
            "a_cost_of_nothing_among_several_takes_nothing",
            a_cost_of_nothing_among_several_takes_nothing,
        ),
        law("a_hit_of_no_limits_passes", a_hit_of_no_limits_passes),
        law(
            "a_refusal_of_another_limit_moves_no_window",
            a_refusal_of_another_limit_moves_no_window,
        ),
        law(
            "what_each_limit_took_can_be_settled",
            what_each_limit_took_can_be_settled,
        ),
        law(
            "tasks_with_overlapping_limits_take_what_binds_them",
            tasks_with_overlapping_limits_take_what_binds_them,
        ),
    ]
}

/// The limits of one caller, none of which is over before the trial is.
fn limits<F, K, const N: usize>(case: &Case<F, K>, amounts: [u64; N]) -> [User<F, K>; N]
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    amounts.map(|amount| case.user_of(RateLimitItem::per_hour(amount), &id))
}

async fn hit<F, K, const N: usize>(
    users: [&User<F, K>; N],
    costs: [u64; N],
) -> Result<Decisions<[Decision; N]>, Failed>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let mut costs = costs.into_iter();
    let asks = users.map(|user| user.ask(costs.next().unwrap_or_default()));
    Ok(users[0].limiter.hit_all(&asks).await?)
}

async fn assert_left<F, K, const N: usize>(users: [&User<F, K>; N], left: [u64; N]) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for (user, left) in users.iter().zip(left) {
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, left, "{}: {stats:?}", user.item);
    }
    Ok(())
}

fn remaining<D: AsRef<[Decision]>>(decisions: &Decisions<D>) -> Vec<u64> {
    let decisions = decisions.as_slice().iter();
    decisions.map(Decision::remaining).collect()
}

fn allowed<D: AsRef<[Decision]>>(decisions: &Decisions<D>) -> Vec<bool> {
    decisions.as_slice().iter().map(Decision::allowed).collect()
}

async fn a_hit_of_several_limits_takes_from_all_or_none<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [few, some, many] = &limits(&case, [3, 5, 9]);
    for taken in 1..=3 {
        let hits = hit([few, some, many], [1, 1, 2]).await?;
        assert!(hits.allowed(), "{hits:?}");
        let left = [3 - taken, 5 - taken, 9 - 2 * taken];
        assert_eq!(remaining(&hits), left, "{hits:?}");
    }
    for _ in 0..3 {
        let hits = hit([few, some, many], [1, 1, 2]).await?;
        assert!(!hits.allowed(), "{hits:?}");
        assert_eq!(allowed(&hits), [false, true, true], "{hits:?}");
        assert_left([few, some, many], [0, 2, 3]).await?;
    }
    let hits = hit([some, many], [2, 3]).await?;
    assert!(hits.allowed(), "{hits:?}");
    assert_left([few, some, many], [0, 0, 0]).await
}

async fn each_limit_answers_in_the_order_of_the_asks<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [one, other, third] = &limits(&case, [4, 2, 6]);
    for users in [
        [one, other, third],
        [third, one, other],
        [other, third, one],
    ] {
        let hits = hit(users, [0, 0, 0]).await?;
        let amounts = users.map(|user| user.item.amount());
        let said = hits.as_slice().iter().map(Decision::limit);
        assert_eq!(said.collect::<Vec<_>>(), amounts, "{hits:?}");
        assert_eq!(remaining(&hits), amounts, "{hits:?}");
    }
    let hits = hit([third, other], [1, 2]).await?;
    assert_eq!(remaining(&hits), [5, 0], "{hits:?}");
    let asks = [one.ask(1), third.ask(1), other.ask(1)];
    let hits = one.limiter.hit_all(&asks[..]).await?;
    assert_eq!(allowed(&hits), [true, true, false], "{hits:?}");
    assert_eq!(remaining(&hits), [4, 5, 0], "{hits:?}");
    Ok(())
}

async fn the_limit_that_binds_passes_last<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    let short = case.user_of(case.item(2), &id);
    let long = case.user_of(RateLimitItem::per_day(2), &id);
    let free = case.user_of(RateLimitItem::per_hour(9), &id);
    for users in [[&short, &long, &free], [&free, &long, &short]] {
        let hits = hit(users, [1, 1, 1]).await?;
        assert!(hits.allowed(), "{hits:?}");
        let binding = hits.binding().ok_or("one of three binds")?;
        assert_eq!(binding.limit(), 2, "{hits:?}");
    }
    for users in [[&short, &long, &free], [&free, &long, &short]] {
        let hits = hit(users, [1, 1, 1]).await?;
        let binding = hits.binding().ok_or("one of three binds")?;
        let retry_at = |decision: &Decision| decision.retry_at();
        let last = hits.as_slice().iter().filter_map(retry_at).max();
        assert_eq!(binding.retry_at(), last, "{hits:?}");
        assert!(!hits.allowed() && !binding.allowed(), "{hits:?}");
        assert_eq!(binding.limit(), 2, "{hits:?}");
        let wait = binding
            .retry_at()
            .map(|at| at.saturating_since(binding.now()));
        assert!(wait > Some(PERIOD), "{hits:?}");
    }
    Ok(())
}

async fn the_wait_of_what_binds_is_exact_for_the_whole<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    let twice = RateLimitItem::parse("4 per 4 seconds")?;
    let [short, long] = [case.item(3), twice].map(|item| case.user_of(item, &id));
    let _ = hit([&short, &long], [2, 2]).await?;
    case.pass(part(PERIOD, 8)).await;
    let _ = hit([&short, &long], [1, 1]).await?;
    for costs in [[2, 1], [1, 3], [3, 4]] {
        let asks = [short.ask(costs[0]), long.ask(costs[1])];
        let test = short.limiter.test_all(&asks).await?;
        let binding = *test.binding().ok_or("one of two binds")?;
        let at = binding.retry_at().ok_or("they pass at some time")?;
        if !test.allowed() {
            case.pass_to_just_before(at).await;
            let early = short.limiter.test_all(&asks).await?;
            assert!(!early.allowed(), "{test:?}, {early:?}");
            if !K::default().extends() {
                let early = short.limiter.hit_all(&asks).await?;
                assert!(!early.allowed(), "{test:?}, {early:?}");
            }
            case.pass_to(at).await;
        }
        let hits = short.limiter.hit_all(&asks).await?;
        assert!(hits.allowed(), "{test:?}, {hits:?}");
    }
    Ok(())
}

async fn a_test_of_several_limits_takes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [few, many] = &limits(&case, [3, 5]);
    let _ = hit([few, many], [1, 1]).await?;
    for (costs, fit) in [([2, 4], [true, true]), ([3, 4], [false, true])] {
        let asks = [few.ask(costs[0]), many.ask(costs[1])];
        let test = few.limiter.test_all(&asks).await?;
        assert_eq!(allowed(&test), fit, "{test:?}");
        assert_eq!(remaining(&test), [2, 4], "{test:?}");
        assert_left([few, many], [2, 4]).await?;
    }
    Ok(())
}

async fn a_cost_above_one_amount_refuses_the_whole_for_ever<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [few, many] = &limits(&case, [3, 5]);
    for costs in [[4, 1], [4, 6], [u64::MAX, 5]] {
        let hits = hit([few, many], costs).await?;
        assert!(!hits.allowed(), "{hits:?}");
        let binding = hits.binding().ok_or("one of two binds")?;
        assert_eq!(binding.retry_at(), None, "{hits:?}");
        assert_eq!(remaining(&hits), [3, 5], "{hits:?}");
        assert_left([few, many], [3, 5]).await?;
    }
    Ok(())
}

async fn asks_for_the_same_window_are_added_up<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [user, other] = &limits(&case, [3, 5]);
    let hits = hit([user, other, user], [2, 1, 2]).await?;
    assert!(!hits.allowed(), "{hits:?}");
    assert_left([user, other], [3, 5]).await?;
    let hits = hit([user, other, user], [1, 1, 2]).await?;
    assert!(hits.allowed(), "{hits:?}");
    assert_left([user, other], [0, 4]).await
}

async fn a_cost_of_nothing_among_several_takes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [few, many] = &limits(&case, [3, 5]);
    few.passes(3).await?;
    let hits = hit([few, many], [0, 2]).await?;
    assert!(hits.allowed(), "{hits:?}");
    assert_eq!(remaining(&hits), [0, 3], "{hits:?}");
    let hits = hit([many, few], [0, 1]).await?;
    assert_eq!(allowed(&hits), [true, false], "{hits:?}");
    assert_left([few, many], [0, 3]).await
}

async fn a_hit_of_no_limits_passes<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(1);
    let none: [Ask<'_, K>; 0] = [];
    let hits = user.limiter.hit_all(&none).await?;
    assert!(hits.allowed() && hits.binding().is_none(), "{hits:?}");
    let test = user.limiter.test_all(&none).await?;
    assert!(test.allowed() && test.binding().is_none(), "{test:?}");
    Ok(())
}

async fn a_refusal_of_another_limit_moves_no_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, full) = (case.user(5), case.patient_user(1));
    full.passes(1).await?;
    user.passes(1).await?;
    case.pass(part(PERIOD, 16)).await;
    let before = user.stats().await?;
    for users in [[&user, &full], [&full, &user]] {
        let hits = hit(users, [1, 1]).await?;
        assert!(!hits.allowed(), "{hits:?}");
    }
    let after = user.stats().await?;
    assert_eq!(after.remaining, before.remaining, "{after:?}");
    case.assert_same(after.reset_time, before.reset_time, &after);
    Ok(())
}

async fn what_each_limit_took_can_be_settled<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let [few, many] = &limits(&case, [4, 9]);
    let hits = hit([few, many], [3, 5]).await?;
    for (user, (decision, used)) in [few, many]
        .into_iter()
        .zip(hits.as_slice().iter().zip([1, 2]))
    {
        let charge = decision.charge().ok_or("units were taken")?;
        let settle = user.limiter.settle(&user.item, &user.id, charge, used);
        let settled = settle.await?;
        assert_eq!(settled.given_back, decision.cost() - used, "{decision:?}");
    }
    assert_left([few, many], [3, 7]).await?;
    let refused = hit([few, many], [4, 1]).await?;
    for decision in refused.as_slice() {
        assert_eq!(decision.charge(), None, "{refused:?}");
    }
    Ok(())
}

/// Of three limits each task hits two, in another order than the others do.
async fn tasks_with_overlapping_limits_take_what_binds_them<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for _ in 0..4 {
        let amounts = [5, 8, 16];
        let users = limits(&case, amounts);
        let mut tasks = JoinSet::new();
        for number in 0..12 {
            let pair = [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)][number % 6];
            let pair = [pair.0, pair.1];
            let hitters = pair.map(|place: usize| case.again(&users[place]));
            tasks.spawn(async move {
                let mut taken = [0; 3];
                for _ in 0..6 {
                    let [one, other] = &hitters;
                    if hit([one, other], [1, 1]).await?.allowed() {
                        pair.iter().for_each(|place| taken[*place] += 1);
                    }
                }
                Ok::<[u64; 3], Failed>(taken)
            });
        }
        let mut taken = [0; 3];
        while let Some(task) = tasks.join_next().await {
            let task = task??;
            taken = core::array::from_fn(|place| taken[place] + task[place]);
        }
        let left: [u64; 3] = core::array::from_fn(|place| amounts[place] - taken[place]);
        let [few, some, many] = &users;
        assert_left([few, some, many], left).await?;
        // With 24 hits for each pair, of each pair one has nothing left.
        let exhausted = left.iter().filter(|left| **left == 0).count();
        assert!(
            exhausted >= 2 || !case.fixture.decides_at_once(),
            "{taken:?} of {amounts:?}"
        );
    }
    Ok(())
}
