//! The clock of `embassy-time`, in ticks of one microsecond.
//!
//! Tickless: the hardware interrupts when a timer is due (the 24-bit `SysTick`
//! also when it wraps), so that an emulated day of idling takes seconds.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

#[cfg(target_arch = "riscv32")]
mod clint;
#[cfg(target_arch = "arm")]
mod systick;

#[cfg(target_arch = "riscv32")]
use clint::Counter;
#[cfg(target_arch = "arm")]
use systick::Counter;

embassy_time_driver::time_driver_impl!(static DRIVER: TimeDriver = TimeDriver::new());

/// Starts the clock at zero. Call it once, before anything waits.
pub fn init() {
    init_at(0);
}

/// Starts the clock at `micros`, as if it had run that long.
///
/// For a node that knows the time it slept, and for tests of what wraps.
pub fn init_at(micros: u64) {
    DRIVER.with(|state| {
        state.start = micros;
        state.counter.start();
    });
}

/// Makes the clock stand still until [`resume`]: timers don't fire either.
pub fn stop() {
    DRIVER.with(|state| state.stopped_at = state.stopped_at.or(Some(state.counter.now())));
}

/// Lets a stopped clock go on from where it stood.
pub fn resume() {
    DRIVER.with(|state| {
        if let Some(stopped_at) = state.stopped_at.take() {
            state.stood_still += state.counter.now() - stopped_at;
            state.arm_next();
        }
    });
}

/// Handles the interrupt of the counter.
fn on_interrupt() {
    DRIVER.with(|state| {
        state.counter.on_interrupt();
        state.arm_next();
    });
}

struct TimeDriver(Mutex<RefCell<State>>);

impl TimeDriver {
    const fn new() -> Self {
        Self(Mutex::new(RefCell::new(State::new())))
    }

    fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        critical_section::with(|section| action(&mut self.0.borrow_ref_mut(section)))
    }
}

impl Driver for TimeDriver {
    fn now(&self) -> u64 {
        self.with(|state| state.now())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        self.with(|state| {
            if state.queue.schedule_wake(at, waker) {
                state.arm_next();
            }
        });
    }
}

/// The clock and who waits for it. All instants are in microseconds.
struct State {
    counter: Counter,
    queue: Queue,
    /// What the clock told when the counter began.
    start: u64,
    /// Where the counter was when the clock was stopped.
    stopped_at: Option<u64>,
    /// How much of the counter's time the clock has missed.
    stood_still: u64,
}

impl State {
    const fn new() -> Self {
        Self {
            counter: Counter::new(),
            queue: Queue::new(),
            start: 0,
            stopped_at: None,
            stood_still: 0,
        }
    }

    fn now(&self) -> u64 {
        let counted = self.stopped_at.unwrap_or_else(|| self.counter.now());
        self.start.saturating_add(counted - self.stood_still)
    }

    /// Wakes who is due and has the counter interrupt for who is next.
    fn arm_next(&mut self) {
        while self.stopped_at.is_none() {
            let next = self.queue.next_expiration(self.now());
            if next == u64::MAX || self.counter.arm(self.counted_at(next)) {
                break;
            }
        }
    }

    /// Tells where the counter will be at the instant `at`.
    fn counted_at(&self, at: u64) -> u64 {
        at.saturating_sub(self.start)
            .saturating_add(self.stood_still)
    }
}
