//! What must hold, whatever the file of figures says.

use crate::report::Figures;

/// The most instructions of a decision on a Cortex-M3 with 64 keys; a Cortex-M0
/// may take twice that.
const INSTRUCTIONS: [(&str, u64); 3] = [("fixed", 250), ("sliding", 350), ("moving", 400)];
/// The most flash that the first limiter adds to a firmware for Arm.
const FLASH: u64 = 1_500;
/// The most RAM of a key of 32 bits in a fixed window.
const SLOT: u64 = 16;

/// Tells which bars are missed.
pub(crate) fn misses(figures: &Figures) -> Vec<String> {
    let mut misses = Vec::new();
    for (name, bar) in INSTRUCTIONS {
        for (board, bar) in [("mps2-an385", bar), ("microbit", 2 * bar)] {
            misses.extend(slow(figures, board, name, bar));
        }
    }
    for (board, sizes) in &figures.one_limiter {
        let added = sizes["decision"]
            .flash
            .saturating_sub(sizes["baseline"].flash);
        if added > FLASH {
            misses.push(format!(
                "{board}: a limiter adds {added} bytes of flash, above {FLASH}"
            ));
        }
    }
    if let Some((slot, _)) = figures.bytes("fixed").filter(|(slot, _)| *slot > SLOT) {
        misses.push(format!("a key takes {slot} bytes of RAM, above {SLOT}"));
    }
    for (board, symbols) in &figures.forbidden {
        for symbol in symbols {
            misses.push(format!("{board}: `{symbol}` is in an image of decisions"));
        }
    }
    misses
}

fn slow(figures: &Figures, board: &'static str, name: &str, bar: u64) -> Option<String> {
    let Some(count) = figures.count(board, name, 64) else {
        return Some(format!("{board}: {name} was not counted"));
    };
    (count.worst > bar).then(|| {
        let (worst, worst_in) = (count.worst, &count.worst_in);
        format!("{board}: {name} takes {worst} instructions, above {bar}, in: {worst_in}")
    })
}
