//! What is special about the core's storage of fixed capacity: its bounds.

use std::sync::Arc;

use limits_core::window::{Fixed, Gcra, Moving};
use limits_core::{
    FixedLog, FixedWindow, GcraWindow, KeyError, Micros, MovingWindow, RateLimitItem, RateLimiter,
    TableError,
};

use crate::conformance::fixture::{Fixture, SharedClock};
use crate::conformance::fixtures::{FixedCapacity, LOG, SLOTS, Table};
use crate::conformance::suite::{Outcome, Own};

pub(in crate::conformance) fn all() -> Vec<Own> {
    vec![
        ("an_amount_above_the_log_is_an_error", || {
            Box::pin(an_amount_above_the_log_is_an_error())
        }),
        (
            "questions_about_an_amount_above_the_log_are_errors_too",
            || Box::pin(questions_about_an_amount_above_the_log_are_errors_too()),
        ),
        ("a_bucket_beyond_63_bits_is_an_error", || {
            Box::pin(a_bucket_beyond_63_bits_is_an_error())
        }),
        ("a_key_that_is_too_long_is_an_error", || {
            Box::pin(a_key_that_is_too_long_is_an_error())
        }),
        ("a_new_key_finds_no_room_among_live_ones", || {
            Box::pin(a_new_key_finds_no_room_among_live_ones())
        }),
        ("a_slot_is_free_when_its_window_is_over", || {
            Box::pin(a_slot_is_free_when_its_window_is_over())
        }),
        ("a_cleared_key_frees_its_slot", || {
            Box::pin(a_cleared_key_frees_its_slot())
        }),
        ("what_takes_nothing_uses_no_slot", || {
            Box::pin(what_takes_nothing_uses_no_slot())
        }),
        ("a_large_table_holds_half_as_many_keys_as_slots", || {
            Box::pin(a_large_table_holds_half_as_many_keys_as_slots())
        }),
    ]
}

const ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(2);

type Limiter<K, F> = RateLimiter<K, <F as Fixture>::Storage, SharedClock>;

fn fixed() -> Limiter<Fixed, FixedCapacity<FixedWindow>> {
    let fixture = FixedCapacity::new();
    RateLimiter::with_clock(fixture.storage(), fixture.clock())
}

fn moving() -> Limiter<Moving, FixedCapacity<MovingWindow<FixedLog<LOG>>>> {
    let fixture = FixedCapacity::new();
    RateLimiter::with_clock(fixture.storage(), fixture.clock())
}

fn ids() -> impl Iterator<Item = String> {
    (0..).map(|number| format!("user-{number}"))
}

async fn an_amount_above_the_log_is_an_error() -> Outcome {
    let limiter = moving();
    let fits = RateLimitItem::per_minute(LOG as u64);
    let hit = limiter.hit(&fits, "user", LOG as u64).await?;
    assert!(hit.allowed(), "{hit:?}");
    for amount in [LOG as u64 + 1, 1_000_000] {
        let item = RateLimitItem::per_minute(amount);
        for cost in [1, amount - 1, amount] {
            let answer = limiter.hit(&item, "user", cost).await;
            assert_eq!(
                answer.err(),
                Some(TableError::LimitTooLarge),
                "{item}, {cost}"
            );
        }
    }
    Ok(())
}

/// A test agrees with a hit: it does not promise what the hit can't keep.
async fn questions_about_an_amount_above_the_log_are_errors_too() -> Outcome {
    let limiter = moving();
    let item = RateLimitItem::per_minute(LOG as u64 + 1);
    let answer = limiter.test(&item, "user", 1).await;
    assert_eq!(
        answer.err(),
        Some(TableError::LimitTooLarge),
        "test of {item}"
    );
    let answer = limiter.get_window_stats(&item, "user").await;
    assert_eq!(
        answer.err(),
        Some(TableError::LimitTooLarge),
        "stats of {item}"
    );
    Ok(())
}

/// What is missing from a bucket is its amount times the microseconds of its period.
async fn a_bucket_beyond_63_bits_is_an_error() -> Outcome {
    let fixture = FixedCapacity::<GcraWindow<u64>>::new();
    let limiter = RateLimiter::<Gcra, _, _>::with_clock(fixture.storage(), fixture.clock());
    let year = RateLimitItem::per_year(1).get_expiry().as_micros();
    let most = ((1 << 63) - 1) / year;
    let fits = RateLimitItem::per_year(most);
    assert!(limiter.hit(&fits, "user", most).await?.allowed(), "{fits}");
    let larger = RateLimitItem::per_year(most + 1);
    let hit = limiter.hit(&larger, "user", 1).await;
    assert_eq!(hit.err(), Some(TableError::LimitTooLarge), "{larger}");
    let test = limiter.test(&larger, "user", 1).await;
    assert_eq!(test.err(), Some(TableError::LimitTooLarge), "{larger}");
    Ok(())
}

