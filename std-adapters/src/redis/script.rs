use std::sync::LazyLock;

use futures_util::FutureExt;
use redis::{Cmd, FromRedisValue, RedisWrite, ToRedisArgs, Value, from_redis_value};

use super::error::Failure;
use super::link::{Connection, Route};

/// A script that servers know by its SHA-1.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    sha1: String,
}

/// What servers do with a window of one kind.
#[derive(Debug)]
pub struct Scripts {
    pub(super) acquire: Script,
    pub(super) peek: Script,
    /// Settles a charge, or puts another window in the place of one that was read.
    pub(super) settle: Script,
}

macro_rules! text {
    ($($file:literal)+) => { concat!($(include_str!(concat!("scripts/", $file))),+) };
}

macro_rules! scripts {
    ($($kind:ident = $($file:literal)+, settle = $($settle:literal)+;)+) => {
        $(pub(super) static $kind: LazyLock<Scripts> = LazyLock::new(|| Scripts {
            acquire: Script::new(text!("window.lua" $($file)+ "acquire.lua")),
            peek: Script::new(text!("window.lua" $($file)+ "peek.lua")),
            settle: Script::new(text!("window.lua" $($file)+ $($settle)+)),
        });)+
    };
}

scripts! {
    FIXED = "counter.lua" "fixed.lua", settle = "correct.lua" "settle_fixed.lua";
    SLIDING = "counter.lua" "sliding.lua", settle = "correct.lua" "settle_sliding.lua";
    MOVING = "moving.lua", settle = "settle_moving.lua";
    GCRA = "gcra.lua", settle = "swap_gcra.lua";
}

macro_rules! every_kind {
    ($($tail:literal)+) => {
        LazyLock::new(|| Script::new(text!(
            "window.lua" "counter.lua" "fixed.lua" "sliding.lua" "moving.lua" "gcra.lua"
            $($tail)+
        )))
    };
}

/// The scripts on several windows, of any kinds.
pub(super) static ACQUIRE_ALL: LazyLock<Script> = every_kind!("asks.lua" "acquire_all.lua");
pub(super) static PEEK_ALL: LazyLock<Script> = every_kind!("asks.lua" "peek_all.lua");

/// What a script is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Argument {
    /// The name of a kind.
    Kind(&'static str),
    /// A number.
    Number(i64),
}

impl From<u64> for Argument {
    /// What scripts are told is not above 2^53.
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl ToRedisArgs for Argument {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        match self {
            Self::Kind(name) => name.write_redis_args(out),
            Self::Number(number) => number.write_redis_args(out),
        }
    }
}

impl Script {
    fn new(text: &'static str) -> Self {
        let sha1 = sha1_smol::Sha1::from(text).digest().to_string();
        Self { text, sha1 }
    }

    /// Runs the script: one round trip, or two on a server that doesn't know it yet.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &Connection,
        keys: &[Vec<u8>],
        arguments: &[Argument],
    ) -> Result<T, Failure> {
        let call = self.call("EVALSHA", &self.sha1, keys, arguments);
        let answer = match connection.query(&call, Route::Keys).await {
            Err(failure) if failure.is_unknown_script() => {
                // Rare and large: on the heap it doesn't weigh on every call.
                self.run_in_full(connection, keys, arguments).boxed().await
            }
            answer => answer,
        };
        answer.and_then(|answer| from_redis_value(answer).map_err(Failure::of_answer))
    }

    /// With its text it runs on the server that owns the key, whichever that is by now.
    async fn run_in_full(
        &self,
        connection: &Connection,
        keys: &[Vec<u8>],
        arguments: &[Argument],
    ) -> Result<Value, Failure> {
        let call = self.call("EVAL", self.text, keys, arguments);
        connection.query(&call, Route::Keys).await
    }

    fn call(&self, command: &str, script: &str, keys: &[Vec<u8>], arguments: &[Argument]) -> Cmd {
        let mut call = Cmd::with_capacity(3 + keys.len() + arguments.len(), 256);
        call.arg(command).arg(script).arg(keys.len());
        call.arg(keys).arg(arguments);
        call
    }
}
