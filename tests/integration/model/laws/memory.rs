//! What a storage may hold, by the model.

use limits_tests::model::Model;

/// For every key the states that it may be in: more than one when it may have
/// been forgotten while the clock was ahead.
#[derive(Clone, Debug)]
pub(crate) struct Memory<M> {
    keys: Vec<Vec<M>>,
    fresh: M,
    slots: usize,
}

impl<M: Model> Memory<M> {
    pub(crate) fn new(fresh: &M, keys: usize, slots: usize) -> Self {
        Self {
            keys: vec![vec![fresh.clone()]; keys],
            fresh: fresh.clone(),
            slots,
        }
    }

    /// Tells whether a write to `key` may find every slot taken by a live window of another key.
    pub(crate) fn may_be_full(&self, key: u16, now: u64) -> bool {
        let live = |states: &&Vec<M>| states.iter().any(|state| !state.is_over(now));
        self.others(key).filter(live).count() >= self.slots
    }

    /// Tells whether it certainly does.
    pub(crate) fn must_be_full(&self, key: u16, now: u64) -> bool {
        let live = |states: &&Vec<M>| states.iter().all(|state| !state.is_over(now));
        self.others(key).filter(live).count() >= self.slots
    }

    /// Notes that any key may have been brought forward, as for limits of a period.
    pub(crate) fn bring_forward(&mut self, longest: u64, now: u64) {
        for states in &mut self.keys {
            for mut state in states.clone() {
                state.bring_forward(longest, now);
                if !states.contains(&state) {
                    states.push(state);
                }
            }
        }
    }

    /// Notes a write: any key whose window is over may have been forgotten.
    pub(crate) fn write(&mut self, now: u64) {
        for states in &mut self.keys {
            let over = states.iter().any(|state| state.is_over(now));
            if over && !states.contains(&self.fresh) {
                states.push(self.fresh.clone());
            }
        }
    }

    /// Notes that `key` was forgotten.
    pub(crate) fn clear(&mut self, key: u16) {
        self.keys[usize::from(key)] = vec![self.fresh.clone()];
    }

    /// Keeps the states of `key` that agree with what was seen and tells whether any does.
    pub(crate) fn agrees(&mut self, key: u16, agrees: impl FnMut(&mut M) -> bool) -> bool {
        let states = &mut self.keys[usize::from(key)];
        states.retain_mut(agrees);
        !states.is_empty()
    }

    fn others(&self, key: u16) -> impl Iterator<Item = &Vec<M>> {
        let keys = self.keys.iter().enumerate();
        let others = keys.filter(move |(other, _)| *other != usize::from(key));
        others.map(|(_, states)| states)
    }
}
