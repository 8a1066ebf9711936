use std::sync::LazyLock;

use futures_util::FutureExt;
use redis::{Cmd, FromRedisValue, Value, from_redis_value};

use super::error::Failure;
use super::link::{Connection, Route};

/// A script that servers know by its SHA-1.
pub(super) struct Script {
    text: &'static str,
    sha1: String,
}

macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)+) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!($(include_str!(concat!("scripts/", $file))),+))
        });)+
    };
}

scripts! {
    INCR = "counter.lua" "fixed_window.lua" "incr.lua";
    GET = "counter.lua" "fixed_window.lua" "get.lua";
    ACQUIRE_ENTRY = "moving_window.lua" "acquire_entry.lua" "moving_reply.lua";
    GET_MOVING_WINDOW = "moving_window.lua" "moving_reply.lua";
    ACQUIRE_SLIDING_WINDOW_ENTRY =
        "counter.lua" "sliding_window.lua" "acquire_sliding_window_entry.lua";
    GET_SLIDING_WINDOW = "counter.lua" "sliding_window.lua" "get_sliding_window.lua";
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
        keys: &[&[u8]],
        arguments: &[i64],
    ) -> Result<T, Failure> {
        let call = self.call("EVALSHA", &self.sha1, keys, arguments);
        let answer = match connection.query(&call, Route::Keys).await {
            Err(failure) if failure.is_unknown_script() => {
                // Rare and large: on the heap it doesn't weigh on every call.
                self.run_in_full(connection, keys, arguments).boxed().await
            }
            answer => answer,
        };
        let answer = answer.and_then(|answer| from_redis_value(answer).map_err(Failure::of_answer));
        answer.map_err(|failure| failure.for_key(keys[0]))
    }

    /// With its text it runs on the server that owns the key, whichever that is by now.
    async fn run_in_full(
        &self,
        connection: &Connection,
        keys: &[&[u8]],
        arguments: &[i64],
    ) -> Result<Value, Failure> {
        let call = self.call("EVAL", self.text, keys, arguments);
        connection.query(&call, Route::Keys).await
    }

    fn call(&self, command: &str, script: &str, keys: &[&[u8]], arguments: &[i64]) -> Cmd {
        let mut call = Cmd::with_capacity(8, 256);
        call.arg(command).arg(script).arg(keys.len());
        call.arg(keys).arg(arguments);
        call
    }
}
