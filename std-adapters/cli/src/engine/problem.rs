//! Why a request can't be carried out, in the form that its answer tells it.

use super::answer::Answer;

/// What is wrong with a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    reason: String,
    kind: &'static str,
}

impl Problem {
    /// The line is not a JSON object.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        let (reason, kind) = (reason.into(), "malformed");
        Self { reason, kind }
    }

    /// A member is missing, unknown or wrong.
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        let (reason, kind) = (reason.into(), "invalid");
        Self { reason, kind }
    }
}

impl From<Problem> for Answer {
    fn from(Problem { reason, kind }: Problem) -> Self {
        Self::Failed {
            error: reason,
            kind: kind.to_owned(),
        }
    }
}
