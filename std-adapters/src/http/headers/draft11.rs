//! draft-ietf-httpapi-ratelimit-headers-11: lists of structured fields (RFC 9651).

use http::header::{HeaderMap, HeaderName, HeaderValue};
use sfv::{Integer, KeyRef, ListSerializer, StringRef, key_ref};

use super::report::{Quota, Report};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

const QUOTA: &KeyRef = key_ref("q");
const WINDOW: &KeyRef = key_ref("w");
const REMAINING: &KeyRef = key_ref("r");
const RESET: &KeyRef = key_ref("t");
const PARTITION: &KeyRef = key_ref("pk");

pub(super) fn write(report: &Report<'_>, headers: &mut HeaderMap) {
    let policy = |quota: &Quota<'_>| [(QUOTA, quota.amount), (WINDOW, quota.window)];
    append(POLICY, list(&report.quotas, policy), headers);
    let limit = |quota: &Quota<'_>| [(REMAINING, quota.remaining), (RESET, quota.reset)];
    append(LIMIT, list(&report.quotas, limit), headers);
}

/// A list with an item for each limit, by name, with two numbers and the partition.
fn list(
    quotas: &[Quota<'_>],
    numbers: impl Fn(&Quota<'_>) -> [(&'static KeyRef, u64); 2],
) -> Option<String> {
    let mut list = ListSerializer::new();
    for quota in quotas {
        let Ok(name) = StringRef::from_str(&quota.name) else {
            continue;
        };
        let mut item = list.bare_item(name);
        for (key, number) in numbers(quota) {
            // A field's integers have 15 digits.
            item = item.parameter(key, Integer::try_from(number).unwrap_or(Integer::MAX));
        }
        if let Some(hash) = &quota.partition {
            let _ = item.parameter(PARTITION, hash.partition());
        }
    }
    list.finish()
}

fn append(name: HeaderName, list: Option<String>, headers: &mut HeaderMap) {
    if let Some(list) = list.and_then(|list| HeaderValue::try_from(list).ok()) {
        headers.append(name, list);
    }
}
