//! The hits that a storage is measured by.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;
use std::time::Instant;

use indicatif::ProgressBar;
use limits::{AnyRateLimiter, RateLimitItem, StorageError};
use tokio::task::{JoinSet, coop, spawn_local};

use super::progress;
use super::tally::Tally;

/// Hits of one limit on keys in turn, so many at a time.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) limiter: AnyRateLimiter,
    pub(super) item: RateLimitItem<'static>,
    pub(super) cost: u64,
    pub(super) keys: u64,
    pub(super) concurrency: u32,
}

impl Load {
    /// Hits for a while: each task once, and again as soon as it has its answer.
    pub(super) async fn run(self: &Rc<Self>, duration: Duration, bar: ProgressBar) -> Tally {
        let tally = Rc::new(RefCell::new(Tally::default()));
        let turn = Rc::new(Cell::new(0));
        let start = Instant::now();
        let watch = spawn_local(progress::watch(bar.clone(), Rc::clone(&tally), duration));
        let hit = || Rc::clone(self).hit(start + duration, Rc::clone(&turn), Rc::clone(&tally));
        self.at_a_time(hit).await;
        let took = start.elapsed();
        watch.abort();
        bar.finish_and_clear();
        let mut tally = tally.take();
        tally.took = took;
        tally
    }

    /// Forgets what was taken by the first `hits` hits: no more calls than there are keys.
    pub(super) async fn clear(self: &Rc<Self>, hits: u64) -> Result<(), StorageError> {
        let turn = Rc::new(Cell::new(0));
        let used = hits.min(self.keys);
        let clear = || Rc::clone(self).clear_below(used, Rc::clone(&turn));
        self.at_a_time(clear).await.into_iter().collect()
    }

    async fn hit(self: Rc<Self>, end: Instant, turn: Rc<Cell<u64>>, tally: Rc<RefCell<Tally>>) {
        let mut start = Instant::now();
        loop {
            let key = turn.get() % self.keys;
            turn.set(turn.get() + 1);
            let answer = self.limiter.hit(&self.item, key, self.cost).await;
            tally.borrow_mut().count(answer, start.elapsed());
            // A storage in memory never waits, and the other tasks want their turn.
            coop::consume_budget().await;
            start = Instant::now();
            if start >= end {
                return;
            }
        }
    }

    /// Stops at the first failure: a storage that is gone would make it long.
    async fn clear_below(
        self: Rc<Self>,
        used: u64,
        turn: Rc<Cell<u64>>,
    ) -> Result<(), StorageError> {
        while turn.get() < used {
            let key = turn.replace(turn.get() + 1);
            self.limiter.clear(&self.item, key).await?;
        }
        Ok(())
    }

    async fn at_a_time<F>(&self, task: impl Fn() -> F) -> Vec<F::Output>
    where
        F: Future<Output: 'static> + 'static,
    {
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrency {
            tasks.spawn_local(task());
        }
        tasks.join_all().await
    }
}

#[cfg(test)]
mod tests {
    use limits::{AnyStorage, Storage, StrategyName};
    use tokio::task::LocalSet;

    use super::*;

    async fn hit_and_clear(storage: &AnyStorage, strategy: StrategyName) -> Tally {
        let limiter = storage.limiter(strategy).expect("memory keeps all windows");
        let load = Rc::new(Load {
            limiter,
            item: RateLimitItem::per_hour(2).with_namespace("OURS"),
            cost: 1,
            keys: 5,
            concurrency: 16,
        });
        let hits = async {
            let duration = Duration::from_millis(20);
            let tally = load.run(duration, ProgressBar::hidden()).await;
            load.clear(tally.hits()).await.expect("memory never fails");
            tally
        };
        LocalSet::new().run_until(hits).await
    }

    #[tokio::test]
    async fn hits_every_key_and_leaves_nothing_behind() {
        for strategy in StrategyName::ALL.iter().copied() {
            let storage = limits::storage_from_string("memory://").expect("a storage");
            let tally = hit_and_clear(&storage, strategy).await;
            assert_eq!((tally.allowed, tally.errors), (10, 0), "{strategy}");
            assert!(tally.refused > 0, "{strategy}");
            let left = storage.reset().await.expect("memory never fails");
            assert_eq!(left, 0, "{strategy}");
        }
    }

    #[tokio::test]
    async fn leaves_the_keys_of_others_alone() {
        let storage = limits::storage_from_string("memory://").expect("a storage");
        let strategy = StrategyName::FixedWindow;
        let limiter = storage.limiter(strategy).expect("memory keeps all windows");
        let item = RateLimitItem::per_hour(2);
        for expected in [1, 0] {
            let decision = limiter.hit(&item, 0_u64, 1).await;
            assert_eq!(decision.expect("memory never fails").remaining(), expected);
            hit_and_clear(&storage, strategy).await;
        }
        assert_eq!(storage.reset().await.expect("memory never fails"), 1);
    }

    #[tokio::test]
    async fn counts_hits_that_failed_apart() {
        let storage = limits::storage_from_string("memory://?max_keys=2").expect("a storage");
        let tally = hit_and_clear(&storage, StrategyName::MovingWindow).await;
        assert_eq!(tally.allowed, 4);
        assert!(tally.errors > tally.refused, "{tally:?}");
        let error = tally.first_error.expect("three keys have no room");
        assert_eq!(error.kind(), limits::StorageErrorKind::Full);
    }
}
