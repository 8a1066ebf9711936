use limits_core::window::{Charge, Hit, Mark, Settled, Usage};
use limits_core::{GcraWindow, Key, Limit, Micros, Timestamp};
use mongodb::bson::{DateTime, Document, doc};

use super::{LATE, Swap};
use crate::doubles::{MILLI, bucket, first_given, in_micros, refill, settled};
use crate::mongodb::expression::{
    at_most, bind, changed_if, date_of_micros, difference, either, is_count, less, number, product,
    smaller, sum,
};
use crate::mongodb::found::Found;
use crate::mongodb::link::Place;

/// A bucket: `{ _id, fullAt, short, given, expireAt }`, of which the first three are those of
/// the storage in Redis.
pub(super) struct Recipe;

/// The name of a bucket's document: no key of an item ends so.
pub(in crate::mongodb) fn bucket_id(key: Key<'_>) -> String {
    format!("{key}/gcra")
}

/// An instant is told late by this at most: the server's clock counts milliseconds, and who
/// comes back in between finds the millisecond before.
const STEP: Micros = Micros::from_micros(MILLI - 1);

/// Binds the server's clock in microseconds, how long it is until the bucket is full, by how
/// many parts of one sooner that is, and the count of what was given back.
fn within(hit: Hit, result: Document) -> Document {
    let limit = hit.limit();
    let (amount, period) = (number(limit.amount()), limit.period().as_micros());
    let first = first_given(hit.now());
    let now = doc! { "now": product(doc! { "$toLong": "$$NOW" }, number(MILLI)) };
    let read = doc! {
        "is_full": { "$not": less("$$now", "$fullAt") },
        "is_far": { "$or": [
            less(number(period + LATE * MILLI), difference("$fullAt", "$$now")),
            at_most(amount, "$short"),
        ] },
    };
    let ahead = difference("$fullAt", "$$now");
    let nearest = smaller(ahead.clone(), number(period));
    let state = doc! {
        "ahead": either("$$is_full", 0_i64, either("$$is_far", nearest, ahead)),
        "short": either(doc! { "$or": ["$$is_full", "$$is_far"] }, 0_i64, "$short"),
        "given": either("$$is_full", number(first), "$given"),
    };
    bind(now, bind(read, bind(state, result)))
}

fn is_ours() -> Document {
    doc! { "$and": [is_count("$fullAt"), is_count("$short"), is_count("$given")] }
}

impl super::Recipe for Recipe {
    fn place(&self) -> Place {
        Place::Windows
    }

    fn id(&self, key: Key<'_>) -> String {
        bucket_id(key)
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_micros(hit)
    }

    fn acquired(&self, hit: Hit) -> Document {
        let limit = hit.limit();
        let [micros, parts] = refill(limit, hit.cost());
        let rest = doc! { "rest": difference("$$short", number(parts)) };
        let later = sum("$$ahead", number(micros));
        let then = doc! {
            "later": sum(later, either(less("$$rest", 0_i64), 1_i64, 0_i64)),
            "sooner": either(
                less("$$rest", 0_i64),
                sum("$$rest", number(limit.amount())),
                "$$rest",
            ),
        };
        let fits = doc! { "fits": at_most("$$later", number(limit.period().as_micros())) };
        let full_at = sum("$$now", either("$$fits", "$$later", "$$ahead"));
        let bucket = doc! {
            "_id": "$_id",
            "fullAt": "$$full_at",
            "short": either("$$fits", "$$sooner", "$$short"),
            "given": "$$given",
            "expireAt": date_of_micros("$$full_at"),
            "_acquired": "$$fits",
        };
        let bucket = bind(doc! { "full_at": full_at }, bucket);
        let changed = bind(rest, bind(then, bind(fits, bucket)));
        changed_if(is_ours(), within(hit, changed))
    }

    fn shown(&self, _hit: Hit) -> Document {
        doc! {
            "_id": 0,
            "now": "$$NOW",
            "fullAt": 1,
            "short": 1,
            "given": 1,
            "_acquired": 1,
        }
    }

    fn usage(&self, found: &Found, hit: Hit) -> Option<Usage> {
        let since = hit.now().saturating_add(STEP);
        let window = window(found, hit.limit(), since)?;
        let window = if window.missing() == 0 {
            GcraWindow::new(0, hit.now(), window.rate(), window.given())
        } else {
            window
        };
        Some(window.into())
    }

    fn mark(&self, found: &Found, hit: Hit) -> Option<Mark> {
        Some(window(found, hit.limit(), found.now())?.mark())
    }

    fn settled(&self, _charge: &Charge, _used: u64) -> Document {
        doc! {}
    }

    fn charged(&self, charge: &Charge) -> Document {
        self.shown(Hit::new(charge.limit(), 0, Timestamp::ZERO))
    }

    fn settling(&self, _found: &Found, _charge: &Charge, _used: u64) -> Option<Settled> {
        None
    }

    fn swap(&self) -> Option<Swap> {
        Some(swap)
    }
}

/// The bucket that was found, `since` the server's clock as another tells it.
fn window(found: &Found, limit: Limit, since: Timestamp) -> Option<GcraWindow> {
    let (full_at, short) = (found.count("fullAt")?, found.count("short")?);
    let ahead = found.until(Timestamp::from_micros(full_at));
    let given = found.count("given")?;
    let furthest = limit.period().as_micros() + LATE * MILLI;
    let is_far = ahead.as_micros() > furthest;
    let (ahead, short) = if is_far || short >= limit.amount() {
        (ahead.min(limit.period()), 0)
    } else {
        (ahead, short)
    };
    Some(bucket(limit, [ahead.as_micros(), short, given], since))
}

/// In the server's time.
fn swap(found: &Found, charge: &Charge, used: u64) -> Option<(Settled, Document, Document)> {
    let (limit, now) = (charge.limit(), found.now());
    let read = window(found, limit, now)?;
    if read.missing() == 0 {
        return Some((Settled::NOTHING, doc! {}, doc! {}));
    }
    let (settled, [ahead, short, given]) = settled(read, charge, used);
    let full_at = now.as_micros() + ahead;
    let was = doc! {
        "fullAt": number(found.count("fullAt")?),
        "short": number(found.count("short")?),
        "given": number(found.count("given")?),
    };
    let over = i64::try_from(full_at.div_ceil(MILLI)).unwrap_or(i64::MAX);
    let becomes = doc! { "$set": {
        "fullAt": number(full_at),
        "short": number(short),
        "given": number(given),
        "expireAt": DateTime::from_millis(over),
    } };
    Some((settled, was, becomes))
}
