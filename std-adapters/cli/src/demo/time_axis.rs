//! Where instants are in the picture.

use std::io;

use limits::limits_core::Micros;
use plotters::style::text_anchor::HPos;

use super::canvas::Canvas;
use super::pattern::Pattern;
use super::style::{GREY, SMALL};
use crate::brief::Brief;

/// The scale from instants to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    period: Micros,
    span: Micros,
}

impl TimeAxis {
    pub(super) const LEFT: i32 = 60;
    pub(super) const RIGHT: i32 = 860;

    pub(super) fn new(pattern: &Pattern) -> Self {
        let (period, span) = (pattern.period(), pattern.span());
        Self { period, span }
    }

    /// Tells where an instant is; what is after the end is at it.
    pub(super) fn x(self, at: Micros) -> i32 {
        let width = u128::from(Self::LEFT.abs_diff(Self::RIGHT));
        let span = u128::from(self.span.as_micros());
        let right = u128::from(at.as_micros()) * width / span;
        let right = i32::try_from(right).unwrap_or(Self::RIGHT);
        Self::LEFT.saturating_add(right).min(Self::RIGHT)
    }

    /// Tells whether an instant is in the picture.
    pub(super) fn shows(self, at: Micros) -> bool {
        at <= self.span
    }

    /// Draws a mark every half period, with the time below it.
    pub(super) fn draw(self, canvas: &Canvas<'_>, y: i32) -> io::Result<()> {
        canvas.rectangle((Self::LEFT, y), (Self::RIGHT, y + 1), GREY)?;
        let step = self.period.as_micros() / 2;
        for half in 0..=self.span.as_micros() / step {
            let at = Micros::from_micros(half * step);
            let x = self.x(at);
            canvas.rectangle((x, y), (x + 1, y + 5), GREY)?;
            let label = Brief(at.to_duration()).to_string();
            canvas.text(&label, (x, y + 15), HPos::Center, SMALL)?;
        }
        Ok(())
    }
}
