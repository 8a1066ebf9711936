use super::{Ask, Keeps};
use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::time::Timestamp;
use crate::window::Airtime;

/// A storage that can set units aside for work that may yet fail.
///
/// A storage in the memory of the process: the calls don't wait, so that a
/// reservation can be given up where it is dropped.
pub trait ReserveSupport: Keeps<Airtime> {
    /// Sets the units aside, if they fit.
    ///
    /// # Errors
    ///
    /// As those of a hit.
    fn reserve(&self, ask: Ask<'_, Airtime>, now: Timestamp) -> Result<Decision, Self::Error>;

    /// Gives `reserved` units back and takes `used`, whether they fit or not.
    ///
    /// # Errors
    ///
    /// As those of a hit; a key with reserved units has its room.
    fn settle_reserved(
        &self,
        key: Key<'_>,
        limit: Limit,
        reserved: u64,
        used: u64,
        now: Timestamp,
    ) -> Result<(), Self::Error>;
}

impl<S: ReserveSupport> ReserveSupport for &S {
    fn reserve(&self, ask: Ask<'_, Airtime>, now: Timestamp) -> Result<Decision, S::Error> {
        (**self).reserve(ask, now)
    }

    fn settle_reserved(
        &self,
        key: Key<'_>,
        limit: Limit,
        reserved: u64,
        used: u64,
        now: Timestamp,
    ) -> Result<(), S::Error> {
        (**self).settle_reserved(key, limit, reserved, used, now)
    }
}
