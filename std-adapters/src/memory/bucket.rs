use limits_core::window::{Charge, Decide, Gcra, Hit, Settled, Window};
use limits_core::{GcraWindow, Limit, Micros, Timestamp};

/// A bucket in three words, half of those it decides in, for a division a hit.
#[derive(Debug)]
pub(super) struct Bucket {
    /// When it is full again, rounded up…
    full_at: Timestamp,
    /// …and by how much earlier it is so.
    short: u64,
    given: u64,
}

impl Bucket {
    #[inline]
    fn window(&self, limit: Limit, now: Timestamp) -> GcraWindow {
        GcraWindow::of_instant(self.full_at, self.short, limit, self.given, now)
    }

    #[inline]
    fn keep(&mut self, window: &GcraWindow) {
        let (full_at, short) = window.instant();
        *self = Self {
            full_at,
            short,
            given: window.given(),
        };
    }
}

impl Window for Bucket {
    const EMPTY: Self = Self {
        full_at: Timestamp::ZERO,
        short: 0,
        given: 0,
    };

    #[inline]
    fn expires_at(&self) -> Timestamp {
        self.full_at
    }

    fn bring_forward(&mut self, period: Micros, now: Timestamp) {
        let latest = now.saturating_add(period);
        if self.full_at > latest {
            (self.full_at, self.short) = (latest, 0);
        }
    }
}

impl Decide<Gcra> for Bucket {
    type Usage = GcraWindow;

    #[inline]
    fn acquire(&mut self, hit: Hit) -> (bool, GcraWindow) {
        let mut window = self.window(hit.limit(), hit.now());
        let (fits, usage) = window.acquire(hit);
        if fits && hit.cost() > 0 {
            self.keep(&window);
        } else if hit.cost() > 0 {
            self.bring_forward(hit.limit().period(), hit.now());
        }
        (fits, usage)
    }

    #[inline]
    fn peek(&self, hit: Hit) -> GcraWindow {
        self.window(hit.limit(), hit.now())
    }

    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let mut window = self.window(charge.limit(), now);
        let settled = window.settle(charge, used, now);
        if settled != Settled::NOTHING {
            self.keep(&window);
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_three_words() {
        assert_eq!(size_of::<Bucket>(), 3 * size_of::<u64>());
    }

    #[test]
    fn nothing_is_rounded() {
        let limit = Limit::new(7, Micros::from_secs(1));
        let mut bucket = Bucket::EMPTY;
        let mut window = GcraWindow::EMPTY;
        let mut now = Timestamp::from_secs(1_000);
        for step in 0..1_000 {
            now = now.saturating_add(Micros::from_micros(step * 977 % 300_000));
            let hit = Hit::new(limit, step % 4, now);
            let (fits, usage) = bucket.acquire(hit);
            let (expected, _) = window.acquire(hit);
            assert_eq!(fits, expected, "step {step}");
            let missing = window.at(now).missing();
            assert_eq!(usage.missing(), missing, "step {step}");
        }
    }
}
