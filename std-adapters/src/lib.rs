#![doc = include_str!("../README.md")]
#![warn(clippy::future_not_send)]

mod any;
#[cfg(any(feature = "etcd", feature = "memcached"))]
pub mod cas;
mod clock;
#[cfg(any(feature = "mongodb", feature = "redis"))]
mod doubles;
mod error;
#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "memory")]
mod lazy;
#[cfg(any(feature = "memory", feature = "etcd", feature = "memcached"))]
mod log;
#[cfg(feature = "memcached")]
pub mod memcached;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "mongodb")]
pub mod mongodb;
pub mod observe;
#[cfg(any(feature = "etcd", feature = "memcached", feature = "mongodb"))]
mod random;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "resilience")]
pub mod resilience;
mod schemes;
mod uri;
#[cfg(feature = "wait")]
pub mod wait;

pub use limits_core;
pub use limits_core::{
    Ask, Asks, BlockList, Clock, Decision, Decisions, FixedWindowSupport, Granularity, Guarded,
    Identifiers, Keeps, Key, Limit, ManualClock, Micros, MovingWindowSupport, Origin, ParseError,
    ParseErrorKind, RateLimitItem, RateLimiter, Reservation, SlidingWindowCounterSupport, Storage,
    StrategyName, Timestamp, UnknownStrategy, WindowStats, limiter, poll_once, storage, window,
};

#[cfg(feature = "etcd")]
pub use self::etcd::EtcdStorage;
#[cfg(feature = "memcached")]
pub use self::memcached::MemcachedStorage;
#[cfg(feature = "mongodb")]
pub use self::mongodb::MongoDbStorage;
#[cfg(feature = "redis")]
pub use self::redis::{RedisClusterStorage, RedisSentinelStorage, RedisStorage};
pub use any::{AnyRateLimiter, AnyStorage, AnyStorageBuilder};
pub use clock::SystemClock;
#[cfg(feature = "wait")]
pub use clock::TokioClock;
pub use error::{StorageError, StorageErrorKind};
#[cfg(feature = "memory")]
pub use memory::MemoryStorage;
pub use schemes::{StorageSchemes, storage_from_string};
pub use uri::StorageUri;
#[cfg(feature = "wait")]
pub use wait::{WaitError, Waited, WaitingRateLimiter};

/// The fixed window limiter by the [`SystemClock`]; see [`limits_core::FixedWindowRateLimiter`].
pub type FixedWindowRateLimiter<S> = limits_core::FixedWindowRateLimiter<S, SystemClock>;

/// The elastic fixed window limiter by the [`SystemClock`]; see
/// [`limits_core::FixedWindowElasticExpiryRateLimiter`].
pub type FixedWindowElasticExpiryRateLimiter<S> =
    limits_core::FixedWindowElasticExpiryRateLimiter<S, SystemClock>;

/// The moving window limiter by the [`SystemClock`]; see [`limits_core::MovingWindowRateLimiter`].
pub type MovingWindowRateLimiter<S> = limits_core::MovingWindowRateLimiter<S, SystemClock>;

/// The sliding window counter limiter by the [`SystemClock`]; see
/// [`limits_core::SlidingWindowCounterRateLimiter`].
pub type SlidingWindowCounterRateLimiter<S> =
    limits_core::SlidingWindowCounterRateLimiter<S, SystemClock>;

/// The limiter by the generic cell rate algorithm and the [`SystemClock`]; see
/// [`limits_core::GcraRateLimiter`].
pub type GcraRateLimiter<S> = limits_core::GcraRateLimiter<S, SystemClock>;
