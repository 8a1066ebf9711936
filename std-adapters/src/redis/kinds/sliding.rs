use limits_core::window::{Hit, Mark, Usage};
use limits_core::{Key, SlidingWindow, Timestamp};

use crate::doubles::{MILLI, in_millis};
use crate::redis::keys::Prefix;
use crate::redis::reply::{Reply, count};
use crate::redis::script::{self, Argument, Scripts};

/// Two counters: `sliding.lua`.
pub(super) struct Recipe;

impl super::Recipe for Recipe {
    fn scripts(&self) -> &'static Scripts {
        &script::SLIDING
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_millis(hit)
    }

    fn keys(&self, prefix: &Prefix, key: Key<'_>) -> Vec<Vec<u8>> {
        prefix.sliding_window(key).into()
    }

    fn arguments(&self, hit: Hit, cost: u64) -> Vec<Argument> {
        let period = hit.limit().period().as_micros() / MILLI;
        vec![
            Argument::Kind("sliding"),
            hit.limit().amount().into(),
            period.into(),
            hit.cost().into(),
            cost.into(),
        ]
    }

    fn usage(&self, reply: &Reply, hit: Hit) -> Usage {
        let [previous, current, end] = reply.numbers;
        let window = match (count(previous), count(current)) {
            (0, 0) => SlidingWindow::default(),
            (previous, current) => {
                let end = reply.at(end, hit).saturating_add(hit.limit().period());
                SlidingWindow::new(previous, current, end)
            }
        };
        window.into()
    }

    /// The end of the window itself, not that of the next one.
    fn mark(&self, reply: &Reply, _hit: Hit) -> Mark {
        let [_, _, end] = reply.numbers;
        Timestamp::from_micros(count(end)).into()
    }
}
