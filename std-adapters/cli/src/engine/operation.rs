//! What can be asked for.

use core::time::Duration;

use limits::{Ask, RateLimitItem, StrategyName};

use super::op::Op;

/// The longest time that one request may sleep for.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);

/// What can be asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    /// To be settled later, if it has a name.
    Hit(Subject, Option<String>),
    Test(Subject),
    Stats(Subject),
    Clear(Subject),
    Settle {
        reserve: String,
        used: u64,
    },
    Check,
    Reset,
    Sleep(Duration),
}

impl Operation {
    pub(crate) const fn op(&self) -> Op {
        match self {
            Self::Hit(..) => Op::Hit,
            Self::Test(_) => Op::Test,
            Self::Stats(_) => Op::Stats,
            Self::Clear(_) => Op::Clear,
            Self::Settle { .. } => Op::Settle,
            Self::Check => Op::Check,
            Self::Reset => Op::Reset,
            Self::Sleep(_) => Op::Sleep,
        }
    }
}

/// Whose limits a request is about, and how they are decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Subject {
    /// One at least.
    pub(crate) items: Vec<RateLimitItem<'static>>,
    pub(crate) ids: Vec<String>,
    pub(crate) cost: u64,
    pub(crate) namespace: String,
    pub(crate) strategy: StrategyName,
}

impl Subject {
    /// The limits under their namespace.
    pub(crate) fn items(&self) -> Vec<RateLimitItem<'_>> {
        let items = self.items.iter();
        items
            .map(|item| item.with_namespace(&self.namespace))
            .collect()
    }

    pub(super) fn ids(&self) -> Vec<&str> {
        self.ids.iter().map(String::as_str).collect()
    }

    /// What is asked of a storage about each of the limits.
    pub(super) fn asks<'a>(
        &self,
        items: &'a [RateLimitItem<'a>],
        ids: &'a [&'a str],
        cost: u64,
    ) -> Vec<Ask<'a, StrategyName>> {
        let ask = |item| Ask::new(self.strategy, item, ids, cost);
        items.iter().map(ask).collect()
    }
}
