//! Windows as the bytes of the core: the form of every strategy that has no other.

use core::marker::PhantomData;

use limits_core::window::{
    Decide, Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter, StateReader, StateWriter, Usage,
    WindowBytes,
};
use limits_core::{
    FixedWindow, GcraWindow, Micros, MovingWindow, SlidingWindow, StrategyName, Timestamp,
};

use super::form::{Form, Recipe, life};
use super::versioned::{Found, Write};
use crate::log::Log;

/// The version of the form.
const VERSION: u8 = 1;

/// The room that is tried first, which all windows but moving ones do with.
const ROOM: usize = 64;

/// The form of a strategy that a backend has no other for: under the name of the key, with
/// a `/` and a word of its own behind it.
pub(crate) fn state(strategy: StrategyName) -> &'static dyn Recipe {
    const FIXED: State<Fixed, FixedWindow> = State::new("fixed");
    const ELASTIC: State<Elastic, FixedWindow> = State::new("elastic");
    const MOVING: State<Moving, MovingWindow<Log>> = State::new("moving");
    const SLIDING: State<SlidingCounter, SlidingWindow> = State::new("sliding");
    const GCRA: State<Gcra, GcraWindow> = State::new("gcra");
    const STATES: [&dyn Recipe; StrategyName::ALL.len()] =
        [&FIXED, &ELASTIC, &MOVING, &SLIDING, &GCRA];
    STATES[strategy as usize]
}

/// The number of the version, the number of the kind, and the window by a clock that
/// starts at the Unix epoch.
struct State<K, W> {
    word: &'static str,
    kind: PhantomData<fn() -> (K, W)>,
}

impl<K, W> State<K, W> {
    const fn new(word: &'static str) -> Self {
        Self {
            word,
            kind: PhantomData,
        }
    }
}

impl<K, W> Form for State<K, W>
where
    K: Kind,
    W: Decide<K, Usage: Into<Usage>> + WindowBytes,
{
    type Kind = K;
    type Window = W;

    fn names(&self, key: &str, _place: u64) -> Vec<String> {
        vec![format!("{key}/{}", self.word)]
    }

    fn read(
        &self,
        _place: u64,
        found: &[Option<Found<()>>],
        _period: Micros,
        _now: Timestamp,
    ) -> Option<W> {
        let Some(found) = found.first()? else {
            return Some(W::EMPTY);
        };
        let bytes = found.value.strip_prefix(&[VERSION, W::KIND])?;
        let mut reader = StateReader::new(bytes, Timestamp::ZERO, Micros::ZERO);
        let window = W::read(&mut reader)?;
        reader.is_empty().then_some(window)
    }

    fn write(&self, window: &W, now: Timestamp) -> Option<Write> {
        let mut value = vec![VERSION, W::KIND];
        let (head, mut room) = (value.len(), ROOM);
        // A moving window says only by failing that it needs more room.
        let len = loop {
            value.resize(head + room, 0);
            let mut writer = StateWriter::new(value.get_mut(head..)?, Timestamp::ZERO);
            match window.write(&mut writer) {
                Some(()) => break writer.len(),
                None => room = room.checked_mul(2).filter(|room| *room <= 1 << 30)?,
            }
        };
        value.truncate(head + len);
        Some(Write {
            value,
            note: 0,
            lives: life(window, now),
            beside: None,
        })
    }
}
