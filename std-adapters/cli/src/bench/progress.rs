//! How far a measurement is.

use core::cell::RefCell;
use core::time::Duration;
use std::rc::Rc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::tally::{Tally, per_second};
use crate::brief::Brief;

const REDRAW: Duration = Duration::from_millis(100);

/// Makes a bar on stderr, which is not drawn if that is no terminal.
pub(super) fn bar(duration: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {msg}").expect("the template is right");
    ProgressBar::new(millis(duration)).with_style(style)
}

/// Draws the bar until the time is over.
pub(super) async fn watch(bar: ProgressBar, tally: Rc<RefCell<Tally>>, duration: Duration) {
    let start = Instant::now();
    while !bar.is_hidden() {
        tokio::time::sleep(REDRAW).await;
        let elapsed = start.elapsed().min(duration);
        let rate = per_second(tally.borrow().decisions(), elapsed);
        let (done, left) = (Brief(elapsed), Brief(duration - elapsed));
        bar.set_message(format!("{done} done, {left} left, {rate} decisions/s"));
        bar.set_position(millis(elapsed));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
