//! The arithmetic of windows: small states and what a hit does to them.
//!
//! Pure functions of a state, a limit, a cost and an instant, in integers only.
//! Storages that compute where they run call them on what they keep; storages
//! whose server computes turn its answer into a [`Decision`](crate::Decision)
//! by them. A window made at `t` with a period of `E` is over at exactly `t + E`.
//!
//! # A strategy of your own
//!
//! A strategy is a kind, a type without content that names it, and a state that
//! [decides](Decide) hits by it. Whatever can keep the state can be used with it then:
//! here [`Single`](crate::Single), and a [`TableStorage`](crate::TableStorage) if the state
//! is a [`TableWindow`](crate::table::TableWindow) too.
//!
//! ```
//! use embassy_sync::blocking_mutex::raw::NoopRawMutex;
//! use limits_core::window::{Charge, Decide, Hit, Kind, PlainUsage, Settled, Window};
//! use limits_core::{Limit, ManualClock, Micros, Single, Timestamp};
//!
//! /// One hit, of whatever cost, and then silence for a period.
//! #[derive(Clone, Copy)]
//! struct Spaced;
//!
//! impl Kind for Spaced {
//!     fn name(self) -> &'static str {
//!         "spaced"
//!     }
//! }
//!
//! /// When the silence ends.
//! #[derive(Clone, Copy)]
//! struct Silence(Timestamp);
//!
//! impl Window for Silence {
//!     const EMPTY: Self = Self(Timestamp::ZERO);
//!
//!     fn expires_at(&self) -> Timestamp {
//!         self.0
//!     }
//!
//!     fn bring_forward(&mut self, period: Micros, now: Timestamp) {
//!         self.0 = self.0.min(now.saturating_add(period));
//!     }
//! }
//!
//! impl Decide<Spaced> for Silence {
//!     type Usage = PlainUsage;
//!
//!     fn acquire(&mut self, hit: Hit) -> (bool, PlainUsage) {
//!         self.bring_forward(hit.limit().period(), hit.now());
//!         let fits = self.0 <= hit.now();
//!         if fits && hit.cost() > 0 {
//!             self.0 = hit.latest_end();
//!         }
//!         (fits, self.peek(hit))
//!     }
//!
//!     fn peek(&self, hit: Hit) -> PlainUsage {
//!         let end = self.0.min(hit.latest_end()).max(hit.now());
//!         let used = if end > hit.now() { hit.limit().amount() } else { 0 };
//!         PlainUsage { used, reset_time: end, retry_at: end, mark: self.0.into() }
//!     }
//!
//!     fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
//!         if used > 0 || charge.mark().instant() != self.0 || self.0 <= now {
//!             return Settled::NOTHING;
//!         }
//!         *self = Self::EMPTY;
//!         Settled::given_back(charge.cost())
//!     }
//! }
//!
//! let clock = ManualClock::default();
//! let limit = Limit::new(1, Micros::from_secs(1));
//! let limiter = Single::<NoopRawMutex, Spaced, Silence, _>::new(limit, &clock);
//! assert!(limiter.hit(1).allowed());
//! assert!(!limiter.hit(1).allowed());
//! clock.advance(Micros::from_secs(1));
//! assert!(limiter.hit(1).allowed());
//! ```

mod airtime;
mod bytes;
mod bytes_of_windows;
mod charge;
mod decide;
mod fixed;
mod gcra;
mod hit;
mod log;
mod moving;
mod number;
mod sliding;
mod usage;

pub use airtime::{Airtime, AirtimeWindow};
pub use bytes::{StateReader, StateWriter, WindowBytes};
pub use charge::{Charge, Mark, Settled};
pub use decide::{Decide, Kind, Window};
pub use fixed::{Elastic, Fixed, FixedWindow};
pub use gcra::{Gcra, GcraWindow};
pub use hit::Hit;
pub use log::{Run, RunLog};
pub use moving::{Moving, MovingUsage, MovingWindow};
pub use number::Level;
pub use sliding::{SlidingCounter, SlidingWindow};
pub use usage::{PlainUsage, Usage};

pub(crate) use number::{can_count, narrow};
