//! The names of keys: those of Python `limits` 5.8, and one of ours.

use limits_core::Key;

/// What Python `limits` puts in front of its keys.
const DEFAULT: &str = "LIMITS";

/// What is in front of every key of one storage.
#[derive(Clone, Debug)]
pub struct Prefix(String);

impl Default for Prefix {
    fn default() -> Self {
        Self::new(DEFAULT)
    }
}

impl Prefix {
    pub(super) fn new(prefix: &str) -> Self {
        Self(format!("{prefix}:"))
    }

    /// Names a counter, or the log of a moving window.
    pub(super) fn window(&self, key: Key<'_>) -> Vec<u8> {
        self.name(key, "", "")
    }

    /// Names the current and the previous counter of a sliding window. The
    /// braces keep the two on one node of a cluster.
    pub(super) fn sliding_window(&self, key: Key<'_>) -> [Vec<u8>; 2] {
        [self.name(key, "{", "}"), self.name(key, "{", "}/-1")]
    }

    /// Names the bucket of the generic cell rate algorithm, on that node too.
    pub(super) fn bucket(&self, key: Key<'_>) -> Vec<u8> {
        self.name(key, "{", "}/gcra")
    }

    fn name(&self, key: Key<'_>, before: &str, after: &str) -> Vec<u8> {
        let (prefix, before, after) = (self.0.as_bytes(), before.as_bytes(), after.as_bytes());
        // A quarter of the time that formatting takes.
        let mut buffer = [0; 256];
        match key.write_to(&mut buffer) {
            Some(text) => [prefix, before, text, after].concat(),
            None => [prefix, before, key.to_string().as_bytes(), after].concat(),
        }
    }

    /// Tells the pattern that matches every key and nothing else.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.0.len() + 1);
        for character in self.0.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern + "*"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::RateLimitItem;

    #[test]
    fn names_are_those_of_python_and_one_of_ours() {
        let item = RateLimitItem::per_minute(5);
        let key = item.key_for("u");
        let prefix = Prefix::default();
        assert_eq!(prefix.window(key), b"LIMITS:LIMITER/u/5/1/minute");
        let [current, previous] = prefix.sliding_window(key);
        assert_eq!(current, b"LIMITS:{LIMITER/u/5/1/minute}");
        assert_eq!(previous, b"LIMITS:{LIMITER/u/5/1/minute}/-1");
        assert_eq!(prefix.bucket(key), b"LIMITS:{LIMITER/u/5/1/minute}/gcra");
    }

    #[test]
    fn a_long_key_is_named_alike() {
        let item = RateLimitItem::per_minute(5);
        let user = "u".repeat(1_000);
        let name = Prefix::new("P").window(item.key_for(&user));
        assert_eq!(name, format!("P:LIMITER/{user}/5/1/minute").into_bytes());
    }

    #[test]
    fn a_pattern_takes_the_prefix_literally() {
        assert_eq!(Prefix::new("a[b]*?\\^").pattern(), r"a\[b\]\*\?\\\^:*");
        assert_eq!(Prefix::default().pattern(), "LIMITS:*");
    }
}
