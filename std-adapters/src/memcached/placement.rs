use core::str::FromStr;
use std::io::Cursor;

use md5::{Digest, Md5};
use murmur3::murmur3_32;

/// How keys are put on several servers: each client of Python has a way of its own, and
/// whoever shares counters with it must go by that.
///
/// Both are rendezvous hashing: a key is on the server of the highest score. Without a
/// server, its keys are not elsewhere: calls for them fail.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Placement {
    /// That of `memcachio`, which `async+memcached://` uses in Python `limits` 5.8: MD5.
    #[default]
    Memcachio,
    /// That of `pymemcache`, which `memcached://` uses there: `MurmurHash3` of 32 bits.
    Pymemcache,
}

impl Placement {
    /// Which of the servers a key is on; their ports tell two of one host apart.
    pub(super) fn server(self, servers: &[(String, u16)], key: &str) -> usize {
        let scores = servers.iter().map(|server| self.score(server, key));
        // Of equal scores the first one counts, as there.
        let best = (0..)
            .zip(scores)
            .max_by(|(number, score), (other, best)| score.cmp(best).then(other.cmp(number)));
        best.map_or(0, |(number, _)| number)
    }

    fn score(self, (host, port): &(String, u16), key: &str) -> u128 {
        match self {
            Self::Memcachio => {
                let text = format!("TCPEndpoint(host='{host}', port={port}):{key}");
                u128::from_be_bytes(Md5::digest(text).into())
            }
            Self::Pymemcache => {
                let text = format!("{host}:{port}-{key}");
                // Reading from memory never fails.
                murmur3_32(&mut Cursor::new(text), 0)
                    .unwrap_or_default()
                    .into()
            }
        }
    }
}

impl FromStr for Placement {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "memcachio" => Ok(Self::Memcachio),
            "pymemcache" => Ok(Self::Pymemcache),
            _ => Err(()),
        }
    }
}
