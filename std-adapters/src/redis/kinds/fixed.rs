use limits_core::window::{Hit, Mark, Usage};
use limits_core::{FixedWindow, Key, Micros, Timestamp};

use crate::doubles::{MILLI, in_millis};
use crate::redis::keys::Prefix;
use crate::redis::reply::{Reply, count};
use crate::redis::script::{self, Argument, Scripts};

pub(super) const FIXED: Recipe = Recipe { is_elastic: false };
pub(super) const ELASTIC: Recipe = Recipe { is_elastic: true };

/// A counter: `fixed.lua`.
pub(super) struct Recipe {
    is_elastic: bool,
}

/// Whether the hit is a question that knows no period, as one of Python's `get` does:
/// whatever end there is can't be too far away then.
fn is_of_no_period(hit: Hit) -> bool {
    hit.cost() == 0 && hit.limit().period() == Micros::MAX
}

impl super::Recipe for Recipe {
    fn scripts(&self) -> &'static Scripts {
        &script::FIXED
    }

    fn counted(&self, hit: Hit) -> Hit {
        if is_of_no_period(hit) {
            return hit;
        }
        in_millis(hit)
    }

    fn keys(&self, prefix: &Prefix, key: Key<'_>) -> Vec<Vec<u8>> {
        vec![prefix.window(key)]
    }

    fn arguments(&self, hit: Hit, cost: u64) -> Vec<Argument> {
        let period = if is_of_no_period(hit) {
            Argument::Number(-1)
        } else {
            (hit.limit().period().as_micros() / MILLI).into()
        };
        vec![
            Argument::Kind("fixed"),
            hit.limit().amount().into(),
            period,
            hit.cost().into(),
            cost.into(),
            u64::from(self.is_elastic).into(),
        ]
    }

    fn usage(&self, reply: &Reply, hit: Hit) -> Usage {
        let [units, end, _] = reply.numbers;
        let end = match end {
            -1 => Timestamp::from_micros(u64::MAX),
            end => reply.at(end, hit),
        };
        // Python's negative costs can bring a counter below 0.
        let window = match count(units) {
            0 => FixedWindow::default(),
            units => FixedWindow::new(units, end),
        };
        window.into()
    }

    fn mark(&self, reply: &Reply, _hit: Hit) -> Mark {
        let [_, end, _] = reply.numbers;
        Timestamp::from_micros(count(end)).into()
    }
}
