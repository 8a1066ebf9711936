//! A child process that never outlives its owner or its time.

use core::time::Duration;
use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

const POLL: Duration = Duration::from_millis(2);
const CHUNK: usize = 4096;

/// A running program; dropping it kills it.
pub(crate) struct Process {
    child: Child,
    chunks: Receiver<Vec<u8>>,
    deadline: Instant,
}

/// A program did not end in time.
pub(crate) struct TimedOut;

impl Process {
    /// Starts `command`, which may take as long as `limit`.
    pub(crate) fn start(command: &mut Command, limit: Duration) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("the output is piped");
        Ok(Self {
            child,
            chunks: read_in_background(stdout),
            deadline: Instant::now() + limit,
        })
    }

    /// Waits for output; `None` when there will be no more.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>, TimedOut> {
        match self.chunks.recv_timeout(self.time_left()) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(TimedOut),
        }
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> io::Result<Result<ExitStatus, TimedOut>> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Ok(status));
            }
            if self.time_left().is_zero() {
                return Ok(Err(TimedOut));
            }
            thread::sleep(POLL);
        }
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_in_background(mut stdout: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, chunks) = channel();
    thread::spawn(move || {
        let mut buffer = [0; CHUNK];
        while let Ok(length @ 1..) = stdout.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    chunks
}
