mod builds;
pub(crate) mod examples;
pub(crate) mod on_target;
mod snapshot;
