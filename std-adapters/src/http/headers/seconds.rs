use core::time::Duration;
use std::time::SystemTime;

/// The whole seconds of a span, rounded up: nobody is to come too early.
pub(in crate::http) const fn rounded_up(span: Duration) -> u64 {
    let more = if span.subsec_nanos() > 0 { 1 } else { 0 };
    span.as_secs().saturating_add(more)
}

/// When a span from now is over, in seconds since 1970, rounded up.
pub(super) fn since_epoch(span: Duration) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    rounded_up(now.unwrap_or_default().saturating_add(span))
}
