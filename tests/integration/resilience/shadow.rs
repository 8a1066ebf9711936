//! `Shadow`.

use limits::resilience::Shadow;
use limits::window::Moving;
use limits::{Ask, MemoryStorage, Origin, RateLimitItem};
use tokio::time::sleep;

use super::{ITEM, Outcome, SECOND, hit, limiter};

#[tokio::test(start_paused = true)]
async fn it_counts_as_a_limit_in_force_and_refuses_nobody() -> Outcome {
    let shadow = limiter(Shadow::new(MemoryStorage::new()));
    let in_force = limiter(MemoryStorage::new());
    for _ in 0..3 {
        for _ in 0..9 {
            let (would, is) = (hit(&shadow, "a").await?, hit(&in_force, "a").await?);
            assert!(would.allowed(), "{would:?}");
            assert_eq!(would.origin() == Origin::Shadow, !is.allowed());
            assert_eq!(would.remaining(), is.remaining());
            assert_eq!(would.reset_time(), is.reset_time());
            assert_eq!(would.charge().is_some(), is.allowed());
        }
        sleep(SECOND * 60).await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn several_limits_are_charged_as_if_they_were_in_force() -> Outcome {
    let limiter = limiter(Shadow::new(MemoryStorage::new()));
    let (one, many) = (RateLimitItem::per_hour(1), ITEM);
    let asks = [&one, &many].map(|item| Ask::new(Moving, item, "a", 1));
    for origin in [Origin::Storage, Origin::Shadow, Origin::Shadow] {
        let answer = limiter.hit_all(&asks).await?;
        assert!(answer.allowed(), "{answer:?}");
        let origins = answer.as_slice().iter().map(|decision| decision.origin());
        assert_eq!(origins.collect::<Vec<_>>(), [origin, Origin::Storage]);
    }
    assert_eq!(limiter.get_window_stats(&many, "a").await?.remaining, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_keys_is_enforced_and_always_the_same_part() -> Outcome {
    let mut parts = Vec::new();
    for percent in [0, 25, 25, 100] {
        let limiter = limiter(Shadow::new(MemoryStorage::new()).with_enforced(percent));
        let mut refused = Vec::new();
        for user in 0..1_000 {
            let user = user.to_string();
            for _ in 0..5 {
                if !hit(&limiter, &user).await?.allowed() {
                    refused.push(user.clone());
                }
            }
        }
        parts.push(refused);
    }
    assert!(parts[0].is_empty());
    assert!(
        (150..350).contains(&parts[1].len()),
        "{} of 1000",
        parts[1].len()
    );
    assert_eq!(parts[1], parts[2]);
    assert_eq!(parts[3].len(), 1_000);
    Ok(())
}
