//! The operations by name.

use core::fmt;

use serde::{Serialize, Serializer};

/// The name of an operation: the member `op` of requests and answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Op {
    Hit,
    Test,
    Stats,
    Clear,
    Check,
    Reset,
    Settle,
    Sleep,
}

impl Op {
    pub(crate) const ALL: [Self; 8] = [
        Self::Hit,
        Self::Test,
        Self::Stats,
        Self::Clear,
        Self::Check,
        Self::Reset,
        Self::Settle,
        Self::Sleep,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Test => "test",
            Self::Stats => "stats",
            Self::Clear => "clear",
            Self::Check => "check",
            Self::Reset => "reset",
            Self::Settle => "settle",
            Self::Sleep => "sleep",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str() == name)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
