//! The bucket that refills evenly: a burst of the amount, and then one unit at a time.

use core::num::NonZeroU32;

use libtest_mimic::Failed;
use limits_core::window::Gcra;
use limits_core::{Granularity, Keeps, Micros, RateLimitItem, Timestamp};

use crate::conformance::case::{Case, PERIOD, part, times, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Gcra>>
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    vec![
        law(
            "after_a_burst_one_unit_is_back_every_part_of_the_period",
            after_a_burst_one_unit_is_back_every_part_of_the_period,
        ),
        law(
            "several_units_wait_for_all_of_them",
            several_units_wait_for_all_of_them,
        ),
        law(
            "reset_is_when_the_next_unit_is_back",
            reset_is_when_the_next_unit_is_back,
        ),
        law(
            "an_idle_bucket_holds_the_amount_and_no_more",
            an_idle_bucket_holds_the_amount_and_no_more,
        ),
        law(
            "a_burst_and_the_amount_of_every_period_pass",
            a_burst_and_the_amount_of_every_period_pass,
        ),
        law(
            "redis_cell_50_large_amounts_are_counted",
            redis_cell_50_large_amounts_are_counted,
        ),
        law(
            "redis_cell_80_more_than_a_unit_a_millisecond_is_a_limit",
            redis_cell_80_more_than_a_unit_a_millisecond_is_a_limit,
        ),
        law("seven_in_three_seconds_are_exact", async |case| {
            refills_exactly(case, 7, Granularity::SECOND, 3).await
        })
        .only_where(is_exact),
        law("a_million_a_second_is_exact", async |case| {
            refills_exactly(case, 1_000_000, Granularity::SECOND, 1).await
        })
        .only_where(is_exact),
        law(
            "more_units_than_the_period_has_microseconds_are_exact",
            async |case| refills_exactly(case, 3_000_001, Granularity::SECOND, 1).await,
        )
        .only_where(is_exact),
        law(
            "the_largest_amount_a_year_is_exact",
            async |case: Case<F, Gcra>| {
                let year = RateLimitItem::per_year(1).get_expiry();
                let most = Gcra::largest_amount(&case.fixture, year);
                refills_exactly(case, most.min((1 << 53) - 1), Granularity::YEAR, 1).await
            },
        )
        .only_where(is_exact),
    ]
}

fn is_exact<F: Fixture>(fixture: &F) -> bool {
    fixture.tolerance() == Micros::ZERO
}

async fn after_a_burst_one_unit_is_back_every_part_of_the_period<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user(4);
    let start = user.take(4).await?.now();
    user.fails(1).await?;
    for quarters in 1..=6 {
        let release = start.saturating_add(part(times(PERIOD, quarters), 4));
        case.pass_to_just_before(release).await;
        user.fails(1).await?;
        case.pass_to(release).await;
        let hit = user.take(1).await?;
        assert_eq!(hit.remaining(), 0, "{hit:?}");
        user.fails(1).await?;
    }
    Ok(())
}

async fn several_units_wait_for_all_of_them<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user(4);
    let start = user.take(4).await?.now();
    for (cost, eighths) in [(1, 2), (2, 4), (3, 6), (4, 8)] {
        let refused = user.refused(cost).await?;
        let retry_at = refused.retry_at().ok_or("a cost up to the amount fits")?;
        let expected = start.saturating_add(part(times(PERIOD, eighths), 8));
        case.assert_same(retry_at, expected, &refused);
    }
    case.pass_to(start.saturating_add(part(times(PERIOD, 6), 8)))
        .await;
    user.fails(4).await?;
    user.passes(3).await?;
    user.fails(1).await?;
    Ok(())
}

async fn reset_is_when_the_next_unit_is_back<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user(4);
    let hit = user.take(3).await?;
    let next = hit.now().saturating_add(part(PERIOD, 4));
    case.assert_same(hit.reset_time(), next, &hit);
    case.pass_to(next).await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 2, "{stats:?}");
    case.assert_same(
        stats.reset_time,
        next.saturating_add(part(PERIOD, 4)),
        &stats,
    );
    Ok(())
}

async fn an_idle_bucket_holds_the_amount_and_no_more<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user(5);
    user.passes(2).await?;
    case.pass(times(PERIOD, 2)).await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 5, "{stats:?}");
    user.fails(6).await?;
    user.passes(5).await?;
    user.fails(1).await?;
    Ok(())
}

