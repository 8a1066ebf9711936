use core::time::Duration;

use super::storage_uri::StorageUri;
use crate::error::StorageError;

/// With longer ones an instant could overflow.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long one may wait: at most a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    connect: Duration,
    response: Duration,
}

impl Timeouts {
    /// The options that a URI may give.
    pub(crate) const OPTIONS: [&str; 2] = ["connect_timeout_ms", "response_timeout_ms"];

    /// Reads the options of a URI.
    pub(crate) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let [connect, response] = Self::OPTIONS.map(|option| uri.millis(option));
        let mut timeouts = Self::default();
        if let Some(limit) = connect? {
            timeouts = timeouts.with_connect(limit);
        }
        if let Some(limit) = response? {
            timeouts = timeouts.with_response(limit);
        }
        Ok(timeouts)
    }

    /// Sets how long a connection may take to be made.
    pub(crate) fn with_connect(self, limit: Duration) -> Self {
        let connect = limit.min(LONGEST);
        Self { connect, ..self }
    }

    /// Sets how long an answer may take.
    pub(crate) fn with_response(self, limit: Duration) -> Self {
        let response = limit.min(LONGEST);
        Self { response, ..self }
    }

    pub(crate) const fn connect(self) -> Duration {
        self.connect
    }

    pub(crate) const fn response(self) -> Duration {
        self.response
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            response: Duration::from_millis(500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waited_for_longer_than_a_day() {
        let timeouts = Timeouts::default()
            .with_connect(Duration::MAX)
            .with_response(Duration::MAX);
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!((timeouts.connect(), timeouts.response()), (day, day));
    }
}
