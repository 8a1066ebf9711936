//! The clocks of a server.

mod system;
#[cfg(feature = "wait")]
mod tokio;

#[cfg(feature = "wait")]
pub use self::tokio::TokioClock;
pub use system::SystemClock;
