use core::fmt;

use redis::{ErrorKind, ParsingError, RedisError};

use crate::error::{StorageError, StorageErrorKind};

/// Why a command has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    error: RedisError,
    step: Step,
    /// What was going on, and what to do about it, if that is known.
    about: String,
}

/// How far it got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// There was no connection.
    Connect,
    /// It failed.
    Command,
    /// It failed in a cluster, whose client goes where the nodes send it.
    ClusterCommand,
    /// The answer was none of the kind expected.
    Answer,
}

impl Failure {
    pub(super) fn of_connect(error: RedisError, source: impl fmt::Display) -> Self {
        Self {
            error,
            step: Step::Connect,
            about: format!("can't connect to {source}"),
        }
    }

    pub(super) fn of_command(error: RedisError, is_of_cluster: bool) -> Self {
        let step = if is_of_cluster {
            Step::ClusterCommand
        } else {
            Step::Command
        };
        Self {
            error: without_arguments(error),
            step,
            about: String::new(),
        }
    }

    pub(super) fn of_answer(error: ParsingError) -> Self {
        Self {
            error: error.into(),
            step: Step::Answer,
            about: String::new(),
        }
    }

    /// Tells whether another server may do what this one can't.
    pub(super) fn is_of_the_server(&self) -> bool {
        self.step == Step::Connect || self.kind() == StorageErrorKind::Unavailable
    }

    /// Tells that the script is to be sent in full.
    pub(super) fn is_unknown_script(&self) -> bool {
        code(&self.error) == "NOSCRIPT"
    }

    /// Says what is wrong with the keys, if they are. Their names may be secrets.
    pub(super) fn for_keys(mut self, keys: &[Vec<u8>]) -> Self {
        if self.kind() == StorageErrorKind::Corrupt {
            let which = match keys {
                [_] => "the key",
                _ => "one of the keys",
            };
            self.about = match code(&self.error) {
                "WRONGTYPE" => format!(
                    "{which} holds a value of another type: the fixed and the moving windows of \
                     one item share a key, so put one of them under another namespace or key \
                     prefix"
                ),
                _ => format!("{which} does not hold the state of a limit"),
            };
        }
        self
    }

    pub(super) fn into_storage_error(self, backend: &str) -> StorageError {
        StorageError::new(self.kind(), backend, self)
    }

    fn kind(&self) -> StorageErrorKind {
        use StorageErrorKind as Kind;
        let error = &self.error;
        match error.kind() {
            _ if error.is_timeout() => Kind::Timeout,
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported => Kind::Configuration,
            _ if self.step == Step::Connect => self.kind_of_connect(),
            _ if self.step == Step::Answer => Kind::Corrupt,
            _ => match code(error) {
                "NOAUTH" | "WRONGPASS" | "NOPERM" | "CROSSSLOT" => Kind::Configuration,
                "MOVED" | "ASK" if self.step == Step::Command => Kind::Configuration,
                "OOM" => Kind::Full,
                "WRONGTYPE" => Kind::Corrupt,
                "ERR" if self.is_about_the_command() => Kind::Configuration,
                "ERR" if self.is_about_the_value() => Kind::Corrupt,
                _ => Kind::Unavailable,
            },
        }
    }

    /// A cluster tells only the text of what its nodes said.
    fn kind_of_connect(&self) -> StorageErrorKind {
        const REFUSALS: [&str; 4] = ["AuthenticationFailed", "WRONGPASS", "NOAUTH", "NOPERM"];
        const OVERLOAD: &str = "max number of clients";
        let detail = self.error.detail().unwrap_or_default();
        let code = code(&self.error);
        let is_refused = |refusal: &&str| code == *refusal || detail.contains(refusal);
        let is_answer = code == "ERR" && !detail.contains(OVERLOAD);
        if is_answer || REFUSALS.iter().any(is_refused) {
            StorageErrorKind::Configuration
        } else if detail.contains("timed out") {
            StorageErrorKind::Timeout
        } else {
            StorageErrorKind::Unavailable
        }
    }

    /// The server has no such command, or forbids it: to the user of a script, or, without
    /// a word of the password, to one who gave none and sends many arguments.
    fn is_about_the_command(&self) -> bool {
        const FORBIDDEN: [&str; 3] = [
            "The user executing the script",
            "ACL failure in script",
            "Protocol error: unauthenticated",
        ];
        let detail = self.error.detail().unwrap_or_default();
        let is_unknown =
            detail.to_lowercase().starts_with("unknown ") && detail.contains(" command");
        is_unknown || FORBIDDEN.iter().any(|text| detail.contains(text))
    }

    /// A script stops in arithmetic, or a command in it, when it reads no number.
    fn is_about_the_value(&self) -> bool {
        let detail = self.error.detail();
        detail.is_some_and(|detail| detail.contains("user_script") && !detail.contains("killed"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever speaks another language may be quoted, which must forge no line of a log.
        let error = self.error.to_string().replace(char::is_control, " ");
        match self.about.as_str() {
            "" => f.write_str(&error),
            about => write!(f, "{about}: {error}"),
        }
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The message has the error's own in it already.
        self.error.source()
    }
}

/// Tells whether the server refused to write since it is a replica now.
pub(super) fn is_demotion(error: &RedisError) -> bool {
    code(error) == "READONLY"
}

/// An error without what a server quotes of a command that it does not know: keys are among
/// its arguments.
fn without_arguments(error: RedisError) -> RedisError {
    const ARGUMENTS: &str = ", with args beginning with";
    let detail = error
        .detail()
        .and_then(|detail| detail.split_once(ARGUMENTS));
    match detail {
        Some((detail, _)) => (error.kind(), "the server answered", detail.to_owned()).into(),
        None => error,
    }
}

/// Tells the code of a server's error. Redis before 7 tells that of a command
/// within the message of its script's.
fn code(error: &RedisError) -> &str {
    const NESTED: [&str; 5] = ["OOM", "READONLY", "WRONGTYPE", "NOPERM", "MISCONF"];
    let code = error.code().unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    let nested = NESTED.into_iter().find(|nested| detail.contains(nested));
    nested.filter(|_| code == "ERR").unwrap_or(code)
}
