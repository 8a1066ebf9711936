use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Keeps, StrategyName};

/// A storage that keeps windows of all kinds of this crate, also by a name at run time.
pub(crate) trait KeepsAll:
    Keeps<StrategyName>
    + Keeps<Fixed>
    + Keeps<Elastic>
    + Keeps<Moving>
    + Keeps<SlidingCounter>
    + Keeps<Gcra>
{
}

impl<S> KeepsAll for S where
    S: Keeps<StrategyName>
        + Keeps<Fixed>
        + Keeps<Elastic>
        + Keeps<Moving>
        + Keeps<SlidingCounter>
        + Keeps<Gcra>
{
}
