use core::time::Duration;

/// With longer ones an instant could overflow.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long one may wait: at most a day.
#[derive(Clone, Copy)]
pub(in crate::redis) struct Timeouts {
    connect: Duration,
    response: Duration,
}

impl Timeouts {
    /// Sets how long a connection may take to be made.
    pub(in crate::redis) fn with_connect(self, limit: Duration) -> Self {
        let connect = limit.min(LONGEST);
        Self { connect, ..self }
    }

    /// Sets how long an answer may take.
    pub(in crate::redis) fn with_response(self, limit: Duration) -> Self {
        let response = limit.min(LONGEST);
        Self { response, ..self }
    }

    pub(super) const fn connect(self) -> Duration {
        self.connect
    }

    pub(super) const fn response(self) -> Duration {
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
