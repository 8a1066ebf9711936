//! The windows of one job: its calls done on them, one or several at once.

use core::convert::Infallible;

use limits_core::storage::{Locked, acquire_at_once, peek_at_once};
use limits_core::window::Charge;
use limits_core::{Ask, Decision, Key, StrategyName, Timestamp};

use super::form::{Answer, Call, Opened, What};
use super::round::{Job, Window};

/// The windows of one job among those that were read.
pub(super) struct Windows<'a, 'w> {
    opened: &'a mut [Option<Box<dyn Opened + 'w>>],
    /// Which one is that of each call.
    places: Vec<usize>,
}

impl<'a, 'w> Windows<'a, 'w> {
    pub(super) const fn new(
        opened: &'a mut [Option<Box<dyn Opened + 'w>>],
        places: Vec<usize>,
    ) -> Self {
        Self { opened, places }
    }

    /// Does all calls, `None` if a window can't be read.
    pub(super) fn do_job(&mut self, job: &Job, now: Timestamp) -> Option<Vec<Answer>> {
        if !self
            .places
            .iter()
            .all(|place| self.opened[*place].is_some())
        {
            return None;
        }
        match job.calls.as_slice() {
            [(_, call)] => Some(vec![self.answer(0, call, now)?]),
            calls => self.do_several(calls, now),
        }
    }

    fn do_several(&mut self, calls: &[(Window, Call)], now: Timestamp) -> Option<Vec<Answer>> {
        let asks = calls.iter().map(|(window, call)| {
            let cost = match call.what {
                What::Acquire(cost) | What::Peek(cost) => cost,
                What::Settle(..) => return None,
            };
            let key = Key::from(window.key.as_str());
            Some(Ask::of_key(window.strategy, key, call.limit, cost))
        });
        let asks: Vec<_> = asks.collect::<Option<_>>()?;
        let mut decisions: Vec<_> = asks
            .iter()
            .map(|ask| Decision::never(ask.hit(now)))
            .collect();
        let is_hit = matches!(calls.first()?.1.what, What::Acquire(_));
        let Ok(()) = if is_hit {
            acquire_at_once(self, &asks, now, &mut decisions)
        } else {
            peek_at_once(self, &asks, now, &mut decisions)
        };
        Some(decisions.into_iter().map(Answer::Decided).collect())
    }

    fn answer(&mut self, number: usize, call: &Call, now: Timestamp) -> Option<Answer> {
        let window = self.opened[self.places[number]].as_mut()?;
        Some(window.answer(call, now))
    }

    fn decision(
        &mut self,
        number: usize,
        ask: Ask<'_, StrategyName>,
        what: What,
        now: Timestamp,
    ) -> Decision {
        let limit = ask.limit();
        match self.answer(number, &Call { limit, what }, now) {
            Some(Answer::Decided(decision)) => decision,
            Some(Answer::Settled(_)) | None => Decision::never(ask.hit(now)),
        }
    }
}

impl Locked<StrategyName> for Windows<'_, '_> {
    type Error = Infallible;

    fn is_same(&self, one: usize, other: usize) -> bool {
        self.places[one] == self.places[other]
    }

    fn peek(
        &mut self,
        number: usize,
        ask: Ask<'_, StrategyName>,
        now: Timestamp,
    ) -> Result<Decision, Infallible> {
        Ok(self.decision(number, ask, What::Peek(ask.cost()), now))
    }

    fn acquire(
        &mut self,
        number: usize,
        ask: Ask<'_, StrategyName>,
        now: Timestamp,
    ) -> Result<Decision, Infallible> {
        Ok(self.decision(number, ask, What::Acquire(ask.cost()), now))
    }

    /// Never needed, as no window fails to take units.
    fn give_back(
        &mut self,
        number: usize,
        ask: Ask<'_, StrategyName>,
        charge: &Charge,
        now: Timestamp,
    ) {
        let _ = (number, ask, charge, now);
    }
}
