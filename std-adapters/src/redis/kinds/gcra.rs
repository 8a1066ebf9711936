use limits_core::window::{Charge, Decide, Gcra, Hit, Mark, Settled, Usage};
use limits_core::{GcraWindow, Key, Limit, Timestamp};

use super::{MOST_UNITS, Swap, in_micros};
use crate::redis::keys::Prefix;
use crate::redis::reply::{Reply, count};
use crate::redis::script::{self, Argument, Scripts};

/// A bucket: `gcra.lua`.
pub(super) struct Recipe;

impl super::Recipe for Recipe {
    fn scripts(&self) -> &'static Scripts {
        &script::GCRA
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_micros(hit)
    }

    fn keys(&self, prefix: &Prefix, key: Key<'_>) -> Vec<Vec<u8>> {
        vec![prefix.bucket(key)]
    }

    fn arguments(&self, hit: Hit, cost: u64) -> Vec<Argument> {
        let limit = hit.limit();
        let [asked, asked_parts] = refill(limit, missing(limit, hit.cost()));
        let [taken, taken_parts] = refill(limit, missing(limit, cost));
        vec![
            Argument::Kind("gcra"),
            limit.amount().into(),
            limit.period().as_micros().into(),
            asked.into(),
            asked_parts.into(),
            taken.into(),
            taken_parts.into(),
            (GcraWindow::<u128>::first_given(hit.now()) >> GIVEN_SHIFT).into(),
        ]
    }

    fn usage(&self, reply: &Reply, hit: Hit) -> Usage {
        window(reply, hit.limit(), hit.now()).into()
    }

    fn mark(&self, reply: &Reply, hit: Hit) -> Mark {
        window(reply, hit.limit(), reply.now).mark()
    }

    fn swap(&self) -> Option<Swap> {
        Some(swap)
    }
}

/// Servers keep the units given back modulo 2^53.
const GIVEN_SHIFT: u32 = 11;

/// The bucket of a reply, `since` the instant of the reply by some clock.
fn window(reply: &Reply, limit: Limit, since: Timestamp) -> GcraWindow {
    let [ahead, sooner, given] = reply.numbers.map(count);
    let missing = u128::from(limit.amount()) * u128::from(ahead);
    let missing = missing.saturating_sub(sooner.into());
    GcraWindow::new(missing, since, limit.amount(), given)
}

/// What units more make missing.
fn missing(limit: Limit, units: u64) -> u128 {
    u128::from(units) * u128::from(limit.period().as_micros())
}

/// How long it takes until so much is refilled, in whole microseconds, and in parts of one.
fn refill(limit: Limit, missing: u128) -> [u64; 2] {
    let rate = u128::from(limit.amount().max(1));
    // What is more than scripts count to is more than fits.
    let narrow = |number: u128| u64::try_from(number).map_or(MOST_UNITS, |n| n.min(MOST_UNITS));
    [narrow(missing / rate), narrow(missing % rate)]
}

/// By the core's arithmetic, in the server's time.
fn swap(reply: &Reply, charge: &Charge, used: u64) -> (Settled, [u64; 6]) {
    let (limit, now) = (charge.limit(), reply.now);
    let [given_then, ..] = charge.mark().numbers();
    let [ahead, sooner, given] = reply.numbers.map(count);
    let read = window(reply, limit, now);
    // As many as were given back since, modulo 2^53, are so many modulo 2^64.
    let since = given.wrapping_sub(given_then) & MOST_UNITS;
    let mut next = GcraWindow::new(read.missing(), now, read.rate(), given_then + since);
    let settled = Decide::<Gcra>::settle(&mut next, charge, used, now);
    let [micros, parts] = refill(limit, next.missing());
    // Rounded up, and sooner by the rest.
    let [next_ahead, next_sooner] = match parts {
        0 => [micros, 0],
        parts => [micros + 1, limit.amount() - parts],
    };
    let at = |ahead: u64| now.as_micros() + ahead;
    let next_given = next.given() & MOST_UNITS;
    let numbers = [
        at(ahead),
        sooner,
        given,
        at(next_ahead),
        next_sooner,
        next_given,
    ];
    (settled, numbers)
}
