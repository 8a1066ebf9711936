use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::built;

/// An example of the crate limits that serves; dropping it kills it.
#[derive(Debug)]
pub struct Example {
    child: Child,
    address: String,
}

impl Example {
    /// Builds an example of the crate limits, with all features: the path of its program.
    ///
    /// # Panics
    ///
    /// If it can't be built.
    #[must_use]
    pub fn program(name: &str) -> PathBuf {
        // With the features that the tests are built with, else all would be built anew.
        built(&["--workspace", "--all-features", "--example", name])
    }

    /// Starts an example on a free port, and waits until it says where it listens.
    ///
    /// # Panics
    ///
    /// If it can't be run, or says something else.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(Self::program(name))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example can be run");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let line = BufReader::new(stdout).lines().next();
        let line = line.expect("it says where it listens").expect("text");
        let address = line.strip_prefix("listening on ").expect("an address");
        Self {
            child,
            address: address.to_owned(),
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs an example to its end: what it writes.
    ///
    /// # Panics
    ///
    /// If it can't be run, or fails.
    #[must_use]
    pub fn output(name: &str, arguments: &[&str]) -> String {
        let output = Command::new(Self::program(name)).args(arguments).output();
        let output = output.expect("the example can be run");
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8(output.stdout).expect("it writes text")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
