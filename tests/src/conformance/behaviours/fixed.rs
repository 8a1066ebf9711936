//! The fixed window, and the counter it needs from a storage.

use limits_core::window::Increment;
use limits_core::{FixedWindowSupport, Key};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

type Fixed<F> = Case<F, limits_core::limiter::Fixed>;

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, limits_core::limiter::Fixed>>
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    vec![
        law(
            "the_window_ends_at_exactly_one_period",
            the_window_ends_at_exactly_one_period,
        ),
        law(
            "later_hits_do_not_move_the_end",
            later_hits_do_not_move_the_end,
        ),
        law("all_units_come_back_at_once", all_units_come_back_at_once),
        law(
            "each_window_admits_the_amount",
            each_window_admits_the_amount,
        ),
        law(
            "incr_adds_and_tells_the_counter",
            incr_adds_and_tells_the_counter,
        ),
        law("incr_takes_any_amount", incr_takes_any_amount),
        law(
            "incr_has_no_ceiling_of_its_own",
            incr_has_no_ceiling_of_its_own,
        ),
        law("incr_stops_at_its_ceiling", incr_stops_at_its_ceiling),
        law("incr_of_nothing_reads", incr_of_nothing_reads),
        law("incr_is_over_at_its_expiry", incr_is_over_at_its_expiry),
        law("incr_may_move_its_expiry", incr_may_move_its_expiry),
        law(
            "a_refused_incr_keeps_its_expiry",
            a_refused_incr_keeps_its_expiry,
        ),
        law(
            "get_and_get_expiry_read_the_counter",
            get_and_get_expiry_read_the_counter,
        ),
        law(
            "a_counter_above_the_amount_refuses_all",
            a_counter_above_the_amount_refuses_all,
        ),
    ]
}

const ONE: Increment = Increment {
    amount: 1,
    expiry: PERIOD,
    elastic_expiry: false,
    ceiling: None,
};

async fn the_window_ends_at_exactly_one_period<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let user = case.user(2);
    let hit = user.take(2).await?;
    let end = hit.now().saturating_add(PERIOD);
    case.assert_same(hit.reset_time(), end, &hit);
    case.pass_to_just_before(end).await;
    user.fails(1).await?;
    case.pass_to(end).await;
    let hit = user.take(1).await?;
    assert_eq!(hit.remaining(), 1, "{hit:?}");
    case.assert_same(hit.reset_time(), hit.now().saturating_add(PERIOD), &hit);
    Ok(())
}

async fn later_hits_do_not_move_the_end<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let user = case.user(3);
    let end = user.take(1).await?.reset_time();
    for _ in 0..3 {
        case.pass(part(PERIOD, 5)).await;
        let hit = user.hit(1).await?;
        case.assert_same(hit.reset_time(), end, &hit);
    }
    Ok(())
}

async fn all_units_come_back_at_once<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let user = case.user(4);
    user.passes(1).await?;
    case.pass(part(PERIOD, 2)).await;
    let end = user.take(3).await?.reset_time();
    case.pass_to_just_before(end).await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 0, "{stats:?}");
    case.pass_to(end).await;
    user.passes(4).await?;
    Ok(())
}

async fn each_window_admits_the_amount<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let user = case.user(3);
    for window in 0..3 {
        let first = user.take(1).await?;
        case.pass(part(PERIOD, 2)).await;
        let units = 1 + user.take_all(5).await?;
        assert_eq!(units, 3, "window {window}: {first:?}");
        case.pass_to(first.reset_time()).await;
    }
    Ok(())
}

async fn incr_adds_and_tells_the_counter<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let start = case.now();
    for count in 1..=3 {
        let now = case.now();
        let answer = storage.incr(Key::from(id.as_str()), ONE, now).await?;
        assert!(answer.applied, "{answer:?}");
        assert_eq!(answer.window.count(now), count, "{answer:?} at {now:?}");
        let end = start.saturating_add(PERIOD);
        case.assert_same(answer.window.reset_time(now), end, &answer);
    }
    Ok(())
}

async fn incr_takes_any_amount<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    for (amount, count) in [(1, 1), (10, 11), (1 << 31, (1 << 31) + 11)] {
        let now = case.now();
        let increment = Increment { amount, ..ONE };
        let answer = storage.incr(Key::from(id.as_str()), increment, now);
        let answer = answer.await?;
        assert_eq!(answer.window.count(now), count, "{answer:?} at {now:?}");
    }
    Ok(())
}

async fn incr_has_no_ceiling_of_its_own<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, user) = (case.fixture.storage(), case.patient_user(3));
    let free = Increment {
        amount: 2,
        expiry: user.item.get_expiry(),
        ..ONE
    };
    for count in [2, 4, 6] {
        let now = case.now();
        let answer = storage.incr(user.item.key_for(&user.id), free, now).await?;
        assert!(answer.applied, "{answer:?}");
        assert_eq!(answer.window.count(now), count, "{answer:?} at {now:?}");
    }
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 0, "{stats:?}");
    Ok(())
}

