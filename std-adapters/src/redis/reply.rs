use limits_core::Micros;
use limits_core::Timestamp;
use limits_core::window::Hit;
use redis::{FromRedisValue, ParsingError, Value};

/// What a script says about one window.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Whether the units asked for fit.
    pub(super) fits: bool,
    /// The server's clock.
    pub(super) now: Timestamp,
    /// What the window's kind knows how to read.
    pub(super) numbers: [i64; 3],
}

impl Reply {
    /// When by the caller's clock it is `micros` by the server's; now, if that is past.
    pub(super) fn at(&self, micros: i64, hit: Hit) -> Timestamp {
        hit.now().saturating_add(self.until(micros))
    }

    /// How long it is until it is `micros` by the server's clock.
    pub(super) fn until(&self, micros: i64) -> Micros {
        Timestamp::from_micros(count(micros)).saturating_since(self.now)
    }
}

/// A number that is not below 0, or is as good as that.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl FromRedisValue for Reply {
    fn from_redis_value_ref(value: &Value) -> Result<Self, ParsingError> {
        let [fits, now, numbers @ ..] = <[i64; 5]>::from_redis_value_ref(value)?;
        Ok(Self {
            fits: fits == 1,
            now: Timestamp::from_micros(count(now)),
            numbers,
        })
    }

    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        Self::from_redis_value_ref(&value)
    }
}
