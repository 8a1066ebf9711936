use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use limits::{AnyRateLimiter, AnyStorage, Storage, StrategyName};
use limits::{Timestamp, storage_from_string};
use tokio::runtime::{self, Runtime};
use tokio::task::JoinSet;

use super::side::{Hits, Side, Stats, Window, wall_time};

const STORAGES: usize = 2;
const TASKS: usize = 4;

/// Our side: tasks that share some storages, each with connections of its own.
pub(super) struct Ours {
    runtime: Runtime,
    storages: Vec<AnyStorage>,
}

impl Ours {
    pub(super) fn connect(uri: &str, options: &str) -> Self {
        // A busy machine is not what is tested here.
        let uri = format!("{uri}?connect_timeout_ms=5000&response_timeout_ms=5000{options}");
        let storage = |_| storage_from_string(&uri).expect("the URI is right");
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let ours = Self {
            runtime: runtime.expect("threads can be started"),
            storages: (0..STORAGES).map(storage).collect(),
        };
        for storage in &ours.storages {
            let check = ours.runtime.block_on(storage.check());
            check.expect("the server answers");
        }
        ours
    }

    fn limiter(&self, number: usize, strategy: StrategyName) -> AnyRateLimiter {
        let limiter = self.storages[number % STORAGES].limiter(strategy);
        limiter.expect("all strategies are supported")
    }
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ours")
    }
}

impl Side for Ours {
    fn hit_all(&self, window: Window, hits: &Hits) -> u64 {
        let costs: Arc<[u64]> = hits.costs.as_slice().into();
        let next = Arc::new(AtomicUsize::new(0));
        let (at, pause) = (hits.at, hits.pause);
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for number in 0..TASKS.min(costs.len()) {
                let limiter = self.limiter(number, window.strategy);
                let costs = Costs(Arc::clone(&costs), Arc::clone(&next));
                tasks.spawn(async move {
                    sleep_until(at).await;
                    work(&limiter, window, costs, pause).await
                });
            }
            tasks.join_all().await.into_iter().sum()
        })
    }

    fn test(&self, window: Window, cost: u64) -> bool {
        let limiter = self.limiter(0, window.strategy);
        let decision = limiter.test(&window.item, window.identifiers, cost);
        let decision = self.runtime.block_on(decision);
        decision.expect("the server answers").allowed()
    }

    fn stats(&self, window: Window) -> Stats {
        let limiter = self.limiter(1, window.strategy);
        let stats = limiter.get_window_stats(&window.item, window.identifiers);
        let stats = self.runtime.block_on(stats).expect("the server answers");
        Stats {
            remaining: stats.remaining,
            reset_time: wall_time(limiter.clock().system_time(stats.reset_time)),
        }
    }

    fn clear(&self, window: Window) {
        let limiter = self.limiter(0, window.strategy);
        let cleared = limiter.clear(&window.item, window.identifiers);
        self.runtime.block_on(cleared).expect("the server answers");
    }

    fn reset(&self) -> u64 {
        let count = self.runtime.block_on(self.storages[1].reset());
        count.expect("the server answers")
    }
}

/// The costs of some tasks' hits and how many of them are under way or done.
struct Costs(Arc<[u64]>, Arc<AtomicUsize>);

impl Iterator for Costs {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(number).copied()
    }
}

async fn sleep_until(instant: Timestamp) {
    let wait = instant.saturating_since(wall_time(SystemTime::now()));
    tokio::time::sleep(wait.to_duration()).await;
}

async fn work(limiter: &AnyRateLimiter, window: Window, costs: Costs, pause: Duration) -> u64 {
    let mut admitted = 0;
    for cost in costs {
        let decision = limiter.hit(&window.item, window.identifiers, cost).await;
        if decision.expect("the server answers").allowed() {
            admitted += cost;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    admitted
}
