use limits_core::window::{Charge, Hit, Mark, MovingUsage, Settled, Usage};
use limits_core::{Limit, Micros, Timestamp};
use mongodb::bson::{Bson, Document, doc};

use super::{LATE, correction};
use crate::doubles::{MILLI, in_micros};
use crate::mongodb::expression::{
    at_most, bind, both, changed_if, date_of_micros, difference, either, equal, is_of, larger,
    less, number, product, smaller, sum,
};
use crate::mongodb::found::Found;
use crate::mongodb::link::Place;

/// The units that one window may hold: each is an entry of 16 bytes, and a document has
/// room for 16 MB.
const MOST_ENTRIES: u64 = 1 << 19;

/// A list of instants: `{ _id, entries, expireAt }`, of which the entries are seconds as
/// floats, newest first.
pub(super) struct Recipe;

/// An entry in microseconds.
fn micros(entry: impl Into<Bson>) -> Document {
    doc! { "$toLong": { "$round": product(entry, number(1_000_000)) } }
}

/// Microseconds as an entry: floats tell them apart until the year 2255.
fn entry(micros: impl Into<Bson>) -> Document {
    doc! { "$divide": [micros.into(), number(1_000_000)] }
}

/// So many equal entries.
fn entries(count: impl Into<Bson>, entry: impl Into<Bson>) -> Document {
    let range = doc! { "$range": [0, count.into()] };
    doc! { "$map": { "input": range, "in": entry.into() } }
}

fn those(entries: impl Into<Bson>, condition: Document) -> Document {
    doc! { "$filter": { "input": entries.into(), "as": "entry", "cond": condition } }
}

/// Binds the instant of the hit in microseconds of the server's clock, but no earlier than
/// the newest entry; whether that is one of a clock that went back, so that entries were
/// brought to now; the entries that are not yet released and how many they are.
fn within(limit: Limit, result: Document) -> Document {
    let period = number(limit.period().as_micros());
    let all = either(
        doc! { "$isArray": "$entries" },
        "$entries",
        Bson::Array(vec![]),
    );
    let read = doc! { "clock": product(doc! { "$toLong": "$$NOW" }, number(MILLI)), "all": all };
    let newest = doc! { "newest": micros(doc! { "$arrayElemAt": ["$$all", 0] }) };
    let is_far = less(sum("$$clock", number(LATE * MILLI)), "$$newest");
    let far = doc! { "is_far": is_far };
    let now = doc! { "now": either("$$is_far", "$$clock", larger("$$clock", "$$newest")) };
    let brought = smaller("$$entry", entry("$$now"));
    let brought = doc! { "$map": { "input": "$$all", "as": "entry", "in": brought } };
    let kept = doc! { "kept": either("$$is_far", brought, "$$all") };
    let is_live = less(difference("$$now", period), micros("$$entry"));
    let live = doc! { "live": those("$$kept", is_live) };
    let used = doc! { "used": { "$size": "$$live" } };
    let state = bind(kept, bind(live, bind(used, result)));
    bind(read, bind(newest, bind(far, bind(now, state))))
}

/// Whether the document is of such a window, or of a sliding counter that is over.
fn is_ours() -> Document {
    let is_sliding = both(
        doc! { "$ne": [{ "$type": "$currentCount" }, "missing"] },
        less("$$NOW", "$expireAt"),
    );
    doc! { "$and": [
        is_of("$entries", &["array"]),
        is_of("$expireAt", &["date"]),
        { "$not": is_sliding },
    ] }
}

/// When an entry is released: at the millisecond of the server that is no earlier.
fn released_at(entry: impl Into<Bson>, limit: Limit) -> Document {
    let period = limit.period().as_micros();
    date_of_micros(sum(micros(entry), number(period)))
}

/// An entry by its place from the newest, or from the oldest if that is below 0.
fn at(place: i64) -> Document {
    doc! { "$arrayElemAt": ["$$live", place] }
}

/// The place of the entry that must be released before the units fit.
fn last_of(hit: Hit) -> i64 {
    let place = hit.limit().amount().saturating_sub(hit.cost());
    i64::try_from(place).unwrap_or(i64::MAX)
}

impl super::Recipe for Recipe {
    fn place(&self) -> Place {
        Place::Windows
    }

    fn most_cost(&self) -> u64 {
        MOST_ENTRIES
    }

    fn most_amount(&self) -> u64 {
        MOST_ENTRIES
    }

