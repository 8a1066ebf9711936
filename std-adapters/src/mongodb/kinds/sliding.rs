use limits_core::window::{Charge, Decide, Hit, Mark, PlainUsage, Settled, SlidingCounter, Usage};
use limits_core::{Decision, Limit, SlidingWindow, Timestamp};
use mongodb::bson::{Bson, Document, doc};

use super::{LATE, correction, millis};
use crate::doubles::{MILLI, MOST_UNITS, in_millis};
use crate::mongodb::expression::{
    at_most, bind, both, changed_if, date, difference, either, equal, is_count, is_of, larger,
    less, number, product, smaller, sum,
};
use crate::mongodb::found::Found;
use crate::mongodb::link::Place;

/// Two counters: `{ _id, previousCount, currentCount, expireAt }`, of which the last is the
/// end of the window after the current one.
pub(super) struct Recipe;

/// Binds the server's clock, the units of the previous and the current window and the end
/// of the next one: those of the window that now is in, by however many periods that is.
fn within(limit: Limit, result: Document) -> Document {
    let period = number(millis(limit));
    let read = doc! {
        "now": { "$toLong": "$$NOW" },
        "end": { "$toLong": "$expireAt" },
        "first": larger("$previousCount", 0_i64),
        "second": larger("$currentCount", 0_i64),
    };
    let is_over = doc! { "$not": less("$$now", "$$end") };
    let is_turned = at_most("$$end", sum("$$now", period.clone()));
    let turn = doc! { "is_over": is_over, "is_turned": is_turned };
    let counts = doc! {
        "previous": either(
            "$$is_over",
            0_i64,
            either("$$is_turned", "$$second", "$$first"),
        ),
        "current": either(
            doc! { "$or": ["$$is_over", "$$is_turned"] },
            0_i64,
            "$$second",
        ),
        "kept": either("$$is_turned", sum("$$end", period), "$$end"),
    };
    let is_empty = equal(sum("$$previous", "$$current"), 0_i64);
    let is_far = less(sum("$$now", number(2 * millis(limit) + LATE)), "$$kept");
    let state = doc! {
        "is_far": is_far.clone(),
        "ends": either(
            doc! { "$or": [is_empty, is_far] },
            sum("$$now", number(2 * millis(limit))),
            "$$kept",
        ),
    };
    bind(read, bind(turn, bind(counts, bind(state, result))))
}

/// Whether the document is of such a window, or of a moving one that is over.
fn is_ours() -> Document {
    let is_moving = both(doc! { "$isArray": "$entries" }, less("$$NOW", "$expireAt"));
    doc! { "$and": [
        is_count("$previousCount"),
        is_count("$currentCount"),
        is_of("$expireAt", &["date"]),
        { "$not": is_moving },
    ] }
}

/// Whether the units fit: floor(previous * left / period) + current + cost <= amount, by a
/// product that decimal numbers of 34 digits hold exactly.
fn fits(hit: Hit) -> Document {
    let period = millis(hit.limit());
    let left = difference(difference("$$ends", number(period)), "$$now");
    let left = larger(smaller(left, number(period)), 0_i64);
    let taken = sum("$$current", number(hit.cost()));
    let room = difference(number(hit.limit().amount()), taken);
    let previous = product(doc! { "$toDecimal": "$$previous" }, left);
    let above = product(doc! { "$toDecimal": sum("$$room", 1_i64) }, number(period));
    let fits = both(at_most(0_i64, "$$room"), less(previous, above));
    bind(doc! { "room": room }, fits)
}

fn document(
    previous: impl Into<Bson>,
    current: impl Into<Bson>,
    ends: impl Into<Bson>,
    is_acquired: impl Into<Bson>,
) -> Document {
    doc! {
        "_id": "$_id",
        "previousCount": previous.into(),
        "currentCount": current.into(),
        "expireAt": date(ends),
        "_acquired": is_acquired.into(),
    }
}

/// The window by the server's clock; nothing of a moving one that is over.
fn window(found: &Found) -> Option<SlidingWindow> {
    if found.is("is_other") {
        return None;
    }
    let counts = ["previousCount", "currentCount"].map(|field| found.count(field));
    let ([Some(previous), Some(current)], end) = (counts, found.instant("expireAt")?) else {
        return None;
    };
    let [previous, current] = [previous, current].map(|count| count.min(MOST_UNITS));
    Some(SlidingWindow::new(previous, current, end))
}

