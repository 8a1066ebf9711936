//! The fixed window, and the counter it needs from a storage.

use limits_core::window::{Elastic, Fixed};
use limits_core::{Ask, FixedWindowSupport, Keeps, Key, Limit, Storage};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Fixed>>
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
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
        law("incr_has_no_limit_of_its_own", incr_has_no_limit_of_its_own),
        law(
            "incr_counts_as_far_as_the_storage_does",
            incr_counts_as_far_as_the_storage_does,
        ),
        law("incr_of_nothing_reads", incr_of_nothing_reads),
        law("incr_is_over_at_its_expiry", incr_is_over_at_its_expiry),
        law("incr_may_move_its_expiry", incr_may_move_its_expiry),
        law(
            "get_and_get_expiry_read_the_counter",
            get_and_get_expiry_read_the_counter,
        ),
        law("acquire_stops_at_the_amount", acquire_stops_at_the_amount),
        law(
            "a_refused_acquire_keeps_the_end",
            a_refused_acquire_keeps_the_end,
        ),
        law(
            "a_counter_above_the_amount_refuses_all",
            a_counter_above_the_amount_refuses_all,
        ),
    ]
}

async fn the_window_ends_at_exactly_one_period<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
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

async fn later_hits_do_not_move_the_end<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
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

async fn all_units_come_back_at_once<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
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

async fn each_window_admits_the_amount<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
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

async fn incr_adds_and_tells_the_counter<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let end = case.now().saturating_add(PERIOD);
    for expected in 1..=3 {
        let count = storage.incr(key, PERIOD, false, 1, case.now()).await?;
        assert_eq!(count, expected, "at {:?}", case.now());
        let expiry = storage.get_expiry(key, case.now()).await?;
        case.assert_same(expiry, end, &count);
    }
    Ok(())
}

async fn incr_takes_any_amount<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    for (amount, expected) in [(7, 7), (1, 8), (1_000_000, 1_000_008), (2, 1_000_010)] {
        let count = storage.incr(key, PERIOD, false, amount, case.now()).await?;
        assert_eq!(count, expected, "at {:?}", case.now());
    }
    Ok(())
}

async fn incr_has_no_limit_of_its_own<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, user) = (case.fixture.storage(), case.patient_user(3));
    let (key, expiry) = (user.item.key_for(&user.id), user.item.get_expiry());
    for expected in [2, 4, 6] {
        let count = storage.incr(key, expiry, false, 2, case.now()).await?;
        assert_eq!(count, expected, "at {:?}", case.now());
    }
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 0, "{stats:?}");
    Ok(())
}

async fn incr_counts_as_far_as_the_storage_does<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let most = case.fixture.largest_amount();
    assert!(F::Storage::MOST_UNITS >= most, "{most}");
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    for (amount, expected) in [
        (most - 1, most - 1),
        (2, most - 1),
        (1, most),
        (1, most),
        (most, most),
    ] {
        let count = storage.incr(key, PERIOD, false, amount, case.now()).await?;
        assert_eq!(count, expected, "{amount} of {most} at {:?}", case.now());
        assert_eq!(storage.get(key, case.now()).await?, expected, "of {most}");
    }
    Ok(())
}

async fn incr_of_nothing_reads<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let now = case.now();
    assert_eq!(storage.incr(key, PERIOD, true, 0, now).await?, 0, "{now:?}");
    assert_eq!(storage.get_expiry(key, now).await?, now);
    storage.incr(key, PERIOD, false, 1, case.now()).await?;
    let end = storage.get_expiry(key, case.now()).await?;
    case.pass(part(PERIOD, 4)).await;
    let count = storage.incr(key, PERIOD, true, 0, case.now()).await?;
    assert_eq!(count, 1, "at {:?}", case.now());
    let expiry = storage.get_expiry(key, case.now()).await?;
    case.assert_same(expiry, end, &count);
    Ok(())
}

async fn incr_is_over_at_its_expiry<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let end = case.now().saturating_add(PERIOD);
    storage.incr(key, PERIOD, false, 1, case.now()).await?;
    case.pass_to_just_before(end).await;
    let count = storage.get(key, case.now()).await?;
    assert_eq!(count, 1, "at {:?}", case.now());
    case.pass_to(end).await;
    let count = storage.get(key, case.now()).await?;
    assert_eq!(count, 0, "at {:?}", case.now());
    let count = storage.incr(key, PERIOD, false, 1, case.now()).await?;
    assert_eq!(count, 1, "at {:?}", case.now());
    Ok(())
}

async fn incr_may_move_its_expiry<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    for expected in 1..=3 {
        let now = case.now();
        let count = storage.incr(key, PERIOD, true, 1, now).await?;
        assert_eq!(count, expected, "at {now:?}");
        let expiry = storage.get_expiry(key, case.now()).await?;
        case.assert_same(expiry, now.saturating_add(PERIOD), &count);
        case.pass(part(PERIOD, 4)).await;
    }
    Ok(())
}

async fn get_and_get_expiry_read_the_counter<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let now = case.now();
    assert_eq!(storage.get(key, now).await?, 0, "at {now:?}");
    assert_eq!(storage.get_expiry(key, now).await?, now);
    storage.incr(key, PERIOD, false, 4, now).await?;
    let end = now.saturating_add(PERIOD);
    let count = storage.get(key, case.now()).await?;
    assert_eq!(count, 4, "at {:?}", case.now());
    let expiry = storage.get_expiry(key, case.now()).await?;
    case.assert_same(expiry, end, &count);
    case.pass_to(end).await;
    let now = case.now();
    assert_eq!(storage.get_expiry(key, now).await?, now);
    Ok(())
}

async fn acquire_stops_at_the_amount<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let limit = Limit::new(5, PERIOD);
    for (cost, allowed, left) in [(3, true, 2), (3, false, 2), (2, true, 0), (1, false, 0)] {
        let ask = Ask::of_key(Fixed, Key::from(id.as_str()), limit, cost);
        let answer = storage.acquire(ask, case.now()).await?;
        assert_eq!(answer.allowed(), allowed, "{answer:?}");
        assert_eq!(answer.remaining(), left, "{answer:?}");
    }
    Ok(())
}

async fn a_refused_acquire_keeps_the_end<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let ask = Ask::of_key(Fixed, Key::from(id.as_str()), Limit::new(1, PERIOD), 1);
    let first = storage.acquire(ask, case.now()).await?;
    case.pass(part(PERIOD, 4)).await;
    let refused = storage.acquire(ask, case.now()).await?;
    assert!(!refused.allowed(), "{refused:?}");
    case.assert_same(refused.reset_time(), first.reset_time(), &(first, refused));
    Ok(())
}

/// As when Python counted what it refused, under the same key.
async fn a_counter_above_the_amount_refuses_all<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let (storage, user) = (case.fixture.storage(), case.user(10));
    let key = user.item.key_for(&user.id);
    storage.incr(key, PERIOD, false, 11, case.now()).await?;
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