    fn counted(&self, hit: Hit) -> Hit {
        let limit = Limit::new(hit.limit().amount().min(MOST_ENTRIES), hit.limit().period());
        in_micros(Hit::new(limit, hit.cost(), hit.now()))
    }

    fn acquired(&self, hit: Hit) -> Document {
        let (amount, period) = (hit.limit().amount(), hit.limit().period().as_micros());
        let fits = at_most(sum("$$used", number(hit.cost())), number(amount));
        let taken = entries(number(hit.cost()), entry("$$now"));
        let taken = doc! { "$concatArrays": [taken, "$$live"] };
        let moves = doc! { "$or": ["$$fits", "$$is_far"] };
        let over = date_of_micros(sum("$$now", number(period)));
        let window = doc! {
            "_id": "$_id",
            "entries": either("$$fits", taken, "$$kept"),
            "expireAt": either(moves, over, "$expireAt"),
            "_acquired": "$$fits",
        };
        changed_if(
            is_ours(),
            within(hit.limit(), bind(doc! { "fits": fits }, window)),
        )
    }

    fn shown(&self, hit: Hit) -> Document {
        let numbers = doc! {
            "used": "$$used",
            "reset": released_at(at(-1), hit.limit()),
            "retry": released_at(at(last_of(hit)), hit.limit()),
            "end": date_of_micros(sum("$$now", number(hit.limit().period().as_micros()))),
        };
        doc! {
            "_id": 0,
            "now": "$$NOW",
            "_acquired": 1,
            "window": either(is_ours(), within(hit.limit(), numbers), Bson::Null),
        }
    }

    fn usage(&self, found: &Found, hit: Hit) -> Option<Usage> {
        let window = found.within("window")?;
        let used = window.count("used")?;
        let at = |instant| found.at(instant, hit);
        let latest = hit.latest_end();
        let usage = MovingUsage {
            used,
            reset_time: window.instant("reset").map_or(hit.now(), at),
            retry_at: window.instant("retry").map_or(hit.now(), at),
            released_at: latest,
        };
        Some(usage.into())
    }

    fn mark(&self, found: &Found, _hit: Hit) -> Option<Mark> {
        found.within("window")?.instant("end").map(Mark::from)
    }

    fn settled(&self, charge: &Charge, used: u64) -> Document {
        let limit = charge.limit();
        let taken = taken(charge).as_micros();
        let [back, more] = correction(charge, used);
        let entry_is = |condition: fn(Document, Bson) -> Document| {
            those("$$kept", condition(micros("$$entry"), number(taken)))
        };
        let parts = doc! {
            "newer": entry_is(|entry, taken| less(taken, entry)),
            "own": { "$size": entry_is(equal) },
            "older": entry_is(less),
        };
        let left = larger(difference("$$own", number(back)), 0_i64);
        let left = sum(left, number(more.min(limit.amount())));
        let all =
            doc! { "$concatArrays": ["$$newer", entries(left, entry(number(taken))), "$$older"] };
        // Those beyond the amount would change no decision.
        let all = doc! { "$slice": [all, number(limit.amount().max(1))] };
        let is_empty = equal("$$all", Bson::Array(vec![]));
        let settled = doc! {
            "_id": "$_id",
            "entries": "$$all",
            "expireAt": either(is_empty, "$$NOW", "$expireAt"),
            "_acquired": "$_acquired",
        };
        let settled = bind(doc! { "all": all }, settled);
        let is_live = less("$$clock", number(charge.mark().instant().as_micros()));
        let is_its_own = both(is_live, less(0_i64, "$$own"));
        let changed = bind(parts, either(is_its_own, settled, "$$ROOT"));
        changed_if(is_ours(), within(limit, changed))
    }

    fn charged(&self, charge: &Charge) -> Document {
        let taken = number(taken(charge).as_micros());
        let own = those("$$kept", equal(micros("$$entry"), taken));
        let numbers = doc! { "own": { "$size": own } };
        let window = within(charge.limit(), numbers);
        doc! { "_id": 0, "now": "$$NOW", "window": either(is_ours(), window, Bson::Null) }
    }

    fn settling(&self, found: &Found, charge: &Charge, used: u64) -> Option<Settled> {
        let mut own = found.within("window")?.count("own")?;
        if charge.mark().instant() <= found.now() || own == 0 {
            return Some(Settled::NOTHING);
        }
        Some(charge.settle_in(&mut own, used))
    }
}

/// When the units of a charge were taken.
fn taken(charge: &Charge) -> Timestamp {
    let period: Micros = charge.limit().period();
    charge.mark().instant().saturating_sub(period)
}