impl super::Recipe for Recipe {
    fn place(&self) -> Place {
        Place::Windows
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_millis(hit)
    }

    fn acquired(&self, hit: Hit) -> Document {
        let current = sum("$$current", number(hit.cost()));
        let taken = document("$$previous", current, "$$ends", true);
        // What is over stays for the next hit that is admitted.
        let same = doc! { "$mergeObjects": ["$$ROOT", { "_acquired": false }] };
        let brought = document("$$previous", "$$current", "$$ends", false);
        let changed = either(fits(hit), taken, either("$$is_far", brought, same));
        changed_if(is_ours(), within(hit.limit(), changed))
    }

    fn shown(&self, _hit: Hit) -> Document {
        doc! {
            "_id": 0,
            "now": "$$NOW",
            "previousCount": 1,
            "currentCount": 1,
            "expireAt": 1,
            "_acquired": 1,
            "is_other": { "$not": is_ours() },
        }
    }

    fn usage(&self, found: &Found, hit: Hit) -> Option<Usage> {
        let window = window(found)?.advanced(hit.limit().period(), found.now());
        let window = match (window.previous(), window.current()) {
            (0, 0) => SlidingWindow::default(),
            (previous, current) => {
                SlidingWindow::new(previous, current, found.at(window.end(), hit))
            }
        };
        Some(window.into())
    }

    /// Units are released between the milliseconds of the server, so at its next one.
    fn refused(&self, usage: Usage, hit: Hit) -> Usage {
        if hit.cost() == 0 {
            return usage;
        }
        let decision = Decision::hit(false, hit, usage);
        let rounded_up = |instant: Timestamp| {
            let millis = instant
                .saturating_since(hit.now())
                .as_micros()
                .div_ceil(MILLI);
            let wait = limits_core::Micros::from_millis(millis);
            hit.now().saturating_add(wait)
        };
        let plain = PlainUsage {
            used: hit.limit().amount() - decision.remaining(),
            reset_time: rounded_up(decision.reset_time()),
            retry_at: rounded_up(decision.retry_at().unwrap_or(hit.now())),
            mark: Mark::default(),
        };
        plain.into()
    }

    fn mark(&self, found: &Found, _hit: Hit) -> Option<Mark> {
        found.instant("expireAt").map(Mark::from)
    }

    fn settled(&self, charge: &Charge, used: u64) -> Document {
        let limit = charge.limit();
        let mark = charge.mark().instant().as_micros() / MILLI;
        let [back, more] = correction(charge, used);
        let corrected = |count: &str| {
            let count = larger(difference(count, number(back)), 0_i64);
            smaller(sum(count, number(more)), number(MOST_UNITS))
        };
        let counts = doc! {
            "before": either("$$was_before", corrected("$$previous"), "$$previous"),
            "at": either("$$is_current", corrected("$$current"), "$$current"),
        };
        let is_empty = equal(sum("$$before", "$$at"), 0_i64);
        // One that holds nothing is over.
        let ends = either(is_empty, "$$now", "$$ends");
        let settled = bind(counts, document("$$before", "$$at", ends, "$_acquired"));
        let which = doc! {
            "is_current": both(equal("$$ends", number(mark)), less(0_i64, "$$current")),
            "was_before": both(
                equal("$$ends", number(mark + millis(limit))),
                less(0_i64, "$$previous"),
            ),
        };
        let is_its_own = doc! { "$or": ["$$is_current", "$$was_before"] };
        let changed = bind(which, either(is_its_own, settled, "$$ROOT"));
        changed_if(is_ours(), within(limit, changed))
    }

    fn charged(&self, charge: &Charge) -> Document {
        self.shown(Hit::new(charge.limit(), 0, Timestamp::ZERO))
    }

    fn settling(&self, found: &Found, charge: &Charge, used: u64) -> Option<Settled> {
        let (mut window, now) = (window(found)?, found.now());
        let settled = Decide::<SlidingCounter>::settle(&mut window, charge, used, now);
        Some(settled)
    }
}
