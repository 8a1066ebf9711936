//! Times for people.

use core::fmt;
use core::time::Duration;

const TENTHS_A_MINUTE: u128 = 600;
const MINUTE: u128 = 60;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;

/// A time as `250ms`, `12.3s`, `2m 5s`, `3h 20m` or `29d 4h`: rounded up, so that
/// who comes back after it is never early.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief(pub(crate) Duration);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_nanos().div_ceil(1_000_000);
        if millis == 0 {
            return f.write_str("0s");
        }
        if millis < 1_000 {
            return write!(f, "{millis}ms");
        }
        let tenths = millis.div_ceil(100);
        if tenths < TENTHS_A_MINUTE {
            return match (tenths / 10, tenths % 10) {
                (secs, 0) => write!(f, "{secs}s"),
                (secs, tenth) => write!(f, "{secs}.{tenth}s"),
            };
        }
        let secs = tenths.div_ceil(10);
        if secs < HOUR {
            return two_units(f, secs, (MINUTE, "m"), (1, "s"));
        }
        if secs.next_multiple_of(MINUTE) < DAY {
            return two_units(f, secs, (HOUR, "h"), (MINUTE, "m"));
        }
        two_units(f, secs, (DAY, "d"), (HOUR, "h"))
    }
}

fn two_units(
    f: &mut fmt::Formatter<'_>,
    secs: u128,
    (large, large_name): (u128, &str),
    (small, small_name): (u128, &str),
) -> fmt::Result {
    let secs = secs.next_multiple_of(small);
    write!(f, "{}{large_name}", secs / large)?;
    match secs % large / small {
        0 => Ok(()),
        rest => write!(f, " {rest}{small_name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_two_units_rounded_up() {
        for (micros, expected) in [
            (0, "0s"),
            (1, "1ms"),
            (999_000, "999ms"),
            (999_001, "1s"),
            (12_300_000, "12.3s"),
            (12_300_001, "12.4s"),
            (59_900_001, "1m"),
            (125_000_000, "2m 5s"),
            (3_599_000_001, "1h"),
            (3_600_000_000, "1h"),
            (12_001_000_000, "3h 21m"),
            (86_399_000_000, "1d"),
            (2_592_000_000_000, "30d"),
            (2_592_000_000_001, "30d 1h"),
        ] {
            let brief = Brief(Duration::from_micros(micros)).to_string();
            assert_eq!(brief, expected, "{micros}");
        }
        assert!(!Brief(Duration::MAX).to_string().is_empty());
    }
}
