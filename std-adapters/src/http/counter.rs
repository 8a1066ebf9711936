use limits_core::{Key, RateLimitItem};

use super::Limits;

/// A limit of one caller, and the key of its window.
pub(super) struct Counter {
    pub(super) item: RateLimitItem<'static>,
    identifier: String,
    /// The key, if it is to be without the amount.
    text: Option<String>,
}

impl Counter {
    /// Those of all limits. What is used is kept across changes of their amounts, or not.
    pub(super) fn all(limits: &Limits, identifier: &str, keeps_usage: bool) -> Vec<Self> {
        let items = limits.items().iter().enumerate();
        let counter = |(number, item): (usize, &RateLimitItem<'static>)| Self {
            item: *item,
            identifier: identifier.to_owned(),
            text: keeps_usage.then(|| {
                let before = limits.items().iter().take(number);
                text(item, identifier, before)
            }),
        };
        items.map(counter).collect()
    }

    pub(super) fn key(&self) -> Key<'_> {
        match &self.text {
            Some(text) => Key::from(text.as_str()),
            None => self.item.key_for(self.identifier.as_str()),
        }
    }
}

/// A key by the period, and by its place among limits of the same period.
fn text<'a>(
    item: &RateLimitItem<'static>,
    identifier: &str,
    before: impl Iterator<Item = &'a RateLimitItem<'static>>,
) -> String {
    let period = item.get_expiry();
    let seconds = period.to_duration().as_secs();
    let key = format!("{}/{identifier}/{seconds}s", item.namespace());
    match before.filter(|other| other.get_expiry() == period).count() {
        0 => key,
        place => format!("{key}/{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(limits: &str, keeps_usage: bool) -> Vec<String> {
        let limits = limits.parse().expect("limits");
        let counters = Counter::all(&limits, "api/192.0.2.7", keeps_usage);
        counters
            .iter()
            .map(|counter| counter.key().to_string())
            .collect()
    }

    #[test]
    fn a_key_has_the_numbers_of_the_limit_as_python_has_them() {
        let expected = [
            "LIMITER/api/192.0.2.7/5/1/minute",
            "LIMITER/api/192.0.2.7/9/2/hour",
        ];
        assert_eq!(keys("5/minute; 9 per 2 hours", false), expected);
    }

    #[test]
    fn a_key_that_stays_has_the_period_and_is_no_other_limit_s() {
        let expected = [
            "LIMITER/api/192.0.2.7/60s",
            "LIMITER/api/192.0.2.7/7200s",
            "LIMITER/api/192.0.2.7/60s/1",
        ];
        assert_eq!(keys("5/minute; 9 per 2 hours; 7/minute", true), expected);
    }
}
