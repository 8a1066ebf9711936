//! The kinds of windows: what servers keep of each, and how what they say is read.

mod fixed;
mod gcra;
mod moving;
mod sliding;

use limits_core::window::{
    Charge, Elastic, Fixed, Gcra, Hit, Kind, Mark, Moving, Settled, SlidingCounter, Usage,
};
use limits_core::{Key, StrategyName};

use super::keys::Prefix;
use super::reply::Reply;
use super::script::{Argument, Scripts};
use crate::doubles::MOST_UNITS;

/// A kind of window that Redis keeps.
///
/// Implemented for those of this crate, and for their names.
pub trait Scripted: Kind {
    #[doc(hidden)]
    fn recipe(self) -> &'static dyn Recipe;
}

/// What there is to know about a kind of window.
pub trait Recipe: Sync {
    /// What servers do with its windows.
    fn scripts(&self) -> &'static Scripts;

    /// The most units that one hit may cost.
    fn most_cost(&self) -> u64 {
        MOST_UNITS
    }

    /// The hit that is decided on and answered: that of as much of the limit as scripts can
    /// count, in steps of the clock that they go by.
    fn counted(&self, hit: Hit) -> Hit;

    /// The names of a window's keys.
    fn keys(&self, prefix: &Prefix, key: Key<'_>) -> Vec<Vec<u8>>;

    /// What scripts are told: the hit asked about, and the units to take if it passes.
    fn arguments(&self, hit: Hit, cost: u64) -> Vec<Argument>;

    /// How the window stands.
    fn usage(&self, reply: &Reply, hit: Hit) -> Usage;

    /// The window that a hit took its units from, by the server's clock.
    fn mark(&self, reply: &Reply, hit: Hit) -> Mark;

    /// How charges are settled if the script can't work that out.
    fn swap(&self) -> Option<Swap> {
        None
    }
}

/// Settles a charge in a window that was read: tells what that did and, in the numbers that
/// a script is told, the window that was read and what it has become.
pub(super) type Swap = fn(&Reply, &Charge, u64) -> (Settled, [u64; 6]);

macro_rules! kinds {
    ($($kind:ident is $recipe:path,)+) => {
        $(impl Scripted for $kind {
            fn recipe(self) -> &'static dyn Recipe {
                &$recipe
            }
        })+

        /// By the numbers of the strategies.
        const RECIPES: [&dyn Recipe; StrategyName::ALL.len()] = [$(&$recipe),+];
    };
}

// In the order of `StrategyName`.
kinds! {
    Fixed is fixed::FIXED,
    Elastic is fixed::ELASTIC,
    Moving is moving::Recipe,
    SlidingCounter is sliding::Recipe,
    Gcra is gcra::Recipe,
}

impl Scripted for StrategyName {
    fn recipe(self) -> &'static dyn Recipe {
        RECIPES[self as usize]
    }
}
