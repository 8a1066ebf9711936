//! Requests, read from lines of JSON.

use core::time::Duration;

use limits::{RateLimitItem, StrategyName};
use serde_json::value::RawValue;

use super::identifier::identifier;
use super::members::{Members, quoted};
use super::op::Op;
use super::operation::{LONGEST_SLEEP, Operation, Subject};
use super::problem::Problem;

/// The members that a request may have.
const MEMBERS: [&str; 10] = [
    "op",
    "limit",
    "ids",
    "cost",
    "namespace",
    "strategy",
    "reserve",
    "used",
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
    let mut wanted = Wanted::read(members)?;
    Ok(match op {
        Op::Hit => {
            let reserve = wanted.reserve.take();
            Operation::Hit(wanted.subject(defaults)?, reserve)
        }
        Op::Test => Operation::Test(wanted.subject(defaults)?),
        Op::Stats => Operation::Stats(wanted.subject(defaults)?),
        Op::Clear => Operation::Clear(wanted.subject(defaults)?),
        Op::Settle => wanted.settle()?,
        Op::Check => Operation::Check,
        Op::Reset => Operation::Reset,
        Op::Sleep => Operation::Sleep(wanted.sleep()?),
    })
}

/// The members of a request: each right, if it is there at all.
struct Wanted {
    limits: Option<Vec<RateLimitItem<'static>>>,
    ids: Option<Vec<String>>,
    cost: Option<u64>,
    namespace: Option<String>,
    strategy: Option<StrategyName>,
    reserve: Option<String>,
    used: Option<u64>,
    sleep_ms: Option<u64>,
}

impl Wanted {
    fn read(members: &Members<'_>) -> Result<Self, Problem> {
        members.check_names(&MEMBERS)?;
        Ok(Self {
            limits: limits(members)?,
            ids: ids(members)?,
            cost: members.optional("cost", WHOLE_NUMBER)?,
            namespace: members.optional("namespace", "a string")?,
            strategy: strategy(members)?,
            reserve: members.optional("reserve", "a string")?,
            used: members.optional("used", WHOLE_NUMBER)?,
            sleep_ms: members.optional("ms", WHOLE_NUMBER)?,
        })
    }

    fn subject(self, defaults: &Defaults) -> Result<Subject, Problem> {
        let namespace = || defaults.namespace.clone();
        Ok(Subject {
            items: self.limits.ok_or_else(|| missing("limit"))?,
            ids: self.ids.ok_or_else(|| missing("ids"))?,
            cost: self.cost.unwrap_or(1),
            namespace: self.namespace.unwrap_or_else(namespace),
            strategy: self.strategy.unwrap_or(defaults.strategy),
        })
    }

    fn settle(self) -> Result<Operation, Problem> {
        Ok(Operation::Settle {
            reserve: self.reserve.ok_or_else(|| missing("reserve"))?,
            used: self.used.ok_or_else(|| missing("used"))?,
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
            None => Err(missing("ms")),
        }
    }
}

fn missing(member: &str) -> Problem {
    Problem::invalid(format!("`{member}` is missing"))
}

fn limits(members: &Members<'_>) -> Result<Option<Vec<RateLimitItem<'static>>>, Problem> {
    let Some(limits) = members.optional::<String>("limit", "a string")? else {
        return Ok(None);
    };
    let items = RateLimitItem::parse_many(&limits).map_err(|error| {
        let reason = format!("`limit` is {}: {error}", quoted(&limits));
        Problem::invalid(reason)
    })?;
    Ok(Some(items.collect()))
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
        let names: Vec<_> = StrategyName::ALL.iter().map(|name| name.as_str()).collect();
        let names = names.join(", ");
        let reason = format!(
            "unknown strategy {}, expected one of: {names}",
            quoted(&name)
        );
        Problem::invalid(reason)
    })
}
