use core::fmt;

use sha2::{Digest, Sha256};

/// A short form of a key that does not tell it: the first half of its SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hash([u8; 16]);

impl Hash {
    pub(super) fn of(key: &[u8]) -> Self {
        let digest = Sha256::digest(key);
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        Self(hash)
    }

    /// What tells a client's own partitions apart, and is not worth more bytes.
    pub(super) fn partition(&self) -> &[u8] {
        &self.0[..6]
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_first_half_of_sha_256() {
        // Of FIPS 180-2, appendix B.1.
        assert_eq!(
            Hash::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223"
        );
        assert_eq!(Hash::of(b"abc").partition(), b"\xba\x78\x16\xbf\x8f\x01");
    }
}
