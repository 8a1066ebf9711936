//! All of it by URI.

use std::sync::Arc;

use limits::{
    AnyStorage, AnyStorageBuilder, Origin, RateLimitItem, StorageErrorKind, StorageSchemes,
    StrategyName, TokioClock, storage_from_string,
};
use limits_tests::Remote;
use tokio::time::{Instant, sleep};

use super::{ITEM, Outcome, SECOND, WAY, remote};

/// The storage of a scheme that is not ours.
fn storage(remote: &Arc<Remote>, options: &str) -> Result<AnyStorage, limits::StorageError> {
    let remote = Arc::clone(remote);
    let schemes = StorageSchemes::default().with_scheme("mine", move |uri| {
        uri.check_options(&["size"])?;
        Ok(AnyStorageBuilder::new("mine", Arc::clone(&remote))
            .with_all()
            .build())
    });
    schemes.storage_from_string(&format!("mine://host?size=1&{options}"))
}

#[tokio::test(start_paused = true)]
async fn a_policy_answers_in_time() -> Outcome {
    for (options, allowed, origin, millis) in [
        ("fail=open", true, Origin::FailedOpen, 250),
        ("fail=open&timeout_ms=100", true, Origin::FailedOpen, 100),
        (
            "fail=closed&timeout_ms=100",
            false,
            Origin::FailedClosed,
            100,
        ),
        ("fail=memory&timeout_ms=100", true, Origin::Fallback, 100),
    ] {
        let remote = remote();
        let limiter = storage(&remote, options)?
            .limiter_with_clock(StrategyName::MovingWindow, TokioClock)?;
        assert_eq!(limiter.hit(&ITEM, "a", 1).await?.origin(), Origin::Storage);
        remote.hang();
        let start = Instant::now();
        let answer = limiter.hit(&ITEM, "a", 1).await?;
        assert_eq!(
            (answer.allowed(), answer.origin()),
            (allowed, origin),
            "{options}"
        );
        assert_eq!(start.elapsed().as_millis(), millis, "{options}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_breaker_leaves_the_storage_alone_until_a_probe_is_answered() -> Outcome {
    let remote = remote();
    let storage = storage(&remote, "fail=open&breaker=2&probe_ms=500")?;
    let limiter = storage.limiter_with_clock(StrategyName::Gcra, TokioClock)?;
    remote.fail_as(StorageErrorKind::Unavailable);
    for calls in [1, 1, 0, 0] {
        let answer = limiter.hit(&ITEM, "a", 1).await?;
        assert_eq!(answer.origin(), Origin::FailedOpen);
        assert_eq!(remote.take_calls(), calls);
    }
    remote.recover();
    sleep(SECOND / 2 + WAY * 3).await;
    assert_eq!(limiter.hit(&ITEM, "a", 1).await?.origin(), Origin::Storage);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn refusals_are_remembered_or_only_watched() -> Outcome {
    let remote = remote();
    let one = RateLimitItem::per_minute(1);
    let strategy = StrategyName::FixedWindow;
    for (options, allowed, origin) in [
        ("remember=true", false, Origin::Remembered),
        ("remember=true&shadow=true", true, Origin::Shadow),
    ] {
        let limiter = storage(&remote, options)?.limiter_with_clock(strategy, TokioClock)?;
        for _ in 0..2 {
            let _ = limiter.hit(&one, options, 1).await?;
        }
        remote.take_calls();
        let answer = limiter.hit(&one, options, 1).await?;
        assert_eq!((answer.allowed(), answer.origin()), (allowed, origin));
        assert_eq!(remote.take_calls(), 0);
    }
    Ok(())
}

#[test]
fn a_wrapped_storage_supports_what_the_one_in_it_does() -> Outcome {
    let schemes = StorageSchemes::default().with_scheme("mine", |_| {
        let memory = limits::MemoryStorage::new();
        Ok(AnyStorageBuilder::new("mine", memory)
            .with(limits::window::Fixed)
            .build())
    });
    let options = "timeout_ms=1&fail=memory&remember=1&shadow=1";
    let storage = schemes.storage_from_string(&format!("mine://?{options}"))?;
    assert!(storage.supports(StrategyName::FixedWindow));
    let error = storage
        .limiter(StrategyName::Gcra)
        .expect_err("fixed windows only");
    assert_eq!(
        error.to_string(),
        "mine: this storage does not support gcra"
    );
    Ok(())
}

#[test]
fn wrong_options_are_named() {
    for (options, expected) in [
        (
            "fail=never",
            "memory: `fail` is none of: open, closed, memory",
        ),
        ("fail_share=2", "memory: `fail_share` is for fail=memory"),
        (
            "fail=open&fail_share=2",
            "memory: `fail_share` is for fail=memory",
        ),
        (
            "fail=memory&fail_share=0",
            "memory: the option `fail_share` has a wrong value",
        ),
        (
            "timeout_ms=0",
            "memory: the option `timeout_ms` has a wrong value",
        ),
        (
            "timeout_ms=soon",
            "memory: the option `timeout_ms` has a wrong value",
        ),
        (
            "breaker=0",
            "memory: the option `breaker` has a wrong value",
        ),
        (
            "probe_ms=5",
            "memory: `probe_ms` is for breaker=… or fail=memory",
        ),
        (
            "shadow=maybe",
            "memory: the option `shadow` is neither true nor false",
        ),
        (
            "fail=open&fail=open",
            "memory: the option `fail` is given twice",
        ),
    ] {
        let error = storage_from_string(&format!("memory://?{options}"));
        let error = error.expect_err("a wrong option");
        assert_eq!(error.kind(), StorageErrorKind::Configuration);
        assert_eq!(error.to_string(), expected);
    }
}
