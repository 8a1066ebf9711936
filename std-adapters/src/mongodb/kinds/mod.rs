//! The kinds of windows: what documents hold of each, what becomes of them, and how they
//! are read.

mod fixed;
mod gcra;
mod moving;
mod sliding;

use limits_core::window::{
    Charge, Elastic, Fixed, Gcra, Hit, Kind, Mark, Moving, Settled, SlidingCounter, Usage,
};
use limits_core::{Key, Limit, StrategyName};
use mongodb::bson::Document;

use super::found::Found;
use super::link::Place;
use crate::doubles::{MILLI, MOST_UNITS};

pub(super) use gcra::bucket_id;

/// How many milliseconds the clock of an operation may be behind that of one which was
/// done before it. The server reads its clock when an operation comes in, and operations
/// on one document may wait for each other. An end that is further away was made by a clock
/// that went back.
const LATE: u64 = 100;

/// A kind of window that MongoDB keeps.
///
/// Implemented for those of this crate, and for their names.
pub trait Stored: Kind {
    #[doc(hidden)]
    fn recipe(self) -> &'static dyn Recipe;
}

/// What there is to know about a kind of window.
pub trait Recipe: Sync {
    /// Where its documents are.
    fn place(&self) -> Place;

    /// The name of a window's document.
    fn id(&self, key: Key<'_>) -> String {
        key.to_string()
    }

    /// The most units that one hit may cost.
    fn most_cost(&self) -> u64 {
        MOST_UNITS
    }

    /// The largest amount of a limit.
    fn most_amount(&self) -> u64 {
        u64::MAX
    }

    /// The hit that is decided on and answered: that of as much of the limit as can be
    /// counted, in steps of the clock that windows go by.
    fn counted(&self, hit: Hit) -> Hit;

    /// What a hit makes of the document, as an expression. Its field `_acquired` says
    /// whether the hit was admitted.
    fn acquired(&self, hit: Hit) -> Document;

    /// What is to be shown of the document, as a projection.
    fn shown(&self, hit: Hit) -> Document;

    /// How the window stands; `None` if the document is not one of such windows.
    fn usage(&self, found: &Found, hit: Hit) -> Option<Usage>;

    /// What a refused hit is answered.
    fn refused(&self, usage: Usage, _hit: Hit) -> Usage {
        usage
    }

    /// The window that a hit took its units from, by the server's clock.
    fn mark(&self, found: &Found, hit: Hit) -> Option<Mark>;

    /// What settling makes of the document, as an expression.
    fn settled(&self, charge: &Charge, used: u64) -> Document;

    /// What is to be shown of the document before that.
    fn charged(&self, charge: &Charge) -> Document;

    /// What settling did; `None` if the document is not one of such windows.
    fn settling(&self, found: &Found, charge: &Charge, used: u64) -> Option<Settled>;

    /// How charges are settled if the server can't work that out.
    fn swap(&self) -> Option<Swap> {
        None
    }
}

/// Settles a charge in a document that was found: tells what that did, which document is to
/// be there still, and how it changes. `None` if it is not of such a window.
pub(super) type Swap = fn(&Found, &Charge, u64) -> Option<(Settled, Document, Document)>;

macro_rules! kinds {
    ($($kind:ident is $recipe:path,)+) => {
        $(impl Stored for $kind {
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

impl Stored for StrategyName {
    fn recipe(self) -> &'static dyn Recipe {
        RECIPES[self as usize]
    }
}

/// The period in milliseconds.
fn millis(limit: Limit) -> u64 {
    limit.period().as_micros() / MILLI
}

/// The units to give back, and those to take.
fn correction(charge: &Charge, used: u64) -> [u64; 2] {
    let (back, more) = (
        charge.cost().saturating_sub(used),
        used.saturating_sub(charge.cost()),
    );
    [back, more.min(MOST_UNITS)]
}
