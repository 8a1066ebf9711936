//! A storage as bytes: saved before a deep sleep, restored after the reset that ends it.

mod error;
mod key;
mod window;

pub use error::StateError;
pub use key::SavedKey;
pub use window::SavedWindow;

use embassy_sync::blocking_mutex::raw::RawMutex;

use super::key::hash_bytes;
use super::slots::Slots;
use super::{TableError, TableStorage, TableWindow};
use crate::time::{Micros, Timestamp};
use crate::window::{StateReader, StateWriter, WindowBytes};

/// The first byte of a state.
const VERSION: u8 = 2;

/// The header, all numbers little-endian: the version and the kind of window, a
/// byte each; the most bytes of a key in 2; the most bytes of a window in 4;
/// the number of slots in 4.
const LAYOUT_LEN: usize = 12;

/// After the header: how long the whole state is.
const LENGTH_LEN: usize = 4;

/// After the keys and their windows: the [`hash_bytes`] of all bytes before.
const CHECKSUM_LEN: usize = 4;

/// # Over a reset
///
/// A microcontroller that wakes from deep sleep by a reset has lost its memory,
/// and would have all its budgets anew. Save them where they are kept, such as
/// RTC memory:
///
/// ```
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
/// use limits_core::{
///     FixedWindow, FixedWindowRateLimiter, ManualClock, TableStorage, Micros, RateLimitItem,
///     Timestamp, poll_once,
/// };
///
/// type Budgets = TableStorage<NoopRawMutex, u8, FixedWindow, 4>;
/// const ITEM: RateLimitItem<'_> = RateLimitItem::per_hour(1);
///
/// let mut rtc_memory = [0; Budgets::STATE_LEN];
///
/// let budgets = Budgets::new();
/// let clock = ManualClock::new(Timestamp::from_secs(500));
/// let limiter = FixedWindowRateLimiter::with_clock(&budgets, clock);
/// let hit = poll_once(limiter.hit(&ITEM, 7_u8, 1)).expect("memory never waits")?;
/// assert!(hit.allowed());
/// budgets.save(Timestamp::from_secs(500), &mut rtc_memory)?;
///
/// // A deep sleep, of at least 20 minutes, from which the clock starts at 0.
/// let budgets = Budgets::new();
/// let slept = Micros::from_secs(20 * 60);
/// if budgets.restore(&rtc_memory, Timestamp::ZERO, slept).is_err() {
///     // Power was lost, or the firmware is another one: start anew, or wait an hour.
/// }
/// let limiter = FixedWindowRateLimiter::with_clock(&budgets, ManualClock::default());
/// let hit = poll_once(limiter.hit(&ITEM, 7_u8, 1)).expect("memory never waits")?;
/// assert!(!hit.allowed());
/// assert_eq!(hit.retry_after().map(|wait| wait.as_secs()), Some(40 * 60));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Restore before the first hit. Bytes that were saved and not overwritten are
/// restored as often as you ask: if the next reset may come without a save,
/// change their first byte once they are restored, or the hits since are forgotten.
impl<M: RawMutex, K: SavedKey, W: SavedWindow, const N: usize> TableStorage<M, K, W, N> {
    /// The bytes that the largest state takes: 20, and for every slot the key and the window.
    ///
    /// The window is 13 bytes if fixed, 18 if sliding, 34 if a bucket, `9 * L + 3` with a
    /// [`FixedLog<L>`](super::FixedLog) and `5 * B + 21` if an
    /// [`AirtimeWindow<B>`](crate::AirtimeWindow). The key is as many as it has,
    /// and 16 more with its limit, and a text 2 more than its room. Most states are
    /// smaller, since small counts are.
    pub const STATE_LEN: usize = {
        assert!(
            K::LEN <= u16::MAX as usize,
            "a key that can be saved takes 65,535 bytes at most"
        );
        LAYOUT_LEN + LENGTH_LEN + N * (K::LEN + W::LEN) + CHECKSUM_LEN
    };

