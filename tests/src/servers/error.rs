use core::fmt;
use core::time::Duration;
use std::io;

/// Why a server could not be started, asked or changed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("no {program}; install it with: apt-get install {packages}")]
    NoProgram {
        /// The program that was looked for.
        program: String,
        /// The Debian packages that have it.
        packages: &'static str,
    },
    /// There is no MongoDB server, of which Debian has no package.
    #[error("no mongod; install it and name it with: export MONGOD=$(tests/mongod)")]
    NoMongod,
    /// A server ended as soon as it was started.
    #[error("{program} ended at its start; its log ends with:\n{log}")]
    Ended {
        /// The server's program.
        program: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// A server does not do what was waited for.
    #[error("waited {limit:?} in vain until {until}; last seen:\n{seen}")]
    TimedOut {
        /// What was waited for.
        until: String,
        /// How long.
        limit: Duration,
        /// The last answer, or the last lines of the log.
        seen: String,
    },
    /// A command was refused, or could not be sent.
    #[error("{command}: {answer}")]
    Command {
        /// The command.
        command: String,
        /// What the program said.
        answer: String,
    },
    /// No node has the role asked for.
    #[error("no {role} among the running nodes")]
    NoNode {
        /// The role.
        role: String,
    },
    /// No certificate could be made.
    #[error("certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// A file, a port or a process could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was used.
        what: String,
        /// Why it could not be.
        source: io::Error,
    },
}

// Tests `expect` and return errors, which print them by `Debug`: logs need their line breaks.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn no_node(role: impl Into<String>) -> Self {
        Self::NoNode { role: role.into() }
    }
}
