//! Tests that run on the board, as `embedded-test` puts them into an ELF file.
//!
//! Each test is a symbol of the section `.embedded_test`: its name is JSON, its
//! content the address of the function and the text of its module path. The
//! firmware runs the function whose address is on its command line.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol};
use serde::Deserialize;

use crate::{Board, Error, run};

/// The exit code of a firmware that panicked.
const PANICKED: i32 = 101;

const SECTION: &str = ".embedded_test";
const LIMIT: Duration = Duration::from_secs(120);

/// A test that runs on the board.
#[derive(Clone, Debug)]
pub struct TestCase {
    elf: PathBuf,
    name: String,
    function: u32,
    options: Options,
}

#[derive(Clone, Debug, Deserialize)]
struct Options {
    name: String,
    ignored: bool,
    should_panic: bool,
    timeout: Option<u64>,
}

/// Lists the tests in an ELF file; `None` if it is a program without any.
///
/// # Errors
///
/// If the file cannot be read or is not what `embedded-test` makes.
pub fn tests_in(elf: &Path) -> Result<Option<Vec<TestCase>>, Error> {
    let bytes = fs::read(elf).map_err(Error::io(elf.display().to_string()))?;
    read_tests(elf, &bytes).map_err(|error| Error::Elf {
        path: elf.to_owned(),
        problem: error.to_string(),
    })
}

impl TestCase {
    /// Tells the path of the function, such as `platform::tests::a_day_passes`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells if the test runs only on demand.
    #[must_use]
    pub const fn is_ignored(&self) -> bool {
        self.options.ignored
    }

    /// Runs the test on a board that has just been switched on.
    ///
    /// # Errors
    ///
    /// The report of a test that failed, or why it could not run.
    pub fn run(&self, board: Board) -> Result<(), String> {
        let limit = self.options.timeout.map_or(LIMIT, Duration::from_secs);
        let arguments = ["run_addr", &self.function.to_string()];
        let run = run(&self.elf, board, &arguments, limit, |_| ()).map_err(|e| e.to_string())?;
        let code = run.code.ok_or("QEMU was killed")?;
        let expected = if self.options.should_panic {
            PANICKED
        } else {
            0
        };
        if code == expected {
            return Ok(());
        }
        let text = run.text();
        Err(format!(
            "exit code {code}, not {expected}, on {board}:\n{text}"
        ))
    }
}

fn read_tests(elf: &Path, bytes: &[u8]) -> object::read::Result<Option<Vec<TestCase>>> {
    let file: ElfFile32<'_> = ElfFile32::parse(bytes)?;
    let Some(section) = file.section_by_name(SECTION) else {
        return Ok(None);
    };
    let mut tests = Vec::new();
    for symbol in file.symbols() {
        let Ok(options) = serde_json::from_str::<Options>(symbol.name()?) else {
            continue;
        };
        let [function, module, length] = words(&section, symbol.address())?;
        let module = text(&file, module, length)?;
        tests.push(TestCase {
            elf: elf.to_owned(),
            name: format!("{module}::{}", options.name),
            function,
            options,
        });
    }
    tests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Some(tests))
}

fn words<'data>(
    section: &impl ObjectSection<'data>,
    address: u64,
) -> object::read::Result<[u32; 3]> {
    let data = section.data_range(address, 12)?.unwrap_or_default();
    let mut words = [0; 3];
    for (word, bytes) in words.iter_mut().zip(data.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().expect("a chunk has four bytes"));
    }
    Ok(words)
}

fn text<'data>(
    file: &impl Object<'data>,
    address: u32,
    length: u32,
) -> object::read::Result<String> {
    for section in file.sections() {
        if let Some(data) = section.data_range(address.into(), length.into())? {
            return Ok(String::from_utf8_lossy(data).into_owned());
        }
    }
    Ok(String::new())
}
