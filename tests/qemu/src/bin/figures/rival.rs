//! Another limiter beside ours: what it costs where it builds, and where it doesn't.

use core::error::Error;
use std::path::Path;

use limits_qemu::{BOARDS, Board, Size, build_with, refused_crate};

use crate::PACKAGE;
use crate::counts::Count;
use crate::table::{Table, grouped};
use crate::texts;

const BOARD: &str = "mps2-an385";
/// The image's heap, of which the limiter uses little.
const HEAP: u64 = 1_024;

/// What was found of governor.
pub(crate) struct Rival {
    /// Of version 0.8.0, the last that builds for a Cortex-M3.
    count: Count,
    /// Its static variables.
    statics: u64,
    /// The crate that keeps the newest version from being built.
    refused: Option<String>,
}

impl Rival {
    /// Counts the version that builds, and tries to build the newest.
    pub(crate) fn measure(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let board: Board = BOARDS
            .into_iter()
            .find(|board| board.name() == BOARD)
            .ok_or("no Cortex-M3")?;
        let of_package = ["--package", PACKAGE];
        let old = [
            &of_package[..],
            &["--features", "governor", "--bin", "governor"],
        ]
        .concat();
        let newest = [&of_package[..], &["--features", "governor-newest", "--lib"]].concat();
        let images = build_with(folder, board, &old)?;
        let image = images.first().ok_or("no image of governor")?;
        Ok(Self {
            count: Count::of(&image.elf, board)?,
            statics: Size::of(&image.elf)?.ram.saturating_sub(HEAP),
            refused: refused_crate(folder, board, &newest)?,
        })
    }
}

pub(crate) fn table(rival: &Rival) -> Table {
    let count = &rival.count;
    let numbers = [
        count.min,
        count.mean,
        count.worst,
        count.bytes + rival.statics,
    ];
    let newest = match &rival.refused {
        Some(refused) => format!("does not build ({refused})"),
        None => "builds".to_owned(),
    };
    Table {
        title: "governor",
        text: texts::RIVAL.to_owned(),
        columns: ["version", "min", "mean", "worst", "RAM"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![
            ("0.8.0".to_owned(), numbers.map(grouped).to_vec()),
            (
                "0.10".to_owned(),
                [newest.as_str(), "", "", ""].map(str::to_owned).to_vec(),
            ),
        ],
        tolerance: 3,
    }
}
