//! One strategy's part of the picture.

use std::io;

use limits::StrategyName;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Point};
use super::outcome::Outcome;
use super::pattern::Pattern;
use super::style::{BLUE, GREY, LIGHT_BLUE, NOTE, PALE, SMALL, STRONG, TEXT, VERMILLION, WARNING};
use super::time_axis::TimeAxis;
use crate::brief::Brief;

/// How high a lane is.
pub(super) const HEIGHT: i32 = 164;

/// From the top of a lane to its parts, and their heights.
const CHART_TOP: i32 = 40;
const CHART_HEIGHT: i32 = 80;
const TICKS_MIDDLE: i32 = 138;
const ADMITTED_HEIGHT: i32 = 12;
const REFUSED_HEIGHT: i32 = 8;

/// A place for one strategy's outcome.
pub(super) struct Lane<'a, 'svg> {
    pub(super) canvas: &'a Canvas<'svg>,
    pub(super) axis: TimeAxis,
    pub(super) pattern: &'a Pattern,
    pub(super) outcome: &'a Outcome,
    pub(super) top: i32,
}

impl Lane<'_, '_> {
    pub(super) fn draw(&self) -> io::Result<()> {
        self.heading()?;
        self.windows()?;
        self.levels()?;
        self.limit()?;
        self.ticks()
    }

    fn heading(&self) -> io::Result<()> {
        let Self { outcome, top, .. } = self;
        let (name, note) = (outcome.strategy.as_str(), note(outcome.strategy));
        let left = |y| (TimeAxis::LEFT, top + y);
        self.canvas.text(name, left(8), HPos::Left, STRONG)?;
        self.canvas.text(note, left(25), HPos::Left, NOTE)?;
        let (total, hits) = (outcome.total(), outcome.verdicts.len());
        let right = |y| (TimeAxis::RIGHT, top + y);
        let text = format!("admits {total} of {hits} hits");
        self.canvas.text(&text, right(8), HPos::Right, TEXT)?;
        let peak = outcome.peak();
        let period = Brief(self.pattern.period().to_duration());
        let text = format!("at most {peak} in any {period}");
        let ink = if peak > self.amount() { WARNING } else { NOTE };
        self.canvas.text(&text, right(25), HPos::Right, ink)
    }

    /// Shades the windows, each from its first hit to its end.
    fn windows(&self) -> io::Result<()> {
        let (top, bottom) = (self.level_y(2 * self.amount()), self.top + HEIGHT - 14);
        for (start, end) in &self.outcome.windows {
            let (from, to) = (self.axis.x(*start), self.axis.x(*end));
            self.canvas.rectangle((from, top), (to, bottom), PALE)?;
            self.canvas
                .rectangle((from, top), (from + 1, bottom), GREY)?;
            if self.axis.shows(*end) {
                self.canvas.rectangle((to - 1, top), (to, bottom), GREY)?;
            }
        }
        Ok(())
    }

    /// Fills what was admitted in the last period, in another colour above the limit.
    fn levels(&self) -> io::Result<()> {
        let ends = self.outcome.levels.iter().skip(1).map(|(end, _)| *end);
        for ((start, level), end) in self.outcome.levels.iter().zip(ends) {
            let (start, end) = (self.axis.x(*start), self.axis.x(end));
            let within = (*level).min(self.amount());
            self.fill((start, end), (0, within), LIGHT_BLUE)?;
            self.fill((start, end), (within, *level), VERMILLION)?;
        }
        self.canvas.line(self.outline(), BLUE, 2)
    }

    fn fill(&self, (from, to): Point, levels: (u64, u64), color: RGBColor) -> io::Result<()> {
        let (bottom, top) = (self.level_y(levels.0), self.level_y(levels.1));
        if from == to || bottom == top {
            return Ok(());
        }
        self.canvas.rectangle((from, top), (to, bottom), color)
    }

    /// The steps from one level to the next.
    fn outline(&self) -> Vec<Point> {
        let mut y = self.level_y(0);
        let mut points = vec![(TimeAxis::LEFT, y)];
        let levels = self.outcome.levels.iter();
        for (at, level) in levels.take_while(|(at, _)| self.axis.shows(*at)) {
            let x = self.axis.x(*at);
            points.push((x, y));
            y = self.level_y(*level);
            points.push((x, y));
        }
        points.push((TimeAxis::RIGHT, y));
        points.dedup();
        points
    }

    fn limit(&self) -> io::Result<()> {
        for level in [0, self.amount(), 2 * self.amount()] {
            let place = (TimeAxis::LEFT - 8, self.level_y(level));
            self.canvas
                .text(&level.to_string(), place, HPos::Right, SMALL)?;
        }
        let start = (TimeAxis::LEFT, self.level_y(self.amount()));
        self.canvas.dashes(start, TimeAxis::RIGHT, TEXT.color)
    }

    /// Marks admitted hits above a line and refused ones below it.
    fn ticks(&self) -> io::Result<()> {
        let y = self.top + TICKS_MIDDLE;
        for (x, admitted) in self.marks() {
            let (top, bottom, color) = if admitted {
                (y - ADMITTED_HEIGHT, y, BLUE)
            } else {
                (y + 1, y + 1 + REFUSED_HEIGHT, TEXT.color)
            };
            self.canvas.rectangle((x, top), (x + 2, bottom), color)?;
        }
        let (from, to) = ((TimeAxis::LEFT, y), (TimeAxis::RIGHT, y + 1));
        self.canvas.rectangle(from, to, GREY)
    }

    /// Tells where hits are; those that fall on the same place are one mark.
    fn marks(&self) -> Vec<(i32, bool)> {
        let hits = self.pattern.hits.iter().zip(&self.outcome.verdicts);
        let marks = hits.map(|(hit, admitted)| (self.axis.x(hit.at), *admitted));
        let mut marks: Vec<(i32, bool)> = marks.collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// Tells where a level is; the chart has room for twice the limit.
    fn level_y(&self, level: u64) -> i32 {
        let height = u64::from(CHART_HEIGHT.unsigned_abs()) * level / (2 * self.amount());
        let height = i32::try_from(height).unwrap_or(CHART_HEIGHT);
        self.top + CHART_TOP + CHART_HEIGHT - height
    }

    const fn amount(&self) -> u64 {
        self.pattern.item.amount()
    }
}

/// Says what there is to see.
const fn note(strategy: StrategyName) -> &'static str {
    match strategy {
        StrategyName::FixedWindow => {
            "up to a full amount at the end of one window, and another at the start of the next"
        }
        StrategyName::FixedWindowElasticExpiry => {
            "every hit keeps the window open: who hammers stays out"
        }
        StrategyName::MovingWindow => "never more than the limit, in any interval of one period",
        StrategyName::SlidingWindowCounter => {
            "two counters in place of a log: close to the moving window, at times above the limit"
        }
        StrategyName::Gcra => {
            "a bucket that refills evenly: a full one may go at once, and what was refilled after it"
        }
        _ => "",
    }
}
