use core::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The longest name that servers take.
const LONGEST: usize = 250;

/// A name as servers take it: as it is, or its SHA-256 if it has a space, a control
/// character or one beyond ASCII in it, or is too long.
///
/// Clients of Python can't use such a name at all, so there is none to agree with.
pub(super) fn safe(name: &str) -> String {
    let is_safe = name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_safe && (1..=LONGEST).contains(&name.len()) {
        return name.to_owned();
    }
    let mut safe = "limits#".to_owned();
    for byte in Sha256::digest(name) {
        // Writing to a `String` never fails.
        let _ = write!(safe, "{byte:02x}");
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_take_stays() {
        for name in ["a", "LIMITER/user-42/10/1/minute", &"x".repeat(250)] {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn what_they_do_not_take_is_hashed() {
        let long = "x".repeat(251);
        let names = [
            "",
            "a b",
            "a\r\nset pwned 0 0 3\r\nyes",
            "a\0",
            "é",
            "\u{7f}",
            &long,
        ];
        let mut hashed: Vec<String> = names.iter().map(|name| safe(name)).collect();
        for name in &hashed {
            assert!(name.len() == 71 && name.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        hashed.sort();
        hashed.dedup();
        assert_eq!(hashed.len(), names.len());
    }
}
