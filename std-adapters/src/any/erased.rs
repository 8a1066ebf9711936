//! What a storage does, in forms that can be behind a pointer.

use std::sync::Arc;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, StrategyName, Timestamp};

use super::answer::Answer;
use crate::error::StorageError;

/// The storage itself.
pub(super) trait ErasedStorage: Send + Sync {
    fn check(&self) -> Answer<'_, ()>;
    fn reset(&self) -> Answer<'_, u64>;
    fn clear<'a>(&'a self, key: Key<'a>) -> Answer<'a, ()>;
}

impl<S: Storage<Error = StorageError> + Send + Sync> ErasedStorage for S {
    fn check(&self) -> Answer<'_, ()> {
        Answer::of::<S>(Storage::check(self))
    }

    fn reset(&self) -> Answer<'_, u64> {
        Answer::of::<S>(Storage::reset(self))
    }

    fn clear<'a>(&'a self, key: Key<'a>) -> Answer<'a, ()> {
        Answer::of::<S>(Storage::clear(self, key))
    }
}

/// Its windows of one kind, whichever that is.
pub(super) trait ErasedKeeper: Send + Sync {
    fn acquire<'a>(&'a self, ask: Ask<'a, ()>, now: Timestamp) -> Answer<'a, Decision>;
    fn peek<'a>(&'a self, ask: Ask<'a, ()>, now: Timestamp) -> Answer<'a, Decision>;
    fn settle<'a>(
        &'a self,
        key: Key<'a>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Answer<'a, Settled>;
}

/// A storage, by what it keeps of one kind.
pub(super) struct Keeper<S, K> {
    pub(super) storage: Arc<S>,
    pub(super) kind: K,
}

impl<K: Kind, S> ErasedKeeper for Keeper<S, K>
where
    S: Keeps<K, Error = StorageError> + Send + Sync,
{
    fn acquire<'a>(&'a self, ask: Ask<'a, ()>, now: Timestamp) -> Answer<'a, Decision> {
        Answer::of::<S>(self.storage.acquire(ask.with_kind(self.kind), now))
    }

    fn peek<'a>(&'a self, ask: Ask<'a, ()>, now: Timestamp) -> Answer<'a, Decision> {
        Answer::of::<S>(self.storage.peek(ask.with_kind(self.kind), now))
    }

    fn settle<'a>(
        &'a self,
        key: Key<'a>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Answer<'a, Settled> {
        Answer::of::<S>(self.storage.settle(self.kind, key, charge, used, now))
    }
}

/// Its answers to several asks, of any kinds.
pub(super) trait ErasedTogether: Send + Sync {
    fn acquire_all<'a>(
        &'a self,
        asks: &'a [Ask<'a, StrategyName>],
        now: Timestamp,
        decisions: &'a mut [Decision],
    ) -> Answer<'a, ()>;
    fn peek_all<'a>(
        &'a self,
        asks: &'a [Ask<'a, StrategyName>],
        now: Timestamp,
        decisions: &'a mut [Decision],
    ) -> Answer<'a, ()>;
}

impl<S> ErasedTogether for S
where
    S: Keeps<StrategyName, Error = StorageError> + Send + Sync,
{
    fn acquire_all<'a>(
        &'a self,
        asks: &'a [Ask<'a, StrategyName>],
        now: Timestamp,
        decisions: &'a mut [Decision],
    ) -> Answer<'a, ()> {
        Answer::of::<S>(Keeps::acquire_all(self, asks, now, decisions))
    }

    fn peek_all<'a>(
        &'a self,
        asks: &'a [Ask<'a, StrategyName>],
        now: Timestamp,
        decisions: &'a mut [Decision],
    ) -> Answer<'a, ()> {
        Answer::of::<S>(Keeps::peek_all(self, asks, now, decisions))
    }
}
