use limits_core::Key;
use limits_core::window::{Hit, Mark, MovingUsage, Usage};

use crate::doubles::in_micros;
use crate::redis::keys::Prefix;
use crate::redis::reply::{Reply, count};
use crate::redis::script::{self, Argument, Scripts};

/// The units that one hit may cost: each is a list entry.
const MOST_ENTRIES: u64 = 1 << 20;

/// A list of instants: `moving.lua`.
pub(super) struct Recipe;

impl super::Recipe for Recipe {
    fn scripts(&self) -> &'static Scripts {
        &script::MOVING
    }

    fn most_cost(&self) -> u64 {
        MOST_ENTRIES
    }

    fn counted(&self, hit: Hit) -> Hit {
        in_micros(hit)
    }

    fn keys(&self, prefix: &Prefix, key: Key<'_>) -> Vec<Vec<u8>> {
        vec![prefix.window(key)]
    }

    fn arguments(&self, hit: Hit, cost: u64) -> Vec<Argument> {
        vec![
            Argument::Kind("moving"),
            hit.limit().amount().into(),
            hit.limit().period().as_micros().into(),
            hit.cost().into(),
            cost.into(),
        ]
    }

    fn usage(&self, reply: &Reply, hit: Hit) -> Usage {
        let [used, reset, retry] = reply.numbers;
        let usage = MovingUsage {
            used: count(used),
            reset_time: reply.at(reset, hit),
            retry_at: reply.at(retry, hit),
            released_at: hit.latest_end(),
        };
        usage.into()
    }

    fn mark(&self, reply: &Reply, hit: Hit) -> Mark {
        reply.now.saturating_add(hit.limit().period()).into()
    }
}
