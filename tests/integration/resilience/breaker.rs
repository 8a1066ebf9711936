//! `Breaker`.

use std::sync::Arc;

use limits::StorageErrorKind;
use limits::resilience::{Breaker, Timeout};
use tokio::time::{Instant, sleep};

use super::{ITEM, Outcome, SECOND, WAY, hit, limiter, remote};

#[tokio::test(start_paused = true)]
async fn it_opens_after_so_many_failures_in_a_row_and_not_before() -> Outcome {
    let remote = remote();
    let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(3));
    for _ in 0..3 {
        remote.fail(2);
        for _ in 0..2 {
            assert!(hit(&limiter, "a").await.is_err());
        }
        // One success in between begins the count anew.
        assert!(limiter.test(&ITEM, "a", 1).await?.allowed());
    }
    assert!(!limiter.storage().is_open());
    remote.fail_as(StorageErrorKind::Timeout);
    for _ in 0..3 {
        assert!(hit(&limiter, "a").await.is_err());
    }
    assert!(limiter.storage().is_open());
    remote.take_calls();
    let start = Instant::now();
    for _ in 0..100 {
        let error = hit(&limiter, "a").await.expect_err("it is open");
        assert_eq!(error.kind(), StorageErrorKind::Unavailable);
        let expected = "limits: not asked, since it failed 3 times in a row";
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(remote.take_calls(), 0);
    assert!(start.elapsed().is_zero());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_about_one_key_does_not_open_it() -> Outcome {
    let remote = remote();
    let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(1));
    for kind in [
        StorageErrorKind::Contended,
        StorageErrorKind::Corrupt,
        StorageErrorKind::Full,
        StorageErrorKind::Unsupported,
    ] {
        remote.fail_as(kind);
        for _ in 0..5 {
            let error = hit(&limiter, "a").await.expect_err("made to fail");
            assert_eq!(error.kind(), kind);
        }
    }
    assert!(!limiter.storage().is_open());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_finds_out_when_the_storage_is_back() -> Outcome {
    let remote = remote();
    let storage = Timeout::new(Arc::clone(&remote)).with_limit(SECOND / 10);
    let limiter = limiter(
        Breaker::new(storage)
            .with_failures(1)
            .with_pause(SECOND / 2),
    );
    remote.hang();
    let hits = (0..50).map(|_| hit(&limiter, "a"));
    for answer in futures_util::future::join_all(hits).await {
        let error = answer.expect_err("it hangs");
        assert_eq!(error.kind(), StorageErrorKind::Timeout);
    }
    remote.take_calls();
    sleep(SECOND * 3 - WAY).await;
    // Every half second, and the tenth that a probe takes to fail.
    assert_eq!(remote.take_calls(), 5);
    assert!(hit(&limiter, "a").await.is_err());
    remote.recover();
    sleep(SECOND / 2 + WAY * 5).await;
    assert!(!limiter.storage().is_open());
    assert!(hit(&limiter, "a").await?.allowed());
    // The probe ended with that.
    remote.take_calls();
    sleep(SECOND * 10).await;
    assert_eq!(remote.take_calls(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_probe() -> Outcome {
    let remote = remote();
    let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(1));
    remote.fail(1);
    assert!(hit(&limiter, "a").await.is_err());
    remote.hang();
    let start = Instant::now();
    for _ in 0..30 {
        let asked = Instant::now();
        assert!(hit(&limiter, "a").await.is_err());
        assert!(asked.elapsed().is_zero(), "at {:?}", start.elapsed());
        sleep(SECOND / 10).await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_of_before_does_not_close_it() -> Outcome {
    let remote = remote();
    let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(1));
    let good = limiter.test(&ITEM, "a", 1);
    let bad = async {
        // The first has been decided, and is on its way back.
        sleep(WAY / 2).await;
        hit(&limiter, "a").await
    };
    let fails = async {
        sleep(WAY + WAY / 4).await;
        remote.fail(1);
    };
    let (good, bad, ()) = tokio::join!(good, bad, fails);
    assert!(good?.allowed());
    assert!(bad.is_err());
    assert!(limiter.storage().is_open());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_probe_ends_with_the_storage() -> Outcome {
    let remote = remote();
    {
        let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(1));
        remote.fail_as(StorageErrorKind::Unavailable);
        assert!(hit(&limiter, "a").await.is_err());
    }
    sleep(SECOND * 2).await;
    remote.take_calls();
    sleep(SECOND * 10).await;
    assert_eq!(remote.take_calls(), 0);
    assert_eq!(Arc::strong_count(&remote), 1);
    Ok(())
}

/// Else a breaker that is used by several runtimes would stay open for ever.
#[test]
fn a_probe_that_ends_with_its_runtime_leaves_the_next_call_to_find_out() -> Outcome {
    let remote = Arc::new(limits_tests::Remote::new(core::time::Duration::ZERO));
    let limiter = limiter(Breaker::new(Arc::clone(&remote)).with_failures(3));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
    };
    remote.fail_as(StorageErrorKind::Unavailable);
    runtime()?.block_on(async {
        for _ in 0..3 {
            assert!(hit(&limiter, "a").await.is_err());
        }
    });
    remote.recover();
    assert!(runtime()?.block_on(hit(&limiter, "a"))?.allowed());
    assert!(!limiter.storage().is_open());
    Ok(())
}