async fn incr_stops_at_its_ceiling<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    for (amount, applied, count) in [(3, true, 3), (3, false, 3), (2, true, 5), (1, false, 5)] {
        let now = case.now();
        let increment = Increment {
            amount,
            ceiling: Some(5),
            ..ONE
        };
        let answer = storage.incr(Key::from(id.as_str()), increment, now);
        let answer = answer.await?;
        assert_eq!(answer.applied, applied, "{answer:?} at {now:?}");
        assert_eq!(answer.window.count(now), count, "{answer:?} at {now:?}");
    }
    Ok(())
}

async fn incr_of_nothing_reads<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let nothing = Increment {
        amount: 0,
        elastic_expiry: true,
        ..ONE
    };
    let now = case.now();
    let answer = storage.incr(key, nothing, now).await?;
    assert!(answer.applied, "{answer:?}");
    assert_eq!(answer.window.count(now), 0, "{answer:?}");
    assert_eq!(answer.window.reset_time(now), now, "{answer:?}");
    let first = storage.incr(key, ONE, case.now()).await?;
    case.pass(part(PERIOD, 4)).await;
    let now = case.now();
    let answer = storage.incr(key, nothing, now).await?;
    assert_eq!(answer.window.count(now), 1, "{answer:?}");
    let end = first.window.reset_time(now);
    case.assert_same(answer.window.reset_time(now), end, &(first, answer));
    Ok(())
}

async fn incr_is_over_at_its_expiry<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let end = case.now().saturating_add(PERIOD);
    storage.incr(key, ONE, case.now()).await?;
    case.pass_to_just_before(end).await;
    let now = case.now();
    let window = storage.get(key, now).await?;
    assert_eq!(window.count(now), 1, "{window:?} at {now:?}");
    case.pass_to(end).await;
    let now = case.now();
    let window = storage.get(key, now).await?;
    assert_eq!(window.count(now), 0, "{window:?} at {now:?}");
    let answer = storage.incr(key, ONE, now).await?;
    assert_eq!(answer.window.count(now), 1, "{answer:?} at {now:?}");
    Ok(())
}

async fn incr_may_move_its_expiry<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let elastic = Increment {
        elastic_expiry: true,
        ceiling: Some(2),
        ..ONE
    };
    for count in [1, 2, 2] {
        let now = case.now();
        let answer = storage.incr(Key::from(id.as_str()), elastic, now).await?;
        assert_eq!(answer.window.count(now), count, "{answer:?} at {now:?}");
        let end = now.saturating_add(PERIOD);
        case.assert_same(answer.window.reset_time(now), end, &answer);
        case.pass(part(PERIOD, 4)).await;
    }
    Ok(())
}

async fn a_refused_incr_keeps_its_expiry<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let capped = Increment {
        ceiling: Some(1),
        ..ONE
    };
    let now = case.now();
    let first = storage.incr(key, capped, now).await?;
    let end = first.window.reset_time(now);
    case.pass(part(PERIOD, 4)).await;
    let now = case.now();
    let refused = storage.incr(key, capped, now).await?;
    assert!(!refused.applied, "{refused:?}");
    case.assert_same(refused.window.reset_time(now), end, &(first, refused));
    Ok(())
}

async fn get_and_get_expiry_read_the_counter<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let now = case.now();
    let window = storage.get(key, now).await?;
    assert_eq!(window.count(now), 0, "{window:?}");
    assert_eq!(window.reset_time(now), now, "{window:?}");
    assert_eq!(storage.get_expiry(key, now).await?, now, "{window:?}");
    storage
        .incr(key, Increment { amount: 4, ..ONE }, now)
        .await?;
    let end = now.saturating_add(PERIOD);
    let now = case.now();
    let window = storage.get(key, now).await?;
    assert_eq!(window.count(now), 4, "{window:?} at {now:?}");
    case.assert_same(window.reset_time(now), end, &window);
    case.assert_same(storage.get_expiry(key, case.now()).await?, end, &window);
    case.pass_to(end).await;
    let now = case.now();
    assert_eq!(storage.get_expiry(key, now).await?, now, "{window:?}");
    Ok(())
}

/// As when Python counted what it refused, under the same key.
async fn a_counter_above_the_amount_refuses_all<F>(case: Fixed<F>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, user) = (case.fixture.storage(), case.user(10));
    let above = Increment { amount: 11, ..ONE };
    storage
        .incr(user.item.key_for(&user.id), above, case.now())
        .await?;
    let refused = user.refused(0).await?;
    let test = user.test(0).await?;
    assert!(!test.allowed(), "{test:?}");
    assert_eq!(refused.remaining(), 0, "{refused:?}");
    let end = refused
        .retry_at()
        .ok_or("nothing passes when the window is over")?;
    case.assert_same(end, refused.reset_time(), &refused);
    case.pass_to_just_before(end).await;
    user.fails(0).await?;
    case.pass_to(end).await;
    user.passes(10).await?;
    Ok(())
}
