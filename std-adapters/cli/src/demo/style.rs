//! Colours and letters; the colours can be told apart by colour-blind people.

use plotters::style::RGBColor;

use super::canvas::Ink;

pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const LIGHT_BLUE: RGBColor = RGBColor(189, 217, 236);
pub(super) const VERMILLION: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREY: RGBColor = RGBColor(176, 176, 176);
pub(super) const PALE: RGBColor = RGBColor(242, 240, 232);

const BLACK: RGBColor = RGBColor(34, 34, 34);
const DIM: RGBColor = RGBColor(90, 90, 90);

pub(super) const TITLE: Ink = ink(BLACK, 18.0, true);
pub(super) const STRONG: Ink = ink(BLACK, 14.0, true);
pub(super) const TEXT: Ink = ink(BLACK, 13.0, false);
pub(super) const NOTE: Ink = ink(DIM, 12.0, false);
pub(super) const SMALL: Ink = ink(DIM, 11.0, false);
pub(super) const WARNING: Ink = ink(RGBColor(176, 72, 0), 12.0, true);

const fn ink(color: RGBColor, size: f64, bold: bool) -> Ink {
    Ink { color, size, bold }
}
