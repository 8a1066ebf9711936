//! A stand-in for the firmware, which is not there yet: the same calls on the host.
//!
//! It limits the frames of a radio to five in every ten seconds, with the storage
//! of fixed capacity and without an executor.

use core::error::Error;
use core::num::NonZeroU32;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::{
    FixedLog, ManualClock, MemoryStorage, Micros, MovingWindow, MovingWindowRateLimiter,
    RateLimitItem, poll_once,
};

type Frames = MemoryStorage<NoopRawMutex, u8, MovingWindow<FixedLog<5>>, 2>;

const CHANNEL: u8 = 0;
const TEN: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

fn main() -> Result<(), Box<dyn Error>> {
    let frames = Frames::new();
    let limiter = MovingWindowRateLimiter::with_clock(&frames, ManualClock::default());
    let limit = RateLimitItem::per_second(5).with_multiples(TEN);
    for second in 0..15 {
        let decision = poll_once(limiter.hit(&limit, CHANNEL, 1)).ok_or("memory never waits")??;
        match decision.retry_after() {
            Some(wait) if !wait.is_zero() => println!("{second:2} s: wait {wait:?}"),
            _ => println!("{second:2} s: sent, {} left", decision.remaining()),
        }
        limiter.clock().advance(Micros::from_secs(1));
    }
    Ok(())
}
