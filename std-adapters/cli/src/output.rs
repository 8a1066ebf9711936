//! Answers on stdout.

use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;

/// Writes all of `bytes` at once and flushes; says `false` if the reader has gone.
pub(crate) fn write(bytes: &[u8]) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            let reason = format!("can't write the answer: {error}");
            Err(Failure::Io(io::Error::new(error.kind(), reason)))
        }
    }
}

/// Writes a line, as [`write`] does.
pub(crate) fn write_line(line: &str) -> Result<bool, Failure> {
    write(format!("{line}\n").as_bytes())
}
