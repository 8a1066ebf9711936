//! Counters in MongoDB.
mod backend;
mod error;
mod expression;
mod found;
mod keeps;
mod kinds;
mod link;
mod options;

pub use backend::MongoDbStorage;
pub use kinds::Stored;
