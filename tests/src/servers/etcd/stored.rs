//! What a server holds, as etcdctl tells it.

use core::time::Duration;

/// A key with its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EtcdEntry {
    /// The key; what can't be printed is escaped as in a Go string.
    pub name: String,
    /// The value, likewise.
    pub value: String,
    /// The id of the lease that it is attached to, in hexadecimal.
    pub lease: Option<String>,
}

/// A lease.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EtcdLease {
    /// Its id, in hexadecimal.
    pub id: String,
    /// The time to live that was granted.
    pub granted: Duration,
    /// What is left of that.
    pub left: Duration,
}

/// Reads `etcdctl get -w fields`.
pub(super) fn entries(fields: &str) -> Vec<EtcdEntry> {
    let fields = fields.lines().filter_map(|line| line.split_once(" : "));
    let mut entries: Vec<EtcdEntry> = Vec::new();
    for (name, value) in fields {
        match (name, entries.last_mut()) {
            ("\"Key\"", _) => entries.push(EtcdEntry {
                name: unquoted(value),
                value: String::new(),
                lease: None,
            }),
            ("\"Value\"", Some(entry)) => entry.value = unquoted(value),
            ("\"Lease\"", Some(entry)) => entry.lease = lease_id(value),
            _ => {}
        }
    }
    entries
}

/// Reads `etcdctl lease list`: the ids.
pub(super) fn lease_ids(answer: &str) -> impl Iterator<Item = &str> {
    // The first line tells how many there are.
    answer.lines().skip(1)
}

/// Reads `etcdctl lease timetolive`; `None` of a lease that has ended.
pub(super) fn lease(id: &str, answer: &str) -> Option<EtcdLease> {
    let seconds = |before: &str| {
        let (_, rest) = answer.split_once(before)?;
        rest.split_once("s)")?.0.parse().ok()
    };
    Some(EtcdLease {
        id: id.to_owned(),
        granted: Duration::from_secs(seconds("granted with TTL(")?),
        left: Duration::from_secs(seconds("remaining(")?),
    })
}

fn unquoted(value: &str) -> String {
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    value.unwrap_or_default().to_owned()
}

/// Keys of no lease have 0.
fn lease_id(value: &str) -> Option<String> {
    let id: u64 = value.parse().ok().filter(|id| *id != 0)?;
    Some(format!("{id:016x}"))
}
