//! Counts and instants as Python `limits` writes them.

use limits_core::Timestamp;

const SECOND: u64 = 1_000_000;

/// A counter's text: memcached fills up what `decr` made shorter with spaces.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(text).ok()?.parse().ok())?
}

/// An instant in decimal seconds, to the microsecond.
pub(crate) fn instant(text: &[u8]) -> Option<Timestamp> {
    let mut parts = text.trim_ascii().splitn(2, |byte| *byte == b'.');
    let seconds = number(parts.next()?)?;
    let (mut micros, mut place) = (0, SECOND / 10);
    for digit in parts.next().unwrap_or_default() {
        micros += u64::from(digit.is_ascii_digit().then_some(digit - b'0')?) * place;
        place /= 10;
    }
    let micros = seconds.checked_mul(SECOND)?.checked_add(micros)?;
    Some(Timestamp::from_micros(micros))
}

/// The text of an instant: decimal seconds.
pub(crate) fn seconds(instant: Timestamp) -> String {
    let (seconds, micros) = (instant.as_micros() / SECOND, instant.as_micros() % SECOND);
    format!("{seconds}.{micros:06}")
}
