//! Leases whose ids tell when they end, so that nobody has to ask.

use limits_core::{Micros, Timestamp};

use crate::random::random;

/// The id of a lease of ours: the second in which it ends, a tag, and a random number.
///
/// Ids that servers chose, as for Python `limits`, tell nothing; one in 65,536 looks like
/// ours by chance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Lease(i64);

const RANDOM_BITS: u32 = 15;
const TAG_BITS: u32 = 16;

/// What the bits between are in ours.
const TAG: i64 = 0x6c69;

/// The longest life that servers grant, in seconds: about 285 years.
const LONGEST: u64 = 9_000_000_000;

/// Hosts' clocks may be so many seconds apart before a lease ends sooner than its window.
const MARGIN: u64 = 2;

/// A lease is for as long again as the window needs it, at most for so many seconds more:
/// a window whose end moves with each hit is not given a new lease each time.
const LONGEST_RESERVE: u64 = 3_600;

impl Lease {
    /// Chooses the id of a lease for a window that is needed so long, and the seconds of
    /// its life.
    pub(super) fn choose(lives: Micros, now: Timestamp) -> (Self, i64) {
        let lives = seconds(lives);
        let ttl = (lives + MARGIN + lives.min(LONGEST_RESERVE) + MARGIN).min(LONGEST);
        let end = (now.since_epoch().as_secs() + ttl).min(u32::MAX.into());
        let random = i64::from(random() >> (u32::BITS - RANDOM_BITS));
        let end = i64::try_from(end).unwrap_or(i64::MAX) << (TAG_BITS + RANDOM_BITS);
        let id = Self(end | TAG << RANDOM_BITS | random);
        (id, i64::try_from(ttl).unwrap_or(i64::MAX))
    }

    /// The lease of an entry; `None` if it has none.
    pub(super) fn of(id: i64) -> Option<Self> {
        (id != 0).then_some(Self(id))
    }

    pub(super) const fn id(self) -> i64 {
        self.0
    }

    /// Whether it is known to last for a window that is needed so long.
    pub(super) fn lasts(self, lives: Micros, now: Timestamp) -> bool {
        let tag = self.0 >> RANDOM_BITS & ((1 << TAG_BITS) - 1);
        let end = u64::try_from(self.0 >> (TAG_BITS + RANDOM_BITS)).unwrap_or(0);
        let needed = now.since_epoch().as_secs() + seconds(lives) + MARGIN;
        let needed = needed.min(u32::MAX.into());
        tag == TAG && end >= needed
    }
}

const fn seconds(lives: Micros) -> u64 {
    lives.as_micros().div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW.saturating_add(Micros::from_secs(seconds))
    }

    #[test]
    fn a_lease_lasts_for_its_window_and_as_long_again() {
        let minute = Micros::from_secs(60);
        let (lease, ttl) = Lease::choose(minute, NOW);
        assert_eq!(ttl, 60 + 60 + 4);
        assert!(lease.lasts(minute, NOW));
        assert!(lease.lasts(minute, after(60)));
        assert!(!lease.lasts(minute, after(64)));
        assert!(lease.lasts(Micros::from_secs(1), after(119)));
    }

    #[test]
    fn a_long_lease_is_an_hour_longer_at_most() {
        let (lease, ttl) = Lease::choose(Micros::from_secs(86_400), NOW);
        assert_eq!(ttl, 86_400 + 3_600 + 4);
        assert!(lease.lasts(Micros::from_secs(86_400), after(3_600)));
    }

    #[test]
    fn nothing_is_longer_than_servers_grant() {
        let (lease, ttl) = Lease::choose(Micros::MAX, Timestamp::from_micros(u64::MAX));
        assert_eq!(ttl, 9_000_000_000);
        assert!(lease.lasts(Micros::MAX, Timestamp::from_micros(u64::MAX)));
        assert!(lease.id() > 0);
    }

    #[test]
    fn what_others_chose_tells_nothing() {
        for id in [1, 0x694d_9c5f_1a2b_3c04, i64::MAX] {
            let lease = Lease::of(id).expect("it is a lease");
            assert!(!lease.lasts(Micros::from_secs(1), NOW), "{id:x}");
        }
        assert_eq!(Lease::of(0), None);
    }
}
