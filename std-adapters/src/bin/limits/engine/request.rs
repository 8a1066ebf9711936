//! Requests, read from lines of JSON.

use core::time::Duration;

use limits::{RateLimitItem, StrategyName};
use serde_json::value::RawValue;

use super::answer::Answer;
use super::identifier::identifier;
use super::members::{Members, quoted};
use super::{LONGEST_SLEEP, Op, Operation, Subject};

/// The members that a request may have.
const MEMBERS: [&str; 8] = [
    "op",
    "limit",
    "ids",
    "cost",
    "namespace",
    "strategy",
    "ms",
    "id",
];

const WHOLE_NUMBER: &str = "a whole number from 0 to 18446744073709551615";

/// What a request gets that doesn't say otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) namespace: String,
    pub(crate) strategy: StrategyName,
}

/// A line, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Request<'l> {
    /// The caller's own mark, to be echoed.
    pub(crate) id: Option<&'l RawValue>,
    /// The name of the operation, if there is one of that name.
    pub(crate) op: Option<Op>,
    /// What is asked for, or why that can't be told.
    pub(crate) operation: Result<Operation, Problem>,
}

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

impl<'l> Request<'l> {
    /// Reads a line.
    pub(crate) fn read(line: &'l [u8], defaults: &Defaults) -> Self {
        match members(line) {
            Ok(members) => Self::from_members(&members, defaults),
            Err(problem) => Self {
                id: None,
                op: None,
                operation: Err(problem),
            },
        }
    }

    fn from_members(members: &Members<'l>, defaults: &Defaults) -> Self {
        let op = op(members);
        let id = members.get("id");
        let operation = op.clone().and_then(|op| operation(op, members, defaults));
        let op = op.ok();
        Self { id, op, operation }
    }
}

fn members(line: &[u8]) -> Result<Members<'_>, Problem> {
    let line = str::from_utf8(line).map_err(|error| {
        let reason = format!("the line is not UTF-8 at byte {}", error.valid_up_to());
        Problem::malformed(reason)
    })?;
    Members::read(line)
}

fn op(members: &Members<'_>) -> Result<Op, Problem> {
    let names = || Op::ALL.map(Op::as_str).join(", ");
    let Some(name) = members.optional::<String>("op", "a string")? else {
        let reason = format!("`op` is missing, one of: {}", names());
        return Err(Problem::invalid(reason));
    };
    Op::from_name(&name).ok_or_else(|| {
        let reason = format!("unknown op {}, expected one of: {}", quoted(&name), names());
        Problem::invalid(reason)
    })
}

fn operation(op: Op, members: &Members<'_>, defaults: &Defaults) -> Result<Operation, Problem> {
    let wanted = Wanted::read(members)?;
    Ok(match op {
        Op::Hit => Operation::Hit(wanted.subject(defaults)?),
        Op::Test => Operation::Test(wanted.subject(defaults)?),
        Op::Stats => Operation::Stats(wanted.subject(defaults)?),
        Op::Clear => Operation::Clear(wanted.subject(defaults)?),
        Op::Check => Operation::Check,
        Op::Reset => Operation::Reset,
        Op::Sleep => Operation::Sleep(wanted.sleep()?),
    })
}

/// The members of a request: each right, if it is there at all.
struct Wanted {
    limit: Option<RateLimitItem<'static>>,
    ids: Option<Vec<String>>,
    cost: Option<u64>,
    namespace: Option<String>,
    strategy: Option<StrategyName>,
    sleep_ms: Option<u64>,
}

impl Wanted {
    fn read(members: &Members<'_>) -> Result<Self, Problem> {
        members.check_names(&MEMBERS)?;
        Ok(Self {
            limit: limit(members)?,
            ids: ids(members)?,
            cost: members.optional("cost", WHOLE_NUMBER)?,
            namespace: members.optional("namespace", "a string")?,
            strategy: strategy(members)?,
            sleep_ms: members.optional("ms", WHOLE_NUMBER)?,
        })
    }

    fn subject(self, defaults: &Defaults) -> Result<Subject, Problem> {
        let missing = |member| Problem::invalid(format!("`{member}` is missing"));
        let namespace = || defaults.namespace.clone();
        Ok(Subject {
            item: self.limit.ok_or_else(|| missing("limit"))?,
            ids: self.ids.ok_or_else(|| missing("ids"))?,
            cost: self.cost.unwrap_or(1),
            namespace: self.namespace.unwrap_or_else(namespace),
            strategy: self.strategy.unwrap_or(defaults.strategy),
        })
    }

    fn sleep(self) -> Result<Duration, Problem> {
        let sleep = self.sleep_ms.map(Duration::from_millis);
        match sleep {
            Some(sleep) if sleep <= LONGEST_SLEEP => Ok(sleep),
            Some(_) => {
                let reason = format!("`ms` is more than {}", LONGEST_SLEEP.as_millis());
                Err(Problem::invalid(reason))
            }
            None => Err(Problem::invalid("`ms` is missing")),
        }
    }
}

fn limit(members: &Members<'_>) -> Result<Option<RateLimitItem<'static>>, Problem> {
    let Some(limit) = members.optional::<String>("limit", "a string")? else {
        return Ok(None);
    };
    let item = RateLimitItem::parse(&limit).map_err(|error| {
        let reason = format!("`limit` is {}: {error}", quoted(&limit));
        Problem::invalid(reason)
    })?;
    Ok(Some(item))
}

fn ids(members: &Members<'_>) -> Result<Option<Vec<String>>, Problem> {
    const EXPECTED: &str = "an array of strings and numbers";
    let Some(ids) = members.optional::<Vec<Box<RawValue>>>("ids", EXPECTED)? else {
        return Ok(None);
    };
    let ids: Option<Vec<String>> = ids.iter().map(|id| identifier(id)).collect();
    let wrong = || Problem::invalid(format!("`ids` must be {EXPECTED}"));
    ids.ok_or_else(wrong).map(Some)
}

fn strategy(members: &Members<'_>) -> Result<Option<StrategyName>, Problem> {
    let Some(name) = members.optional::<String>("strategy", "a string")? else {
        return Ok(None);
    };
    name.parse().map(Some).map_err(|_| {
        let names = StrategyName::ALL.map(StrategyName::as_str).join(", ");
        let reason = format!(
            "unknown strategy {}, expected one of: {names}",
            quoted(&name)
        );
        Problem::invalid(reason)
    })
}
