use core::error::Error;
use core::fmt;

use limits_core::StrategyName;

/// Why policies can't be enforced as they are written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyError {
    policy: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reason {
    Name,
    Duplicate,
    Empty,
    Strategy(StrategyName),
}

impl PolicyError {
    pub(super) fn name(policy: &str) -> Self {
        Self::new(policy, Reason::Name)
    }

    pub(super) fn duplicate(policy: &str) -> Self {
        Self::new(policy, Reason::Duplicate)
    }

    pub(super) fn empty(policy: &str) -> Self {
        Self::new(policy, Reason::Empty)
    }

    pub(super) fn strategy(policy: &str, strategy: StrategyName) -> Self {
        Self::new(policy, Reason::Strategy(strategy))
    }

    fn new(policy: &str, reason: Reason) -> Self {
        Self {
            policy: policy.to_owned(),
            reason,
        }
    }

    /// The name of the policy that is wrong.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {:?}: ", self.policy)?;
        match self.reason {
            Reason::Name => f.write_str("a name is of letters, digits, '-', '_' and '.'"),
            Reason::Duplicate => f.write_str("another policy has this name; choose one for each"),
            Reason::Empty => f.write_str("it has no limits; give it some, or plans"),
            Reason::Strategy(strategy) => {
                write!(
                    f,
                    "the storage does not support {strategy}; choose another strategy"
                )
            }
        }
    }
}

impl Error for PolicyError {}
