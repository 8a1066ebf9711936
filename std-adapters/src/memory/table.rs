use core::iter::repeat_with;
use core::mem::take;

use ecow::EcoString;
use limits_core::window::Window;
use limits_core::{Micros, Timestamp};

use super::text::Form;

/// The fewest places of a table that holds keys.
const PLACES: usize = 8;

/// A sweep looks at so many places for expired keys.
const SWEEP: usize = 32;

/// What a write adds to the debt of a table, and when a sweep pays it: a new key
/// brings a look at four places, so that expired keys go faster than new ones
/// come, and a known key a look at a quarter of a place.
const NEW_KEY: u8 = 16;
const KNOWN_KEY: u8 = 1;
const PAYMENT: u8 = 128;

/// A hash table with linear probing, in which a place whose window is over is free.
///
/// A key and its window lie side by side, so a known key costs one cache miss.
#[derive(Debug)]
pub(super) struct Table<W> {
    /// None, or a power of two of which at most three quarters are taken.
    places: Vec<Place<W>>,
    /// Places that hold a key, be its window over or not.
    keys: usize,
    /// Places that held a key at any time: a search can't end at them.
    taken: usize,
    /// Where the next sweep begins.
    cursor: usize,
    debt: u8,
    /// The longest period of the keys so far.
    longest: Micros,
}

#[derive(Debug)]
struct Place<W> {
    /// The hash of the key, [`NEVER`] or [`FORGOTTEN`].
    hash: u64,
    rest: u64,
    text: EcoString,
    window: W,
}

/// The hash of a place that never held a key.
const NEVER: u64 = 0;
/// The hash of a place whose key was forgotten.
const FORGOTTEN: u64 = 1;

impl<W> Default for Table<W> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            keys: 0,
            taken: 0,
            cursor: 0,
            debt: 0,
            longest: Micros::ZERO,
        }
    }
}

impl<W: Window> Table<W> {
    pub(super) const fn len(&self) -> usize {
        self.keys
    }

    #[inline]
    pub(super) fn get(&self, hash: u64, form: &Form<'_>) -> Option<&W> {
        let place = self.find(hash, form)?;
        Some(&self.places[place].window)
    }

    /// Finds the window of a known key, for a hit on a limit of such a period.
    #[inline]
    pub(super) fn get_mut(&mut self, hash: u64, form: &Form<'_>, period: Micros) -> Option<&mut W> {
        let place = self.find(hash, form)?;
        self.debt += KNOWN_KEY;
        self.longest = self.longest.max(period);
        Some(&mut self.places[place].window)
    }

    /// Finds the window of a key, for what does not go on for as long as hits do.
    pub(super) fn find_mut(&mut self, hash: u64, form: &Form<'_>) -> Option<&mut W> {
        let place = self.find(hash, form)?;
        Some(&mut self.places[place].window)
    }

    /// Adds a key that is not known, whose limit has such a period.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        form: &Form<'_>,
        window: W,
        period: Micros,
        now: Timestamp,
    ) {
        self.longest = self.longest.max(period);
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            self.rebuild(now);
        }
        self.put(Place {
            hash: key_hash(hash),
            rest: form.rest,
            text: EcoString::from(form.text),
            window,
        });
        self.debt += NEW_KEY;
    }

    /// Cleans up a little, in proportion to the writes.
    #[inline]
    pub(super) fn sweep_some(&mut self, now: Timestamp) {
        if self.debt >= PAYMENT {
            self.debt -= PAYMENT;
            self.sweep(now);
        }
    }

    /// Forgets all expired keys and tells when the next one expires.
    pub(super) fn forget_expired(&mut self, now: Timestamp) -> Option<Timestamp> {
        for place in 0..self.places.len() {
            self.forget_if_expired(place, now);
        }
        let live = self.places.iter().filter(|place| place.hash > FORGOTTEN);
        live.map(|place| place.window.expires_at()).min()
    }

    pub(super) fn clear(&mut self, hash: u64, form: &Form<'_>) {
        if let Some(place) = self.find(hash, form) {
            self.forget(place);
        }
    }

    #[inline]
    fn find(&self, hash: u64, form: &Form<'_>) -> Option<usize> {
        let hash = key_hash(hash);
        let last = self.places.len().checked_sub(1)?;
        let mut place = home(hash) & last;
        loop {
            let found = &self.places[place];
            if found.hash == hash && found.rest == form.rest && found.text == form.text {
                return Some(place);
            }
            if found.hash == NEVER {
                return None;
            }
            place = (place + 1) & last;
        }
    }

    fn put(&mut self, key: Place<W>) {
        let last = self.places.len() - 1;
        let mut place = home(key.hash) & last;
        while self.places[place].hash > FORGOTTEN {
            place = (place + 1) & last;
        }
        self.taken += usize::from(self.places[place].hash == NEVER);
        self.keys += 1;
        self.places[place] = key;
    }

    /// Moves the live keys to a table of the size they need.
    #[cold]
    fn rebuild(&mut self, now: Timestamp) {
        let is_live = |place: &Place<W>| place.hash > FORGOTTEN && !place.window.is_over(now);
        let live = self.places.iter().filter(|place| is_live(place)).count();
        let size = (live + 1).next_power_of_two() * 2;
        let places = repeat_with(Place::never).take(size.max(PLACES)).collect();
        let old = take(self);
        self.places = places;
        self.longest = old.longest;
        old.places
            .into_iter()
            .filter(is_live)
            .for_each(|place| self.put(place));
    }

    #[cold]
    fn sweep(&mut self, now: Timestamp) {
        let end = self.places.len().min(self.cursor + SWEEP);
        for place in self.cursor..end {
            self.forget_if_expired(place, now);
        }
        self.cursor = end;
        if end == self.places.len() {
            self.cursor = 0;
            if self.keys * 8 < self.places.len() && self.places.len() > PLACES {
                self.rebuild(now);
            }
        }
    }

    fn forget_if_expired(&mut self, place: usize, now: Timestamp) {
        let found = &mut self.places[place];
        if found.hash <= FORGOTTEN {
            return;
        }
        if found.window.is_over(now) {
            self.forget(place);
        } else {
            // A clock that went back keeps no key for longer than its window lasts.
            found.window.bring_forward(self.longest, now);
        }
    }

    fn forget(&mut self, place: usize) {
        self.keys -= 1;
        self.places[place] = Place {
            hash: FORGOTTEN,
            ..Place::never()
        };
    }
}

impl<W: Window> Place<W> {
    fn never() -> Self {
        Self {
            hash: NEVER,
            rest: 0,
            text: EcoString::new(),
            window: W::EMPTY,
        }
    }
}

/// Keeps the hashes of keys apart from [`NEVER`] and [`FORGOTTEN`].
const fn key_hash(hash: u64) -> u64 {
    hash | 2
}

/// Shards are chosen by the upper half of a hash, places by the lower.
fn home(hash: u64) -> usize {
    // Above the bit that `key_hash` sets, which would send all keys to odd places.
    let [a, b, c, d, ..] = (hash >> 2).to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) as usize
}
