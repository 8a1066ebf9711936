//! What Python `limits` keeps in memcached, and how it is read.

use core::marker::PhantomData;

use limits_core::window::{
    Charge, Decide, Hit, Kind, Mark, Settled, SlidingCounter, Usage, Window,
};
use limits_core::{FixedWindow, Key, Micros, SlidingWindow, Timestamp};

use crate::cas::{Call, Form, Found, What, Write, instant, number, seconds};
use crate::random::random;

/// A server keeps a counter so long beyond its end, at most.
const KEPT_AFTER: Micros = Micros::from_secs(2);

/// A counter whose life is off by more than this has got another one from Python since
/// its end was noted.
const SAME_LIFE: Micros = Micros::from_secs(5);

/// A counter under the name of the key, whose flags are the low bits of its end; and its
/// end under another name, for Python.
pub(super) struct Counter<K>(PhantomData<fn() -> K>);

impl<K> Counter<K> {
    pub(super) const FORM: Self = Self(PhantomData);
}

impl<K: Kind> Form for Counter<K>
where
    FixedWindow: Decide<K, Usage: Into<Usage>>,
{
    type Kind = K;
    type Window = FixedWindow;

    fn names(&self, key: &str, _place: u64) -> Vec<String> {
        vec![key.to_owned(), format!("{key}/expires")]
    }

    /// The end is read only of a counter that Python made.
    fn is_enough(&self, first: Option<&Found<()>>, now: Timestamp) -> Option<bool> {
        Some(first.is_none_or(|counter| noted_end(counter, now).is_some()))
    }

    fn read(
        &self,
        _place: u64,
        found: &[Option<Found<()>>],
        period: Micros,
        now: Timestamp,
    ) -> Option<FixedWindow> {
        let [counter, end] = found else { return None };
        let Some(counter) = counter else {
            return Some(FixedWindow::EMPTY);
        };
        let written = end.as_ref().and_then(|end| instant(&end.value));
        let noted = noted_end(counter, now).or_else(|| written_end(counter, written, now));
        let end = noted.unwrap_or_else(|| {
            // A service of Python has made the counter, and not yet written its end.
            let left = counter.left.unwrap_or(period);
            now.saturating_add(left.min(period))
        });
        Some(FixedWindow::new(number(&counter.value)?, end))
    }

    fn write(&self, window: &FixedWindow, now: Timestamp) -> Option<Write> {
        let end = window.end();
        let lives = end.saturating_since(now);
        Some(Write {
            value: window.count(now).to_string().into_bytes(),
            note: note(end),
            lives,
            beside: (lives > Micros::ZERO).then(|| seconds(end).into_bytes()),
        })
    }
}

/// What is noted of an end: the low 31 bits of its microseconds, and a bit that says so.
fn note(end: Timestamp) -> u32 {
    u32::try_from(end.as_micros() & (NOTED - 1)).unwrap_or_default() | IS_NOTED
}

/// The bit that says so.
const IS_NOTED: u32 = 1 << 31;

/// How far ends are apart of which the same is noted, in microseconds: 35 minutes.
const NOTED: u64 = 1 << 31;

/// The end that was noted: the one that is about where the server ends the counter's life.
fn noted_end(counter: &Found<()>, now: Timestamp) -> Option<Timestamp> {
    let left = counter.left.filter(|_| counter.note & IS_NOTED != 0)?;
    let about = now.saturating_add(left).as_micros();
    let base = about / NOTED * NOTED + (u64::from(counter.note) & (NOTED - 1));
    let ends = [base.saturating_sub(NOTED), base, base.saturating_add(NOTED)];
    let nearest = ends.into_iter().min_by_key(|end| end.abs_diff(about))?;
    let is_same_life = nearest.abs_diff(about) <= SAME_LIFE.as_micros();
    is_same_life.then_some(Timestamp::from_micros(nearest))
}

/// The end under the other name, unless that is of a counter before: it is written only
/// after a counter is made.
fn written_end(
    counter: &Found<()>,
    written: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let is_kept_after = counter.left.is_some_and(|left| left <= KEPT_AFTER);
    written.filter(|end| *end > now || is_kept_after)
}

/// A counter for each period since the Unix epoch, whose flags tell it from others of that
/// period.
pub(super) struct Counters;