    /// Writes the windows that are not over to the front of `buffer` and tells how far it wrote.
    ///
    /// A buffer of [`STATE_LEN`](Self::STATE_LEN) has always room; a fuller one
    /// than needed may be kept whole, since the state knows its length. What an
    /// error or a reset in the middle leaves in the buffer fails the checksum.
    ///
    /// O(N), and all of it but the checksum under the mutex.
    ///
    /// # Errors
    ///
    /// The buffer is too small, or a key called its own storage.
    pub fn save<'b>(&self, now: Timestamp, buffer: &'b mut [u8]) -> Result<&'b [u8], StateError> {
        let mut to = StateWriter::new(buffer, now);
        // No version of a state until it is whole.
        to.put(&[0; LAYOUT_LEN + LENGTH_LEN])
            .ok_or(StateError::BufferTooSmall)?;
        self.with_slots(|table| Ok(write(table, &mut to)))
            .map_err(|_| StateError::InUse)?
            .and_then(|()| seal(Self::layout(), to))
            .ok_or(StateError::BufferTooSmall)
    }

    /// Replaces what the storage holds by what was saved, `slept` after it was.
    ///
    /// `now` is by the clock from here on, which may have started at 0 again.
    /// `slept` is how long it is surely since the save, and what ended in that
    /// time is not restored; with [`Micros::ZERO`], if nobody knows, everything
    /// is refused for as long as it would have been right after the save. Too
    /// long a span admits too much.
    ///
    /// Bytes after the state don't matter. Any bytes are safe to try, and
    /// nothing has changed on an error. The checksum is against memory that
    /// lost power and bytes that were cut, not against an attacker, who can
    /// write any counters; what those do then is what such counters do.
    ///
    /// O(N), half of it under the mutex: the bytes are all checked before. One
    /// window at a time is on the stack. Of a key that is there twice, which
    /// no save writes, the last window counts.
    ///
    /// # Errors
    ///
    /// It is no state of this storage, units of the storage are reserved, or a key
    /// called its own storage.
    pub fn restore(&self, bytes: &[u8], now: Timestamp, slept: Micros) -> Result<(), StateError> {
        let windows = open(Self::layout(), bytes)?;
        let from = StateReader::new(windows, now, slept);
        check::<K, W, N>(from.clone()).ok_or(StateError::Corrupt)?;
        self.with_slots(|table| {
            if table.is_reserved() {
                return Err(TableError::InUse);
            }
            Ok(replace(table, from))
        })
        .map_err(|_| StateError::InUse)?
        .ok_or(StateError::Corrupt)
    }

    fn layout() -> [u8; LAYOUT_LEN] {
        let [k, l] = u16::try_from(K::LEN).unwrap_or(u16::MAX).to_le_bytes();
        let [a, b, c, d] = number(W::LEN);
        let [e, f, g, h] = number(N);
        [VERSION, W::KIND, k, l, a, b, c, d, e, f, g, h]
    }
}

fn write<K: SavedKey, W: SavedWindow, const N: usize>(
    table: &Slots<K, W, N>,
    to: &mut StateWriter<'_>,
) -> Option<()> {
    for (key, state) in table.live(to.now()) {
        key.save(to)?;
        <W as TableWindow>::read(state, |window| window.write(to))?;
    }
    Some(())
}

/// Finishes a state: its header, and its checksum last.
fn seal<'b>(layout: [u8; LAYOUT_LEN], mut to: StateWriter<'b>) -> Option<&'b [u8]> {
    let end = to.len();
    to.put(&[0; CHECKSUM_LEN])?;
    let length = number(to.len());
    let state = to.into_written();
    let (content, checksum) = state.split_at_mut_checked(end)?;
    let (header, rest) = content.split_first_chunk_mut::<LAYOUT_LEN>()?;
    *header = layout;
    *rest.first_chunk_mut()? = length;
    *checksum.first_chunk_mut()? = hash_bytes(content).to_le_bytes();
    Some(state)
}

/// Finds the keys and windows of a state that is whole and of this layout.
fn open(layout: [u8; LAYOUT_LEN], bytes: &[u8]) -> Result<&[u8], StateError> {
    let (header, rest) = bytes.split_first_chunk().ok_or(StateError::Corrupt)?;
    let header: &[u8; LAYOUT_LEN] = header;
    if header.first() != Some(&VERSION) {
        return Err(StateError::Version);
    }
    let content = content(bytes, rest).ok_or(StateError::Corrupt)?;
    if *header != layout {
        return Err(StateError::Layout);
    }
    content
        .get(LAYOUT_LEN + LENGTH_LEN..)
        .ok_or(StateError::Corrupt)
}

/// Tells the bytes of a state but its checksum, `None` if they don't agree with it.
fn content<'b>(bytes: &'b [u8], after_layout: &[u8]) -> Option<&'b [u8]> {
    let length = u32::from_le_bytes(*after_layout.first_chunk()?);
    let state = bytes.get(..usize::try_from(length).ok()?)?;
    let (content, checksum) = state.split_last_chunk()?;
    (hash_bytes(content) == u32::from_le_bytes(*checksum)).then_some(content)
}

/// Finds out whether there are just keys and windows, in the order of the
/// table and no more of a set than it has slots: so each will find one.
fn check<K: SavedKey, W: SavedWindow, const N: usize>(mut from: StateReader<'_>) -> Option<()> {
    let (mut set, mut free) = (0, Slots::<K, W, N>::WAYS);
    while !from.is_empty() {
        let (key, _) = entry::<K, W>(&mut from)?;
        let (first, end) = Slots::<K, W, N>::set(&key);
        if first > set {
            (set, free) = (first, end - first);
        } else if first < set {
            return None;
        }
        free = free.checked_sub(1)?;
    }
    Some(())
}

/// Puts every window where its key finds it: not where it was, since in the
/// slots before it there may be keys no more.
fn replace<K: SavedKey, W: SavedWindow, const N: usize>(
    table: &mut Slots<K, W, N>,
    mut from: StateReader<'_>,
) -> Option<()> {
    table.reset();
    while !from.is_empty() {
        let (key, window) = entry::<K, W>(&mut from)?;
        if !window.is_over(from.now()) {
            // The limit, and so the period, is not known before the next hit.
            let state = table.slot(key, Micros::MAX, from.now())?;
            W::update(state, |kept| *kept = window);
        }
    }
    Some(())
}

