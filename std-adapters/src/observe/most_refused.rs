use core::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limits_core::{Decision, Key};

use super::observer::{Observer, Operation};

/// An observer that keeps the keys that are refused most, and how often, in bounded memory.
///
/// It is the space-saving sketch of Metwally, Agrawal and El Abbadi ("Efficient computation
/// of frequent and top-k elements in data streams", 2005): with room for `n` keys, each that
/// was refused more than the `n`th part of all times is among them, and no count is too
/// small; a count may be too large by the smallest one.
///
/// Keys hold what identifies users: show them to those who may know.
///
/// A hit that passes costs nothing, a refused one a lock and a copy of its key; O(`n`) when a
/// key takes the place of another. Clones count together.
#[derive(Clone, Debug)]
pub struct MostRefused {
    keys: usize,
    counts: Arc<Mutex<HashMap<String, u64>>>,
}

impl MostRefused {
    /// Makes an observer with room for so many keys, one at least.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self {
            keys: keys.max(1),
            counts: Arc::default(),
        }
    }

    /// The keys that were refused most, and how often: at most so many, the first the most.
    #[must_use]
    pub fn top(&self, keys: usize) -> Vec<(String, u64)> {
        let counts = self.counts().clone();
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by(|one, other| {
            (Reverse(one.1), &one.0).cmp(&(Reverse(other.1), &other.0))
        });
        counts.truncate(keys);
        counts
    }

    /// Begins anew.
    pub fn clear(&self) {
        self.counts().clear();
    }

    fn count(&self, key: String) {
        let mut counts = self.counts();
        let is_full = counts.len() >= self.keys;
        match counts.entry(key) {
            Entry::Occupied(mut count) => *count.get_mut() += 1,
            Entry::Vacant(place) if !is_full => {
                place.insert(1);
            }
            Entry::Vacant(place) => {
                let key = place.into_key();
                let smallest = counts.iter().min_by_key(|(_, count)| **count);
                let smallest = smallest.map(|(key, count)| (key.clone(), *count));
                if let Some((other, count)) = smallest {
                    counts.remove(&other);
                    counts.insert(key, count + 1);
                }
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for MostRefused {
    fn decided(&self, operation: Operation, _: &'static str, key: Key<'_>, decision: &Decision) {
        if operation == Operation::Acquire && !decision.allowed() {
            self.count(key.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_keys_survive_a_flood_of_others() {
        let refused = MostRefused::new(20);
        for number in 0..10_000 {
            refused.count(format!("user-{number}"));
            if number % 5 == 0 {
                refused.count("heavy".to_owned());
            }
        }
        let top = refused.top(5);
        assert_eq!(top.len(), 5);
        let (key, count) = &top[0];
        assert_eq!(key, "heavy");
        assert!((2_000..=2_000 + 12_000 / 20).contains(count), "{count}");
        assert_eq!(refused.counts().len(), 20);
        refused.clear();
        assert_eq!(refused.top(5), []);
    }
}
