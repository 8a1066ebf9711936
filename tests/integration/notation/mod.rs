//! The rest of the notation: errors, items, properties of every string.

mod errors;
mod items;
mod properties;
