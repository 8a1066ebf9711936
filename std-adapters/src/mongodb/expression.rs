//! What pipelines are made of: expressions of the server, as documents.
//!
//! Every number in them is one of 64 bits, so that none is a float by accident.

use mongodb::bson::{Bson, Document, doc};

/// A number of units or of time; what is above the largest is as good as that.
pub(super) fn number(number: u64) -> Bson {
    Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX))
}

/// `result`, in which each variable has a name: `$$name`.
pub(super) fn bind(variables: Document, result: impl Into<Bson>) -> Document {
    doc! { "$let": { "vars": variables, "in": result.into() } }
}

pub(super) fn either(
    condition: impl Into<Bson>,
    then: impl Into<Bson>,
    otherwise: impl Into<Bson>,
) -> Document {
    doc! { "$cond": [condition.into(), then.into(), otherwise.into()] }
}

pub(super) fn sum(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$add": [one.into(), other.into()] }
}

pub(super) fn difference(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$subtract": [one.into(), other.into()] }
}

pub(super) fn product(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$multiply": [one.into(), other.into()] }
}

pub(super) fn less(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$lt": [one.into(), other.into()] }
}

pub(super) fn at_most(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$lte": [one.into(), other.into()] }
}

pub(super) fn equal(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$eq": [one.into(), other.into()] }
}

/// The smaller; of nothing and something that.
pub(super) fn smaller(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$min": [one.into(), other.into()] }
}

/// The larger; of nothing and something that.
pub(super) fn larger(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$max": [one.into(), other.into()] }
}

pub(super) fn both(one: impl Into<Bson>, other: impl Into<Bson>) -> Document {
    doc! { "$and": [one.into(), other.into()] }
}

/// Milliseconds as a date.
pub(super) fn date(millis: impl Into<Bson>) -> Document {
    doc! { "$toDate": millis.into() }
}

/// Microseconds as a date, rounded up to the millisecond that it counts in.
pub(super) fn date_of_micros(micros: impl Into<Bson>) -> Document {
    let millis = doc! { "$divide": [micros.into(), 1_000_i64] };
    date(doc! { "$toLong": { "$ceil": millis } })
}

/// Whether a field is of one of the types, or missing.
pub(super) fn is_of(field: &str, types: &[&str]) -> Document {
    let types: Vec<&str> = types.iter().copied().chain(["missing"]).collect();
    doc! { "$in": [{ "$type": field }, types] }
}

/// Whether a field is a whole number, or missing.
pub(super) fn is_count(field: &str) -> Document {
    is_of(field, &["int", "long"])
}

/// The document as `changed` if it is `ours`, or as it is.
pub(super) fn changed_if(ours: Document, changed: Document) -> Document {
    either(ours, changed, "$$ROOT")
}