fn entry<K: SavedKey, W: SavedWindow>(from: &mut StateReader<'_>) -> Option<(K, W)> {
    Some((K::restore(from)?, <W as WindowBytes>::read(from)?))
}

fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{Fixed, FixedWindow};
    use crate::{Ask, Keeps, Limit, RateLimitItem, poll_once};
    use embassy_sync::blocking_mutex::raw::NoopRawMutex;

    type Storage = TableStorage<NoopRawMutex, u16, FixedWindow, 3>;

    const AT: Timestamp = Timestamp::from_secs(50);

    /// The state of a storage in which key 0x0201 has 5 units for 256 microseconds.
    #[rustfmt::skip]
    const STATE: [u8; 31] = [
        2, // version
        1, // fixed windows
        2, 0, // bytes of a key
        13, 0, 0, 0, // most bytes of a window
        3, 0, 0, 0, // slots
        31, 0, 0, 0, // bytes of this state
        1, 2, // key
        5, // units
        0, 1, 0, 0, 0, 0, 0, 0, // microseconds to the end
        76, 88, 227, 85, // checksum
    ];

    fn storage() -> Storage {
        let storage = Storage::new();
        let item = RateLimitItem::per_second(9);
        let limit = Limit::new(9, Micros::from_micros(256));
        let ask = Ask::of_key(Fixed, item.key_for(0x0201_u16), limit, 5);
        let hit = poll_once(storage.acquire(ask, AT));
        assert!(hit.is_some_and(|hit| hit.is_ok_and(|hit| hit.allowed())));
        storage
    }

    fn restored(bytes: &[u8]) -> Result<(), StateError> {
        Storage::new().restore(bytes, Timestamp::ZERO, Micros::ZERO)
    }

    /// A state with a checksum that is right, whatever the bytes.
    fn with_checksum(mut state: [u8; 31]) -> [u8; 31] {
        let checksum = hash_bytes(&state[..27]).to_le_bytes();
        state[27..].copy_from_slice(&checksum);
        state
    }

    #[test]
    fn version_2_has_this_layout() {
        let mut buffer = [0; Storage::STATE_LEN];
        assert_eq!(storage().save(AT, &mut buffer), Ok(&STATE[..]));
        assert_eq!(restored(&STATE), Ok(()));
    }

    #[test]
    fn the_largest_state_is_20_bytes_and_all_slots() {
        assert_eq!(Storage::STATE_LEN, 20 + 3 * (2 + 13));
    }

    #[test]
    fn bytes_after_a_state_do_not_matter() {
        let mut buffer = [0xA5; Storage::STATE_LEN];
        buffer[..STATE.len()].copy_from_slice(&STATE);
        assert_eq!(restored(&buffer), Ok(()));
    }

    #[test]
    fn each_field_of_the_layout_must_agree() {
        for place in 1..LAYOUT_LEN {
            let mut state = STATE;
            state[place] ^= 1;
            let error = restored(&with_checksum(state));
            assert_eq!(error, Err(StateError::Layout), "byte {place}");
        }
    }

    #[test]
    fn any_other_version_is_refused() {
        for version in (0..=u8::MAX).filter(|version| *version != VERSION) {
            let mut state = STATE;
            state[0] = version;
            let error = restored(&with_checksum(state));
            assert_eq!(error, Err(StateError::Version), "version {version}");
        }
    }

    /// Tells what comes of a state that says it has so many bytes, with a checksum that is right.
    fn restored_as(length: u8) -> Result<(), StateError> {
        let mut state = STATE;
        state[12] = length;
        let content = usize::from(length).saturating_sub(4);
        let checksum = hash_bytes(&state[..content]).to_le_bytes();
        state[content..content + 4].copy_from_slice(&checksum);
        restored(&state)
    }

    #[test]
    fn a_state_has_whole_windows() {
        assert_eq!(restored_as(20), Ok(()), "none");
        for length in 21..31 {
            let error = restored_as(length);
            assert_eq!(error, Err(StateError::Corrupt), "length {length}");
        }
        assert_eq!(restored_as(31), Ok(()), "one");
    }

    #[test]
    fn a_state_has_a_header() {
        assert_eq!(restored(&[]), Err(StateError::Corrupt));
        for length in 0..20 {
            assert!(restored_as(length).is_err(), "length {length}");
        }
    }

    #[test]
    fn what_an_error_leaves_in_the_buffer_is_not_restored() {
        for room in 0..STATE.len() {
            let mut buffer = STATE;
            let error = storage().save(AT, &mut buffer[..room]);
            assert_eq!(error, Err(StateError::BufferTooSmall));
            let left = restored(&buffer[..room]);
            assert!(left.is_err(), "room {room}: {left:?}");
        }
    }
}
