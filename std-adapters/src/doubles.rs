//! What servers can count whose numbers are doubles, or that share them with clients whose
//! are: the limits that are decided on there, and a bucket in such numbers.

use limits_core::window::{Charge, Decide, Gcra, Hit, Settled};
use limits_core::{GcraWindow, Limit, Micros, Timestamp};

/// The largest number that is counted to exactly.
pub(crate) const MOST_UNITS: u64 = (1 << 53) - 1;

/// The longest period, of 142 years, in microseconds: whole milliseconds, of which an
/// instant of the server and one period are a number that is counted to.
const LONGEST: u64 = (1 << 52) / MILLI * MILLI;

/// A millisecond in microseconds.
pub(crate) const MILLI: u64 = 1_000;

/// Buckets keep the units given back modulo 2^53.
const GIVEN_SHIFT: u32 = 11;

/// A hit by a clock of microseconds.
pub(crate) fn in_micros(hit: Hit) -> Hit {
    let (amount, period) = (hit.limit().amount(), hit.limit().period().as_micros());
    let period = Micros::from_micros(period.min(LONGEST));
    let limit = Limit::new(amount.min(MOST_UNITS), period);
    Hit::new(limit, hit.cost(), hit.now())
}

/// A hit by a clock of milliseconds, of which no period has fewer than it lasts.
pub(crate) fn in_millis(hit: Hit) -> Hit {
    let millis = hit.limit().period().as_micros().div_ceil(MILLI);
    let limit = Limit::new(hit.limit().amount(), Micros::from_millis(millis));
    in_micros(Hit::new(limit, hit.cost(), hit.now()))
}

/// How long it takes until so many units are refilled, in whole microseconds, and in parts
/// of one of which the amount make a whole.
pub(crate) fn refill(limit: Limit, units: u64) -> [u64; 2] {
    until_refilled(
        limit,
        u128::from(units) * u128::from(limit.period().as_micros()),
    )
}

/// What a bucket begins to count the units given back from.
pub(crate) fn first_given(now: Timestamp) -> u64 {
    GcraWindow::<u128>::first_given(now) >> GIVEN_SHIFT
}

/// The bucket that is full in `ahead` microseconds less `short` parts of one.
pub(crate) fn bucket(
    limit: Limit,
    [ahead, short, given]: [u64; 3],
    since: Timestamp,
) -> GcraWindow {
    let missing = u128::from(limit.amount()) * u128::from(ahead);
    let missing = missing.saturating_sub(short.into());
    GcraWindow::new(missing, since, limit.amount(), given)
}

/// Settles a charge by the core's arithmetic, in the server's time: what that did, and the
/// numbers of the bucket after it.
pub(crate) fn settled(read: GcraWindow, charge: &Charge, used: u64) -> (Settled, [u64; 3]) {
    let (limit, now) = (charge.limit(), read.since());
    let [given_then, ..] = charge.mark().numbers();
    // As many as were given back since, modulo 2^53, are so many modulo 2^64.
    let since = read.given().wrapping_sub(given_then) & MOST_UNITS;
    let mut next = GcraWindow::new(read.missing(), now, read.rate(), given_then + since);
    let settled = Decide::<Gcra>::settle(&mut next, charge, used, now);
    let [micros, parts] = until_refilled(limit, next.missing());
    // Rounded up, and sooner by the rest.
    let [ahead, short] = match parts {
        0 => [micros, 0],
        parts => [micros + 1, limit.amount() - parts],
    };
    (settled, [ahead, short, next.given() & MOST_UNITS])
}

fn until_refilled(limit: Limit, missing: u128) -> [u64; 2] {
    let rate = u128::from(limit.amount().max(1));
    // What is more than is counted to is more than fits.
    let narrow = |number: u128| u64::try_from(number).map_or(MOST_UNITS, |n| n.min(MOST_UNITS));
    [narrow(missing / rate), narrow(missing % rate)]
}
