//! The outcomes as a picture.

use std::io;

use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Point};
use super::lane::{self, Lane};
use super::outcome::Outcome;
use super::pattern::{PHASES, Pattern};
use super::style::{BLUE, GREY, LIGHT_BLUE, PALE, SMALL, TEXT, TITLE, VERMILLION};
use super::time_axis::TimeAxis;
use crate::brief::Brief;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 1016;

const TITLE_Y: i32 = 26;
const LEGEND_Y: i32 = 56;
const HITS_Y: i32 = 92;
const LANES_TOP: i32 = 152;

/// The names of phases, from one to another.
const LABELS: [(&str, usize, usize); 4] = [
    ("calm", 0, 0),
    ("two bursts", 1, 2),
    ("hammering", 3, 3),
    ("burst", 4, 4),
];

/// Draws an SVG: the hits, a lane for each strategy, the time.
pub(super) fn draw(pattern: &Pattern, outcomes: &[Outcome]) -> io::Result<String> {
    let mut svg = String::new();
    let canvas = Canvas::new(&mut svg, (WIDTH, HEIGHT))?;
    let axis = TimeAxis::new(pattern);
    title(&canvas, pattern)?;
    legend(&canvas, pattern)?;
    hits(&canvas, axis, pattern)?;
    let mut top = LANES_TOP;
    for outcome in outcomes {
        let lane = Lane {
            canvas: &canvas,
            axis,
            pattern,
            outcome,
            top,
        };
        lane.draw()?;
        top += lane::HEIGHT;
    }
    axis.draw(&canvas, top)?;
    canvas.finish()?;
    Ok(svg)
}

fn title(canvas: &Canvas<'_>, pattern: &Pattern) -> io::Result<()> {
    let (amount, period) = (pattern.item.amount(), pattern.period());
    let period = Brief(period.to_duration());
    let title = format!("Five strategies decide on the same hits: {amount} per {period}");
    canvas.text(&title, (TimeAxis::LEFT, TITLE_Y), HPos::Left, TITLE)
}

/// Shows what the shapes in the lanes mean.
fn legend(canvas: &Canvas<'_>, pattern: &Pattern) -> io::Result<()> {
    let y = LEGEND_Y;
    let period = Brief(pattern.period().to_duration());
    let entry = |x: i32, text: &str| canvas.text(text, (x, y), HPos::Left, SMALL);
    canvas.rectangle((60, y - 6), (62, y + 6), BLUE)?;
    entry(67, "admitted")?;
    canvas.rectangle((137, y - 4), (139, y + 4), TEXT.color)?;
    entry(144, "refused")?;
    canvas.rectangle((210, y - 6), (234, y + 6), LIGHT_BLUE)?;
    canvas.rectangle((210, y - 6), (234, y - 4), BLUE)?;
    entry(240, &format!("admitted in the last {period}"))?;
    canvas.rectangle((420, y - 6), (444, y + 6), VERMILLION)?;
    entry(450, "above the limit")?;
    canvas.dashes((560, y), 586, TEXT.color)?;
    entry(592, "the limit")?;
    canvas.rectangle((666, y - 6), (690, y + 6), PALE)?;
    canvas.rectangle((666, y - 6), (667, y + 6), GREY)?;
    canvas.rectangle((689, y - 6), (690, y + 6), GREY)?;
    entry(696, "a window")
}

/// Shows the pattern itself, with the names of its parts above.
fn hits(canvas: &Canvas<'_>, axis: TimeAxis, pattern: &Pattern) -> io::Result<()> {
    for (label, first, last) in LABELS {
        let from = axis.x(pattern.stretch(&PHASES[first]).0);
        let to = axis.x(pattern.stretch(&PHASES[last]).1);
        bracket(canvas, (from, HITS_Y + 10), to + 2)?;
        let middle = i32::midpoint(from, to);
        canvas.text(label, (middle, HITS_Y), HPos::Center, SMALL)?;
    }
    let mut places: Vec<i32> = pattern.hits.iter().map(|hit| axis.x(hit.at)).collect();
    places.dedup();
    for x in places {
        canvas.rectangle((x, HITS_Y + 20), (x + 2, HITS_Y + 32), TEXT.color)?;
    }
    let line = (
        (TimeAxis::LEFT, HITS_Y + 32),
        (TimeAxis::RIGHT, HITS_Y + 33),
    );
    canvas.rectangle(line.0, line.1, GREY)?;
    let place = (TimeAxis::LEFT - 8, HITS_Y + 26);
    canvas.text("hits", place, HPos::Right, SMALL)
}

fn bracket(canvas: &Canvas<'_>, (from, y): Point, to: i32) -> io::Result<()> {
    canvas.rectangle((from, y), (to, y + 1), GREY)?;
    canvas.rectangle((from, y), (from + 1, y + 5), GREY)?;
    canvas.rectangle((to - 1, y), (to, y + 5), GREY)
}
