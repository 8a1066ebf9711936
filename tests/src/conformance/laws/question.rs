//! Law 5: a test says what a hit would, and changes nothing.

use limits_core::{Keeps, RateLimitItem};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law("a_test_takes_nothing", a_test_takes_nothing),
        law("a_test_starts_no_window", a_test_starts_no_window),
        law("test_and_hit_agree", test_and_hit_agree),
        law(
            "test_and_hit_agree_when_things_are_released",
            test_and_hit_agree_when_things_are_released,
        ),
        law(
            "a_refused_test_says_what_a_refused_hit_says",
            a_refused_test_says_what_a_refused_hit_says,
        ),
        law(
            "k1_an_amount_beyond_what_is_counted_is_cut_alike_for_all",
            k1_an_amount_beyond_what_is_counted_is_cut_alike_for_all,
        )
        // One that keeps every unit would be busy with it.
        .only_where(|fixture| K::largest_amount(fixture, PERIOD) > u32::MAX.into()),
        law("stats_say_what_decisions_say", stats_say_what_decisions_say),
        law(
            "decisions_are_of_the_instant_they_were_asked_for",
            decisions_are_of_the_instant_they_were_asked_for,
        ),
    ]
}

async fn a_test_takes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(3).await?;
    let before = user.stats().await?;
    for _ in 0..5 {
        let test = user.test(2).await?;
        assert!(test.allowed(), "{test:?}");
        assert_eq!(test.remaining(), 2, "{test:?}");
        let test = user.test(3).await?;
        assert!(!test.allowed(), "{test:?}");
    }
    let after = user.stats().await?;
    assert_eq!(after.remaining, 2, "{after:?}");
    case.assert_same(after.reset_time, before.reset_time, &after);
    user.passes(2).await?;
    Ok(())
}

async fn a_test_starts_no_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, fresh) = (case.user(4), case.user(4));
    let test = user.test(4).await?;
    assert!(test.allowed(), "{test:?}");
    assert_eq!(test.remaining(), 4, "{test:?}");
    assert_eq!(test.reset_time(), test.now(), "{test:?}");
    case.pass(part(PERIOD, 2)).await;
    let expected = fresh.take(1).await?;
    let hit = user.take(1).await?;
    case.assert_same(hit.reset_time(), expected.reset_time(), &hit);
    Ok(())
}

async fn test_and_hit_agree<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(7);
    let mut refusals = 0;
    for cost in [2, 1, 3, 5, 2, 7, 0, 1, 1, 4, 6, 1, 2, 3, 1, 7, 5, 2, 1, 3] {
        let test = user.test(cost).await?;
        let hit = user.hit(cost).await?;
        // Where time runs on between the two, the hit may pass a moment later.
        let hardly_refused = test
            .retry_at()
            .is_some_and(|at| at <= test.now().saturating_add(case.fixture.tolerance()));
        assert!(
            test.allowed() == hit.allowed() || hit.allowed() && hardly_refused,
            "{test:?}, {hit:?}"
        );
        if case.is_exact() {
            let taken = if hit.allowed() { cost } else { 0 };
            assert_eq!(
                test.remaining(),
                hit.remaining() + taken,
                "{test:?}, {hit:?}"
            );
        }
        refusals += u64::from(!hit.allowed());
        case.pass(part(PERIOD, 10)).await;
    }
    assert!((1..20).contains(&refusals), "{refusals} of 20 were refused");
    Ok(())
}

async fn test_and_hit_agree_when_things_are_released<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(3);
    user.passes(3).await?;
    let released_at = user.stats().await?.reset_time;
    case.pass_to_just_before(released_at).await;
    let test = user.test(1).await?;
    assert!(!test.allowed(), "{test:?}");
    if !K::default().extends() {
        user.fails(1).await?;
    }
    case.pass_to(released_at).await;
    let test = user.test(1).await?;
    assert!(test.allowed(), "{test:?}");
    user.passes(1).await?;
    Ok(())
}

async fn a_refused_test_says_what_a_refused_hit_says<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(2).await?;
    case.pass(part(PERIOD, 4)).await;
    user.passes(2).await?;
    let left = user.stats().await?.remaining;
    for cost in [left + 1, 4, 5] {
        let test = user.test(cost).await?;
        let hit = user.refused(cost).await?;
        let [test_at, hit_at] = [test, hit].map(|decision| {
            let retry_at = decision.retry_at();
            retry_at.expect("a cost up to the amount passes at some time")
        });
        case.assert_same(test_at, hit_at, &(test, hit));
        case.assert_same(test.reset_time(), hit.reset_time(), &(test, hit));
        assert_eq!(test.remaining(), left, "{test:?}");
        assert_eq!(hit.remaining(), left, "{hit:?}");
    }
    Ok(())
}

/// Who counts to less than the amount says so in every answer: what is refused has
/// nothing left and passes later.
async fn k1_an_amount_beyond_what_is_counted_is_cut_alike_for_all<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let item = RateLimitItem::per_year(u64::MAX);
    let most = K::largest_amount(&case.fixture, item.get_expiry());
    let user = case.user_of(item, unique_id());
    // A storage may refuse to keep such a limit at all.
    let Ok(first) = user.hit(most).await else {
        return Ok(());
    };
    assert!(first.allowed(), "{first:?}");
    for cost in [first.remaining(), 1] {
        let test = user.test(cost).await?;
        let hit = user.hit(cost).await?;
        assert_eq!(test.allowed(), hit.allowed(), "{test:?}, {hit:?}");
        // Where time runs on, such a bucket refills hundreds of units a microsecond.
        assert!(
            hit.remaining() <= first.remaining() || K::REFILLS && !case.is_exact(),
            "{first:?}, {hit:?}"
        );
        for answer in [test, hit].into_iter().filter(|answer| !answer.allowed()) {
            assert!(answer.remaining() < cost, "{answer:?}");
            assert!(answer.retry_at() > Some(answer.now()), "{answer:?}");
        }
    }
    user.clear().await
}

async fn stats_say_what_decisions_say<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(6);
    for cost in [1, 3, 2, 1] {
        let hit = user.hit(cost).await?;
        let stats = user.stats().await?;
        assert_eq!(stats.limit, 6, "{stats:?}");
        assert_eq!(stats.remaining, hit.remaining(), "{stats:?}, {hit:?}");
        case.assert_same(stats.reset_time, hit.reset_time(), &hit);
        let same = hit.stats();
        assert_eq!(same.remaining, hit.remaining(), "{same:?}, {hit:?}");
        assert_eq!(same.reset_time, hit.reset_time(), "{same:?}, {hit:?}");
        case.pass(part(PERIOD, 40)).await;
    }
    Ok(())
}

async fn decisions_are_of_the_instant_they_were_asked_for<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(2);
    for cost in [0, 2, 1, 3] {
        let before = user.now();
        let hit = user.hit(cost).await?;
        let test = user.test(cost).await?;
        let stats = user.stats().await?;
        let after = user.now();
        for instant in [hit.now(), test.now(), stats.now] {
            assert!(
                (before..=after).contains(&instant),
                "{hit:?}, {test:?}, {stats:?}"
            );
        }
    }
    Ok(())
}