async fn a_key_that_is_too_long_is_an_error() -> Outcome {
    let limiter = fixed();
    let around = ITEM.key_for("").to_string().len();
    let longest = "x".repeat(96 - around);
    limiter.clear(&ITEM, &longest).await?;
    assert!(
        limiter.hit(&ITEM, &longest, 2).await?.allowed(),
        "{longest}"
    );
    let longer = format!("{longest}x");
    let error = Some(TableError::Key(KeyError::TooLong));
    assert_eq!(
        limiter.hit(&ITEM, &longer, 1).await.err(),
        error,
        "{longer}"
    );
    assert_eq!(
        limiter.test(&ITEM, &longer, 1).await.err(),
        error,
        "{longer}"
    );
    assert_eq!(limiter.clear(&ITEM, &longer).await.err(), error, "{longer}");
    assert!(
        !limiter.hit(&ITEM, &longest, 1).await?.allowed(),
        "{longest}"
    );
    Ok(())
}

async fn a_new_key_finds_no_room_among_live_ones() -> Outcome {
    let limiter = fixed();
    for id in ids().take(SLOTS) {
        assert!(limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
    }
    let answer = limiter.hit(&ITEM, "one more", 1).await;
    assert_eq!(answer.err(), Some(TableError::Full));
    for id in ids().take(SLOTS) {
        let hit = limiter.hit(&ITEM, &id, 1).await?;
        assert!(hit.allowed() && hit.remaining() == 0, "{id}: {hit:?}");
        assert!(!limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
    }
    Ok(())
}

async fn a_slot_is_free_when_its_window_is_over() -> Outcome {
    let limiter = fixed();
    for id in ids().take(SLOTS) {
        assert!(limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
        limiter.clock().advance(Micros::from_secs(1));
    }
    let first_end = Micros::from_secs(60 - SLOTS as u64);
    limiter
        .clock()
        .advance(Micros::from_micros(first_end.as_micros() - 1));
    let answer = limiter.hit(&ITEM, "one more", 1).await;
    assert_eq!(answer.err(), Some(TableError::Full));
    limiter.clock().advance(Micros::from_micros(1));
    assert!(limiter.hit(&ITEM, "one more", 1).await?.allowed());
    let answer = limiter.hit(&ITEM, "and another", 1).await;
    assert_eq!(answer.err(), Some(TableError::Full));
    let stats = limiter.get_window_stats(&ITEM, "user-1").await?;
    assert_eq!(stats.remaining, 1, "{stats:?}");
    Ok(())
}

async fn a_cleared_key_frees_its_slot() -> Outcome {
    let limiter = fixed();
    for id in ids().take(SLOTS) {
        assert!(limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
    }
    limiter.clear(&ITEM, "user-7").await?;
    assert!(limiter.hit(&ITEM, "one more", 1).await?.allowed());
    let answer = limiter.hit(&ITEM, "user-7", 1).await;
    assert_eq!(answer.err(), Some(TableError::Full));
    Ok(())
}

async fn what_takes_nothing_uses_no_slot() -> Outcome {
    let limiter = fixed();
    for id in ids().take(4 * SLOTS) {
        assert!(limiter.hit(&ITEM, &id, 0).await?.allowed(), "{id}");
        assert!(limiter.test(&ITEM, &id, 2).await?.allowed(), "{id}");
        assert!(!limiter.hit(&ITEM, &id, 3).await?.allowed(), "{id}");
    }
    for id in ids().take(SLOTS) {
        assert!(limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
    }
    Ok(())
}

async fn a_large_table_holds_half_as_many_keys_as_slots() -> Outcome {
    let storage = Arc::new(Table::<FixedWindow, 512>::new());
    let limiter = RateLimiter::<Fixed, _, _>::with_clock(storage, SharedClock::new());
    for hit in 0..2 {
        for id in ids().take(256) {
            let decision = limiter.hit(&ITEM, &id, 1).await?;
            assert_eq!(decision.remaining(), 1 - hit, "{id}: {decision:?}");
        }
    }
    Ok(())
}
