//! The storage of fixed capacity: a table in a static, no heap, bounded work.

mod blocks;
mod error;
mod horizon;
mod key;
mod log;
mod packed;
mod saved;
mod slots;
mod storage;

pub use blocks::Blocks;
pub use error::TableError;
pub use key::{KeyError, TableKey};
pub use log::FixedLog;
pub use packed::TableWindow;
pub use saved::{SavedKey, SavedWindow, StateError};
pub use storage::TableStorage;
