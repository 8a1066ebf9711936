//! The meta commands: what is sent, and how replies are read.

use std::io;

use limits_core::Micros;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest line of a reply; a value comes after one.
const LONGEST_LINE: u64 = 1_024;

/// The largest value: servers hold none of more than 1 GiB.
const LARGEST_VALUE: usize = 1 << 30;

/// Times of life up to this are spans, and longer ones instants (memcached's
/// `REALTIME_MAXDELTA`).
const LONGEST_SPAN: u64 = 30 * 24 * 60 * 60;

/// The last instant that servers know, in Unix time; what lives longer is without end.
const LAST_INSTANT: u64 = (1 << 31) - 1;

/// One command, which has one reply.
#[derive(Debug)]
pub(super) struct Command(pub(super) Vec<u8>);

/// One reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reply {
    /// An item: its value, flags, version, and what is left of its life in seconds.
    Value(Item),
    /// There is no such item.
    Missing,
    /// Done.
    Done,
    /// Not done: the item is of another version, or is there or not.
    Refused,
    /// The server's words.
    Error(String),
}

/// An item as a server has it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) value: Vec<u8>,
    pub(super) flags: u32,
    pub(super) version: u64,
    /// `None` for an item without end.
    pub(super) left: Option<u64>,
}

impl Command {
    pub(super) fn get(name: &str) -> Self {
        Self(format!("mg {name} v f c t\r\n").into_bytes())
    }

    /// Writes an item if it is of a version, or if there is none.
    pub(super) fn swap(
        name: &str,
        version: Option<u64>,
        flags: u32,
        value: &[u8],
        life: u64,
    ) -> Self {
        let condition = match version {
            Some(version) => format!("C{version}"),
            None => "ME".to_owned(),
        };
        Self::store(name, &format!("{condition} F{flags} T{life}"), value)
    }

    pub(super) fn set(name: &str, value: &[u8], life: u64) -> Self {
        Self::store(name, &format!("T{life}"), value)
    }

    fn store(name: &str, flags: &str, value: &[u8]) -> Self {
        let head = format!("ms {name} {} {flags}\r\n", value.len());
        Self([head.as_bytes(), value, b"\r\n"].concat())
    }

    pub(super) fn delete(name: &str) -> Self {
        Self(format!("md {name}\r\n").into_bytes())
    }

    /// Has no effect but its reply.
    pub(super) fn nothing() -> Self {
        Self(b"mn\r\n".to_vec())
    }

    /// Authenticates the connection: a write of any name, as servers with a file of users
    /// (`memcached -Y`) take it.
    pub(super) fn log_in(username: &str, password: &str) -> Self {
        let value = format!("{username} {password}");
        Self(format!("set auth 0 0 {}\r\n{value}\r\n", value.len()).into_bytes())
    }
}

/// When an item of `lives` may be forgotten, for a server whose wall time is about
/// `now` seconds: 0 is never.
///
/// A second more than that: a server's clock goes in seconds, and a span that begins
/// within one ends before its time.
pub(super) fn time_of_life(lives: Micros, now: u64) -> u64 {
    let seconds = lives.as_micros().div_ceil(1_000_000).saturating_add(1);
    let ends_at = now.saturating_add(seconds);
    if seconds <= LONGEST_SPAN {
        seconds
    } else if ends_at <= LAST_INSTANT {
        ends_at
    } else {
        0
    }
}

/// Reads one reply. An error is one of the connection, of which no reply can be read any more.
pub(super) async fn read<R: AsyncBufRead + Unpin>(from: &mut R) -> io::Result<Reply> {
    let mut line = Vec::new();
    (&mut *from)
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
        .await?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.strip_suffix(b"\r\n").ok_or_else(garbled)?;
    let line = str::from_utf8(line).map_err(|_| garbled())?;
    let (code, rest) = line.split_once(' ').unwrap_or((line, ""));
    Ok(match code {
        "VA" => Reply::Value(read_item(rest, from).await?),
        "EN" => Reply::Missing,
        "HD" | "MN" | "STORED" => Reply::Done,
        "NS" | "EX" | "NF" => Reply::Refused,
        "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR" => Reply::Error(line.to_owned()),
        _ => return Err(garbled()),
    })
}

async fn read_item<R: AsyncBufRead + Unpin>(head: &str, from: &mut R) -> io::Result<Item> {
    let mut words = head.split_ascii_whitespace();
    let len = words.next().and_then(|len| len.parse().ok());
    let len = len
        .filter(|len| *len <= LARGEST_VALUE)
        .ok_or_else(garbled)?;
    let mut item = Item::default();
    for word in words {
        let (flag, value) = word.split_at_checked(1).ok_or_else(garbled)?;
        match flag {
            "f" => item.flags = value.parse().map_err(|_| garbled())?,
            "c" => item.version = value.parse().map_err(|_| garbled())?,
            "t" => item.left = value.parse().ok(),
            _ => {}
        }
    }
    item.value = vec![0; len];
    from.read_exact(&mut item.value).await?;
    let mut end = [0; 2];
    from.read_exact(&mut end).await?;
    if end == *b"\r\n" {
        Ok(item)
    } else {
        Err(garbled())
    }
}

fn garbled() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the server does not speak memcached's protocol",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::poll_once;

    fn reply(mut bytes: &[u8]) -> io::Result<Reply> {
        poll_once(read(&mut bytes)).expect("memory never waits")
    }

    #[test]
    fn replies_are_read() {
        let item = Item {
            value: b"a\r\nb".to_vec(),
            flags: 7,
            version: 9,
            left: Some(5),
        };
        let bytes = b"VA 4 f7 c9 t5\r\na\r\nb\r\n";
        assert_eq!(reply(bytes).ok(), Some(Reply::Value(item)));
        assert_eq!(reply(b"HD\r\n").ok(), Some(Reply::Done));
        assert_eq!(reply(b"EX \r\n").ok(), Some(Reply::Refused));
        assert_eq!(reply(b"EN\r\n").ok(), Some(Reply::Missing));
        let error = "SERVER_ERROR object too large for cache";
        let bytes = format!("{error}\r\n");
        assert_eq!(
            reply(bytes.as_bytes()).ok(),
            Some(Reply::Error(error.to_owned()))
        );
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        let long = [b'x'; 2_000];
        let wrong: [&[u8]; 8] = [
            b"",
            b"HD",
            b"-ERR unknown command\r\n",
            b"VA\r\n",
            b"VA x\r\n",
            b"VA 3\r\nab",
            b"VA 1\r\nabc\r\n",
            &long,
        ];
        for bytes in wrong {
            assert!(reply(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn lives_of_more_than_a_month_are_instants() {
        let seconds = |seconds| time_of_life(Micros::from_secs(seconds), 1_800_000_000);
        assert_eq!(seconds(60), 61);
        assert_eq!(time_of_life(Micros::from_millis(1_500), 0), 3);
        assert_eq!(seconds(LONGEST_SPAN - 1), LONGEST_SPAN);
        assert_eq!(seconds(LONGEST_SPAN), 1_800_000_001 + LONGEST_SPAN);
        assert_eq!(seconds(300_000_000), 2_100_000_001);
        assert_eq!(seconds(400_000_000), 0);
        assert_eq!(time_of_life(Micros::MAX, 1_800_000_000), 0);
    }
}
