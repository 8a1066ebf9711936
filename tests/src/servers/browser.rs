use tempfile::TempDir;

use super::Error;
use super::process::Process;
use super::program::Program;

const CHROMIUM: Program = Program {
    name: "chromium",
    packages: "chromium",
};

/// A browser without a window that shows one page; dropping it kills it.
///
/// It has a profile of its own and no sandbox, which root can't have.
#[derive(Debug)]
pub struct Browser {
    process: Process,
}

impl Browser {
    /// Starts it on a page, and does not wait until that is there.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] if it is not installed.
    pub fn open(page: &str) -> Result<Self, Error> {
        let folder = TempDir::new().map_err(Error::io("a temporary folder"))?;
        let profile = format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        );
        let options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            &profile,
            page,
        ];
        let process = Process::start(CHROMIUM, &options.map(str::to_owned), folder)?;
        Ok(Self { process })
    }

    /// The last lines of what it wrote.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}