async fn a_burst_and_the_amount_of_every_period_pass<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user(3);
    let start = user.take(3).await?.now();
    let mut units = 0;
    for sixteenths in 1..=32 {
        case.pass_to(start.saturating_add(part(times(PERIOD, sixteenths), 16)))
            .await;
        units += user.take_all(4).await?;
    }
    assert_eq!(units, 6, "in two periods since {start:?}");
    Ok(())
}

/// 6,000 a second and 1,000 a minute were not counted at all.
async fn redis_cell_50_large_amounts_are_counted<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    for item in [
        RateLimitItem::per_second(6_000),
        RateLimitItem::per_minute(1_000),
    ] {
        counts_and_refills(&case, item).await?;
    }
    Ok(())
}

/// "Zero rates are not supported", where a unit comes back in less than a millisecond.
async fn redis_cell_80_more_than_a_unit_a_millisecond_is_a_limit<F>(case: Case<F, Gcra>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    for amount in [1_500, 2_000, 1_000_000] {
        counts_and_refills(&case, RateLimitItem::per_second(amount)).await?;
    }
    Ok(())
}

/// Asserts that all units can be taken once, and half of them half a period later.
async fn counts_and_refills<F>(case: &Case<F, Gcra>, item: RateLimitItem<'static>) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let user = case.user_of(item, unique_id());
    let (amount, period) = (item.amount(), item.get_expiry());
    let burst = user.take(amount).await?;
    assert_eq!(burst.remaining(), 0, "{burst:?}");
    let refused = user.refused(amount).await?;
    let retry_at = refused
        .retry_at()
        .ok_or("the amount fits when it is back")?;
    case.assert_same(retry_at, burst.now().saturating_add(period), &refused);
    let half = burst.now().saturating_add(part(period, 2));
    case.pass_to_just_before(half).await;
    user.fails(amount / 2 + 1).await?;
    case.pass_to(half).await;
    user.passes(amount / 2).await?;
    user.fails(amount / 2 + 1).await?;
    Ok(())
}

/// Asserts that every unit is back at the first microsecond that is not before the share
/// of the period that it takes, in exact fractions.
async fn refills_exactly<F>(
    case: Case<F, Gcra>,
    amount: u64,
    unit: Granularity,
    multiples: u32,
) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let multiples = NonZeroU32::new(multiples).ok_or("a period is not empty")?;
    let item = RateLimitItem::new(amount, unit).with_multiples(multiples);
    let user = case.user_of(item, unique_id());
    let start = user.take(amount).await?.now();
    let mut shares = [
        1,
        2,
        3,
        amount / 7,
        amount / 3,
        amount / 2 + 1,
        amount - 1,
        amount,
    ];
    shares.sort_unstable();
    for units in shares.into_iter().filter(|units| *units > 0) {
        let release = release(item, start, units)?;
        case.pass_to_just_before(release).await;
        assert_left(&user, start).await?;
        case.pass_to(release).await;
        assert_left(&user, start).await?;
        let test = user.test(units).await?;
        assert!(test.allowed(), "{units} of {item}: {test:?}");
    }
    Ok(())
}

/// When so many units of a bucket that was empty at `start` are back.
fn release(
    item: RateLimitItem<'static>,
    start: Timestamp,
    units: u64,
) -> Result<Timestamp, Failed> {
    let period = u128::from(item.get_expiry().as_micros());
    let wait = (u128::from(units) * period).div_ceil(item.amount().into());
    Ok(start.saturating_add(Micros::from_micros(u64::try_from(wait)?)))
}

/// Asserts that as many units are back as fit into the time since the bucket was empty.
async fn assert_left<F>(user: &User<F, Gcra>, start: Timestamp) -> Outcome
where
    F: Fixture<Storage: Keeps<Gcra>>,
{
    let passed = u128::from(user.now().saturating_since(start).as_micros());
    let period = u128::from(user.item.get_expiry().as_micros());
    let left = passed * u128::from(user.item.amount()) / period;
    let stats = user.stats().await?;
    assert_eq!(u128::from(stats.remaining), left, "{stats:?}");
    if stats.remaining < user.item.amount() {
        let test = user.test(stats.remaining + 1).await?;
        let next = release(user.item, start, stats.remaining + 1)?;
        assert_eq!(test.retry_at(), Some(next), "{test:?}");
    }
    Ok(())
}
