use limits_core::window::{Charge, Decide, Hit, Kind, Mark, Settled, Usage, Window};
use limits_core::{Decision, Limit, Micros, Timestamp};

use super::versioned::{Found, Write};

/// One call, as it waits for its round.
#[derive(Debug)]
pub struct Call {
    /// The limit that it is about.
    pub(crate) limit: Limit,
    pub(crate) what: What,
}

/// What a call asks for.
#[derive(Debug)]
pub(crate) enum What {
    /// To take units.
    Acquire(u64),
    /// Whether units would fit.
    Peek(u64),
    /// To settle a charge by the units that were used.
    Settle(Charge, u64),
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// That of a hit or a question, by the wall time of the attempt.
    Decided(Decision),
    /// That of a settlement.
    Settled(Settled),
}

/// How the windows of one kind are stored, and what calls do to one.
pub trait Recipe: Sync {
    /// Which of several windows in a row a call is about at a wall time: of one strategy
    /// and key, calls that are about the same one at some time are so at any.
    fn place(&self, call: &Call, now: Timestamp) -> u64;

    /// The names of what is kept for a key; the first is swapped.
    fn names(&self, key: &str, place: u64) -> Vec<String>;

    /// Whether the window can be read from what was found under the first name alone, which
    /// is read alone then; `None` if all are read at once.
    fn is_enough(&self, first: Option<&Found<()>>, now: Timestamp) -> Option<bool>;

    /// Reads the window from what was found; `None` if that is not a window.
    fn open(
        &self,
        place: u64,
        found: &[Option<Found<()>>],
        period: Micros,
        now: Timestamp,
    ) -> Option<Box<dyn Opened + '_>>;
}

/// A window that was read, and that nobody else changes until it is written.
pub trait Opened {
    /// Does a call.
    fn answer(&mut self, call: &Call, now: Timestamp) -> Answer;

    /// What is to be written, if the calls changed the window.
    ///
    /// # Errors
    ///
    /// The window can't be written.
    fn changed(&self, now: Timestamp) -> Result<Option<Write>, Unwritable>;
}

/// A window is of a form that can't be written.
#[derive(Clone, Copy, Debug)]
pub struct Unwritable;

/// A kind of window in the form that a backend stores it in.
pub(crate) trait Form: Sync {
    type Kind: Kind;
    type Window: Decide<Self::Kind, Usage: Into<Usage>>;

    fn place(&self, _call: &Call, _now: Timestamp) -> u64 {
        0
    }

    fn names(&self, key: &str, place: u64) -> Vec<String>;

    fn is_enough(&self, _first: Option<&Found<()>>, _now: Timestamp) -> Option<bool> {
        None
    }

    /// Reads the window; `None` if that is not what is stored.
    fn read(
        &self,
        place: u64,
        found: &[Option<Found<()>>],
        period: Micros,
        now: Timestamp,
    ) -> Option<Self::Window>;

    /// Writes the window; `None` if it can't be.
    fn write(&self, window: &Self::Window, now: Timestamp) -> Option<Write>;

    /// The window that a hit took units from, if the answer doesn't tell.
    fn mark(&self, _window: &Self::Window) -> Option<Mark> {
        None
    }
}

impl<F: Form> Recipe for F {
    fn place(&self, call: &Call, now: Timestamp) -> u64 {
        Form::place(self, call, now)
    }

    fn names(&self, key: &str, place: u64) -> Vec<String> {
        Form::names(self, key, place)
    }

    fn is_enough(&self, first: Option<&Found<()>>, now: Timestamp) -> Option<bool> {
        Form::is_enough(self, first, now)
    }

    fn open(
        &self,
        place: u64,
        found: &[Option<Found<()>>],
        period: Micros,
        now: Timestamp,
    ) -> Option<Box<dyn Opened + '_>> {
        let window = self.read(place, found, period, now)?;
        let before = self.write(&window, now);
        Some(Box::new(Open {
            form: self,
            window,
            before,
        }))
    }
}

/// A window, its form, and how it was stored.
struct Open<'a, F: Form> {
    form: &'a F,
    window: F::Window,
    before: Option<Write>,
}

impl<F: Form> Opened for Open<'_, F> {
    fn answer(&mut self, call: &Call, now: Timestamp) -> Answer {
        let hit = |cost: u64| Hit::new(call.limit, cost, now);
        match &call.what {
            What::Acquire(cost) => {
                let (allowed, usage) = self.window.acquire(hit(*cost));
                let decision = Decision::hit(allowed, hit(*cost), usage);
                let mark = self.form.mark(&self.window);
                Answer::Decided(mark.map_or(decision, |mark| decision.with_mark(mark)))
            }
            What::Peek(cost) => {
                Answer::Decided(Decision::test(hit(*cost), self.window.peek(hit(*cost))))
            }
            What::Settle(charge, used) => Answer::Settled(self.window.settle(charge, *used, now)),
        }
    }

    fn changed(&self, now: Timestamp) -> Result<Option<Write>, Unwritable> {
        let after = self.form.write(&self.window, now).ok_or(Unwritable)?;
        let before = self.before.as_ref();
        let is_same = before.is_some_and(|before| is_same(before, &after));
        Ok((!is_same).then_some(after))
    }
}

/// A window that is not there is as good as one of which nothing is left.
fn is_same(before: &Write, after: &Write) -> bool {
    before == after || (before.lives == Micros::ZERO && after.lives == Micros::ZERO)
}

/// How long a window is needed.
pub(crate) fn life<W: Window>(window: &W, now: Timestamp) -> Micros {
    window.expires_at().saturating_since(now)
}
