//! Counts the instructions of a decision of governor's limiter without keys.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use embedded_alloc::LlffHeap;
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use limits_figures::count::Counter;
use semihosting::{println, process};

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

const HEAP_SIZE: usize = 1024;
static mut HEAP_MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];

#[limits_figures::entry]
fn main() -> ! {
    #[expect(unsafe_code, reason = "the allocator is given its memory")]
    // SAFETY: called once, before anything is allocated.
    unsafe {
        HEAP.init(&raw mut HEAP_MEMORY as usize, HEAP_SIZE);
    }
    let clock = FakeRelativeClock::default();
    let amount = NonZeroU32::new(3).expect("three");
    let limiter =
        RateLimiter::direct_with_clock(Quota::per_second(black_box(amount)), clock.clone());
    println!("bytes={}", size_of_val(&limiter) + HEAP.used());
    let counter = Counter::start();
    let (mut min, mut worst, mut sum) = (u32::MAX, 0, 0);
    for number in 0..2_000 {
        clock.advance(core::time::Duration::from_millis(number % 400));
        let count = counter.instructions_of(|| {
            black_box(limiter.check().is_ok());
        });
        (min, worst, sum) = (min.min(count), worst.max(count), sum + count);
    }
    println!("min={min}");
    println!("mean={}", sum / 2_000);
    println!("worst={worst}");
    process::exit(0)
}
