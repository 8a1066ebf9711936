//! What a picture is made of: rectangles, lines and texts, placed in pixels.

use core::fmt::Display;
use std::io;

use plotters::coord::Shift;
use plotters::prelude::{
    DrawingArea, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text,
    WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, ShapeStyle};

/// A place, from the left and from the top.
pub(super) type Point = (i32, i32);

/// A picture of white paper.
pub(super) struct Canvas<'a>(DrawingArea<SVGBackend<'a>, Shift>);

/// How a text looks. `size` is in pixels.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub(super) color: RGBColor,
    pub(super) size: f64,
    pub(super) bold: bool,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(svg: &'a mut String, size: (u32, u32)) -> io::Result<Self> {
        let area = SVGBackend::with_string(svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        Ok(Self(area))
    }

    pub(super) fn rectangle(&self, from: Point, to: Point, color: RGBColor) -> io::Result<()> {
        let rectangle = Rectangle::new([from, to], color.filled());
        self.0.draw(&rectangle).map_err(failed)
    }

    pub(super) fn line(&self, points: Vec<Point>, color: RGBColor, width: u32) -> io::Result<()> {
        let style = ShapeStyle::from(color).stroke_width(width);
        self.0
            .draw(&PathElement::new(points, style))
            .map_err(failed)
    }

    /// Draws a horizontal line of dashes.
    pub(super) fn dashes(&self, from: Point, to_x: i32, color: RGBColor) -> io::Result<()> {
        const DASH: i32 = 8;
        const STEP: usize = 14;
        for x in (from.0..to_x).step_by(STEP) {
            let end = (x + DASH).min(to_x);
            self.rectangle((x, from.1 - 1), (end, from.1 + 1), color)?;
        }
        Ok(())
    }

    /// Writes a text that begins, ends or is centred at a place, on the line there.
    pub(super) fn text(&self, text: &str, at: Point, side: HPos, ink: Ink) -> io::Result<()> {
        /// What the backend divides the size of a font by.
        const SHRUNK_BY: f64 = 1.24;
        let style = if ink.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        #[expect(clippy::float_arithmetic, reason = "fonts are sized in floats")]
        let font = ("sans-serif", ink.size * SHRUNK_BY)
            .into_font()
            .style(style);
        let style = font.color(&ink.color).pos(Pos::new(side, VPos::Center));
        let text = Text::new(text, at, style);
        self.0.draw(&text).map_err(failed)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.0.present().map_err(failed)
    }
}

fn failed(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}
