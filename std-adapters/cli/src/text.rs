//! Answers in words.

use core::time::Duration;

use crate::brief::Brief;
use crate::engine::{Answer, One, Op, Seconds, Window};

/// Puts an answer into words: a line, and one for each of several limits.
pub(crate) fn of(op: Op, answer: &Answer) -> String {
    match answer {
        Answer::Decision {
            allowed: true,
            window,
            limits,
            ..
        } => with_limits(format!("{}: {}", verdict(op, true), state(window)), limits),
        Answer::Decision {
            window,
            retry_after,
            limits,
            ..
        } => with_limits(refusal(op, window, *retry_after), limits),
        Answer::Stats { window, limits } => with_limits(format!("{op}: {}", state(window)), limits),
        Answer::Done { .. } => format!("{op}: ok"),
        Answer::Deleted { deleted, .. } => format!("{op}: keys deleted: {deleted}"),
        Answer::Settled { given_back, .. } => format!("{op}: units given back: {given_back}"),
        Answer::Failed { error, .. } => format!("{op}: {error}"),
    }
}

fn with_limits(first: String, limits: &[One]) -> String {
    limits.iter().fold(first, |text, one| {
        format!("{text}\n  {}: {}", one.limit, state(&one.window))
    })
}

fn refusal(op: Op, window: &Window, retry_after: Option<Seconds>) -> String {
    let (verdict, left) = (verdict(op, false), left(window));
    match retry_after {
        Some(Seconds(wait)) => format!("{verdict}: {left}, come back in {}", Brief(wait)),
        None => format!("{verdict}: the cost is above the limit, it can never pass"),
    }
}

const fn verdict(op: Op, allowed: bool) -> &'static str {
    match (op, allowed) {
        (Op::Test, true) => "would be allowed",
        (Op::Test, false) => "would be refused",
        (_, true) => "allowed",
        (_, false) => "refused",
    }
}

fn state(window: &Window) -> String {
    let left = left(window);
    match window.reset_after {
        Duration::ZERO => left,
        reset_after => format!("{left}, resets in {}", Brief(reset_after)),
    }
}

fn left(window: &Window) -> String {
    let left = format!("{} of {} left", window.remaining, window.limit);
    match window.origin {
        Some(origin) => format!("{left} ({origin})"),
        None => left,
    }
}
