use limits_core::window::{Charge, Decide, Elastic, Fixed, Hit, Mark, Settled, Usage};
use limits_core::{FixedWindow, Limit, Timestamp};
use mongodb::bson::{Document, doc};

use super::{LATE, correction, millis};
use crate::doubles::{MILLI, MOST_UNITS, in_millis};
use crate::mongodb::expression::{
    at_most, bind, both, changed_if, date, difference, either, equal, is_count, is_of, larger,
    less, number, smaller, sum,
};
use crate::mongodb::found::Found;
use crate::mongodb::link::Place;

pub(super) const FIXED: Recipe = Recipe { is_elastic: false };
pub(super) const ELASTIC: Recipe = Recipe { is_elastic: true };

/// A counter: `{ _id, count, expireAt }`.
pub(super) struct Recipe {
    is_elastic: bool,
}

/// Binds the server's clock, the end of the window and its units, none if it is over.
fn within(result: Document) -> Document {
    let read = doc! {
        "now": { "$toLong": "$$NOW" },
        "end": { "$toLong": "$expireAt" },
        "units": larger("$count", 0_i64),
    };
    let is_running = less("$$now", "$$end");
    let count = doc! { "count": either(is_running, "$$units", 0_i64) };
    bind(read, bind(count, result))
}

fn is_ours() -> Document {
    both(is_count("$count"), is_of("$expireAt", &["date"]))
}

/// A document whose counter begins anew if it is empty.
fn document(count: Document, end: Document, is_acquired: &str) -> Document {
    doc! { "_id": "$_id", "count": count, "expireAt": date(end), "_acquired": is_acquired }
}

impl Recipe {
    /// Where a hit puts the end.
    fn end(&self, limit: Limit) -> Document {
        let latest = sum("$$now", number(millis(limit)));
        let is_far = less(sum("$$now", number(millis(limit) + LATE)), "$$end");
        let running = if self.is_elastic {
            larger("$$end", latest.clone())
        } else {
            larger("$$end", 0_i64)
        };
        let moves = doc! { "$or": [equal("$$count", 0_i64), is_far] };
        either(moves, latest, running)
    }

    fn window(&self, found: &Found) -> Option<FixedWindow> {
        let (count, end) = (found.count("count")?, found.instant("expireAt")?);
        Some(FixedWindow::new(count.min(MOST_UNITS), end))
    }
}

impl super::Recipe for Recipe {
    fn place(&self) -> Place {
        Place::Counters
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_millis(hit)
    }

    fn acquired(&self, hit: Hit) -> Document {
        let taken = sum("$$count", number(hit.cost()));
        let fits = at_most(taken.clone(), number(hit.limit().amount()));
        let count = either("$$fits", taken, sum("$$count", 0_i64));
        let document = document(count, self.end(hit.limit()), "$$fits");
        changed_if(is_ours(), within(bind(doc! { "fits": fits }, document)))
    }

    fn shown(&self, _hit: Hit) -> Document {
        doc! { "_id": 0, "now": "$$NOW", "count": 1, "expireAt": 1, "_acquired": 1 }
    }

    fn usage(&self, found: &Found, hit: Hit) -> Option<Usage> {
        let window = self.window(found)?;
        let units = window.count(found.now());
        let end = found.at(window.end(), hit);
        let window = match units {
            0 => FixedWindow::default(),
            units => FixedWindow::new(units, end),
        };
        Some(window.into())
    }

    fn mark(&self, found: &Found, _hit: Hit) -> Option<Mark> {
        found.instant("expireAt").map(Mark::from)
    }

    fn settled(&self, charge: &Charge, used: u64) -> Document {
        let mark = number(charge.mark().instant().as_micros() / MILLI);
        // Until where its hit put the end, no other elastic window can have begun.
        let is_its_own = if self.is_elastic {
            less("$$now", mark)
        } else {
            equal("$$end", mark)
        };
        let [back, more] = correction(charge, used);
        let count = larger(difference("$$count", number(back)), 0_i64);
        let count = smaller(sum(count, number(more)), number(MOST_UNITS));
        // One that holds nothing is over.
        let end = either(equal("$$left", 0_i64), "$$now", "$$end");
        let settled = doc! {
            "_id": "$_id",
            "count": "$$left",
            "expireAt": date(end),
            "_acquired": "$_acquired",
        };
        let settled = bind(doc! { "left": count }, settled);
        let is_its_own = both(is_its_own, less(0_i64, "$$count"));
        changed_if(is_ours(), within(either(is_its_own, settled, "$$ROOT")))
    }

    fn charged(&self, _charge: &Charge) -> Document {
        doc! { "_id": 0, "now": "$$NOW", "count": 1, "expireAt": 1 }
    }

    fn settling(&self, found: &Found, charge: &Charge, used: u64) -> Option<Settled> {
        let (mut window, now): (_, Timestamp) = (self.window(found)?, found.now());
        if window.count(now) == 0 {
            return Some(Settled::NOTHING);
        }
        Some(if self.is_elastic {
            Decide::<Elastic>::settle(&mut window, charge, used, now)
        } else {
            Decide::<Fixed>::settle(&mut window, charge, used, now)
        })
    }
}
