//! What the options of every command make.

use crate::args::Common;
use crate::engine::{Defaults, Engine};
use crate::failure::Failure;

pub(crate) fn engine(common: &Common) -> Result<Engine, Failure> {
    let storage = limits::storage_from_string(&common.storage)?;
    Ok(Engine::new(storage))
}

pub(crate) fn defaults(common: &Common) -> Defaults {
    Defaults {
        namespace: common.namespace.clone(),
        strategy: common.strategy,
    }
}
