use limits_core::window::{Charge, Hit, Mark, Settled, Usage};
use limits_core::{GcraWindow, Key, Limit, Timestamp};

use super::Swap;
use crate::doubles::{bucket, first_given, in_micros, refill, settled};
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
        let [asked, asked_parts] = refill(limit, hit.cost());
        let [taken, taken_parts] = refill(limit, cost);
        vec![
            Argument::Kind("gcra"),
            limit.amount().into(),
            limit.period().as_micros().into(),
            asked.into(),
            asked_parts.into(),
            taken.into(),
            taken_parts.into(),
            first_given(hit.now()).into(),
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

/// The bucket of a reply, `since` the instant of the reply by some clock.
fn window(reply: &Reply, limit: Limit, since: Timestamp) -> GcraWindow {
    bucket(limit, reply.numbers.map(count), since)
}

/// In the server's time.
fn swap(reply: &Reply, charge: &Charge, used: u64) -> (Settled, [u64; 6]) {
    let [ahead, sooner, given] = reply.numbers.map(count);
    let read = window(reply, charge.limit(), reply.now);
    let (settled, [next_ahead, next_sooner, next_given]) = settled(read, charge, used);
    let at = |ahead: u64| reply.now.as_micros() + ahead;
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
