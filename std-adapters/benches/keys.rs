//! Bytes of resident memory per key, for a million keys that were hit once,
//! against governor. Linux only: it reads `/proc/self/statm`.
//!
//! Each storage is filled in a process of its own.

use core::error::Error;
use core::num::NonZeroU32;
use std::env;
use std::fs;
use std::process::Command;

use governor::Quota;
use limits::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits::{Keeps, MemoryStorage, RateLimitItem, RateLimiter, SystemClock, poll_once};

const KEYS: usize = 1_000_000;
const PAGE: usize = 4096;
const SUBJECTS: [&str; 7] = [
    "governor/string",
    "governor/u64",
    "fixed-window",
    "fixed-window-elastic-expiry",
    "moving-window",
    "sliding-window-counter",
    "gcra",
];

fn resident() -> Result<usize, Box<dyn Error>> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).ok_or("no resident size")?.parse()?;
    Ok(pages * PAGE)
}

fn key(number: usize) -> String {
    format!("user-{number}")
}

fn fill<K: Kind + Default>() -> Result<usize, Box<dyn Error>>
where
    MemoryStorage: Keeps<K>,
{
    let limiter = RateLimiter::<K, _, _>::with_clock(MemoryStorage::new(), SystemClock);
    let item = RateLimitItem::per_hour(100);
    let before = resident()?;
    for number in 0..KEYS {
        let hit = poll_once(limiter.hit(&item, key(number).as_str(), 1));
        assert!(hit.ok_or("memory never waits")??.allowed());
    }
    Ok(resident()? - before)
}

fn measure(subject: &str) -> Result<usize, Box<dyn Error>> {
    let quota = Quota::per_hour(NonZeroU32::MAX);
    match subject {
        "governor/string" => {
            let limiter = governor::RateLimiter::keyed(quota);
            let before = resident()?;
            assert!((0..KEYS).all(|number| limiter.check_key(&key(number)).is_ok()));
            Ok(resident()? - before)
        }
        "governor/u64" => {
            let limiter = governor::RateLimiter::keyed(quota);
            let before = resident()?;
            assert!((0..KEYS).all(|number| limiter.check_key(&(number as u64)).is_ok()));
            Ok(resident()? - before)
        }
        "fixed-window" => fill::<Fixed>(),
        "fixed-window-elastic-expiry" => fill::<Elastic>(),
        "moving-window" => fill::<Moving>(),
        "sliding-window-counter" => fill::<SlidingCounter>(),
        _ => fill::<Gcra>(),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(subject) = env::args().find_map(|arg| arg.strip_prefix("fill=").map(str::to_owned))
    {
        println!("{:>4} bytes a key  {subject}", measure(&subject)? / KEYS);
        return Ok(());
    }
    for subject in SUBJECTS {
        let status = Command::new(env::current_exe()?)
            .arg(format!("fill={subject}"))
            .status()?;
        assert!(status.success(), "{subject}: {status}");
    }
    Ok(())
}