/// The counters of a period and the one before it.
pub(super) struct Period {
    window: SlidingWindow,
    generation: u32,
}

impl Counters {
    /// What there may be of a key at a time; nothing if the key doesn't tell its period.
    pub(super) fn names_at(key: Key<'_>, now: Timestamp) -> Vec<String> {
        let text = key.to_string();
        let period = match key.item() {
            Some(item) => Some(item.get_expiry()),
            None => period_of(&text),
        };
        period.map_or_else(Vec::new, |period| {
            let place = now.as_micros() / period.as_micros().max(1);
            Form::names(&Self, &text, place)
        })
    }
}

/// The period that a key ends with, as items name it.
fn period_of(key: &str) -> Option<Micros> {
    let mut parts = key.rsplit('/');
    let (name, multiples) = (parts.next()?, parts.next()?);
    let item: limits_core::RateLimitItem<'_> = format!("1/{multiples} {name}").parse().ok()?;
    Some(item.get_expiry())
}

impl Form for Counters {
    type Kind = SlidingCounter;
    type Window = Period;

    /// The number of the period that a call is about: for a settlement, that of its charge.
    fn place(&self, call: &Call, now: Timestamp) -> u64 {
        let period = call.limit.period().as_micros().max(1);
        match &call.what {
            What::Settle(charge, _) => {
                let over = charge.mark().instant().as_micros() / period;
                over.saturating_sub(2)
            }
            What::Acquire(_) | What::Peek(_) => now.as_micros() / period,
        }
    }

    fn names(&self, key: &str, place: u64) -> Vec<String> {
        // Before the epoch nothing was counted.
        let previous = i128::from(place) - 1;
        vec![format!("{key}/{place}"), format!("{key}/{previous}")]
    }

    fn read(
        &self,
        place: u64,
        found: &[Option<Found<()>>],
        period: Micros,
        _now: Timestamp,
    ) -> Option<Period> {
        let [current, previous] = found else {
            return None;
        };
        let count = |found: &Option<Found<()>>| match found {
            Some(found) => number(&found.value),
            None => Some(0),
        };
        let over = place.saturating_add(2).saturating_mul(period.as_micros());
        let over = Timestamp::from_micros(over);
        let generation = current.as_ref().map(|found| found.note);
        Some(Period {
            window: SlidingWindow::new(count(previous)?, count(current)?, over),
            // Not 0, which counters of Python have.
            generation: generation.unwrap_or_else(|| random().max(1)),
        })
    }

    fn write(&self, period: &Period, now: Timestamp) -> Option<Write> {
        Some(Write {
            value: period.window.current().to_string().into_bytes(),
            note: period.generation,
            lives: period.expires_at().saturating_since(now),
            beside: None,
        })
    }

    fn mark(&self, period: &Period) -> Option<Mark> {
        let over = period.window.end().as_micros();
        Some(Mark::new([over, period.generation.into()]))
    }
}

impl Window for Period {
    const EMPTY: Self = Self {
        window: SlidingWindow::EMPTY,
        generation: 0,
    };

    fn expires_at(&self) -> Timestamp {
        self.window.end()
    }

    /// Periods begin and end when they do.
    fn bring_forward(&mut self, _period: Micros, _now: Timestamp) {}
}

impl Decide<SlidingCounter> for Period {
    type Usage = SlidingWindow;

    fn acquire(&mut self, hit: Hit) -> (bool, SlidingWindow) {
        let over = self.expires_at();
        let (allowed, usage) = self.window.acquire(hit);
        self.window = SlidingWindow::new(usage.previous(), usage.current(), over);
        (allowed, self.window)
    }

    fn peek(&self, hit: Hit) -> SlidingWindow {
        self.window.peek(hit)
    }

    /// A charge is of the period's own counter, also while that counts as the previous one.
    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let [_, generation] = charge.mark().numbers();
        let over = self.expires_at();
        if now >= over || generation != u64::from(self.generation) {
            return Settled::NOTHING;
        }
        let next = over.saturating_sub(charge.limit().period());
        let last = next.saturating_sub(Micros::from_micros(1));
        let settled = self.window.settle(charge, used, now.min(last));
        let (previous, current) = (self.window.previous(), self.window.current());
        self.window = SlidingWindow::new(previous, current, over);
        settled
    }
}
