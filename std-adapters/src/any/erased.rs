//! The storage traits in a form that can be behind a pointer.

use core::pin::Pin;

use limits_core::window::{Increment, Incremented, MovingUsage};
use limits_core::{
    Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindowSupport,
    SlidingWindow, SlidingWindowCounterSupport, Storage, Timestamp,
};

use crate::error::StorageError;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

pub(super) trait ErasedStorage: Send + Sync {
    fn check(&self) -> Answer<'_, ()>;
    fn reset(&self) -> Answer<'_, u64>;
    fn clear<'a>(&'a self, key: Key<'a>) -> Answer<'a, ()>;
}

impl<S: Storage<Error = StorageError> + Send + Sync> ErasedStorage for S {
    fn check(&self) -> Answer<'_, ()> {
        Box::pin(Storage::check(self))
    }

    fn reset(&self) -> Answer<'_, u64> {
        Box::pin(Storage::reset(self))
    }

    fn clear<'a>(&'a self, key: Key<'a>) -> Answer<'a, ()> {
        Box::pin(Storage::clear(self, key))
    }
}

pub(super) trait ErasedFixed: Send + Sync {
    fn incr<'a>(
        &'a self,
        key: Key<'a>,
        increment: Increment,
        now: Timestamp,
    ) -> Answer<'a, Incremented>;
    fn get<'a>(&'a self, key: Key<'a>, now: Timestamp) -> Answer<'a, FixedWindow>;
    fn get_expiry<'a>(&'a self, key: Key<'a>, now: Timestamp) -> Answer<'a, Timestamp>;
}

impl<S: FixedWindowSupport<Error = StorageError> + Send + Sync> ErasedFixed for S {
    fn incr<'a>(
        &'a self,
        key: Key<'a>,
        increment: Increment,
        now: Timestamp,
    ) -> Answer<'a, Incremented> {
        Box::pin(FixedWindowSupport::incr(self, key, increment, now))
    }

    fn get<'a>(&'a self, key: Key<'a>, now: Timestamp) -> Answer<'a, FixedWindow> {
        Box::pin(FixedWindowSupport::get(self, key, now))
    }

    fn get_expiry<'a>(&'a self, key: Key<'a>, now: Timestamp) -> Answer<'a, Timestamp> {
        Box::pin(FixedWindowSupport::get_expiry(self, key, now))
    }
}

pub(super) trait ErasedMoving: Send + Sync {
    fn acquire_entry<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, Decision>;
    fn get_moving_window<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, MovingUsage>;
}

impl<S: MovingWindowSupport<Error = StorageError> + Send + Sync> ErasedMoving for S {
    fn acquire_entry<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, Decision> {
        Box::pin(MovingWindowSupport::acquire_entry(
            self, key, limit, cost, now,
        ))
    }

    fn get_moving_window<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, MovingUsage> {
        Box::pin(MovingWindowSupport::get_moving_window(
            self, key, limit, cost, now,
        ))
    }
}

pub(super) trait ErasedSliding: Send + Sync {
    fn acquire_sliding_window_entry<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, Decision>;
    fn get_sliding_window<'a>(
        &'a self,
        key: Key<'a>,
        period: Micros,
        now: Timestamp,
    ) -> Answer<'a, SlidingWindow>;
}

impl<S: SlidingWindowCounterSupport<Error = StorageError> + Send + Sync> ErasedSliding for S {
    fn acquire_sliding_window_entry<'a>(
        &'a self,
        key: Key<'a>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Answer<'a, Decision> {
        Box::pin(SlidingWindowCounterSupport::acquire_sliding_window_entry(
            self, key, limit, cost, now,
        ))
    }

    fn get_sliding_window<'a>(
        &'a self,
        key: Key<'a>,
        period: Micros,
        now: Timestamp,
    ) -> Answer<'a, SlidingWindow> {
        Box::pin(SlidingWindowCounterSupport::get_sliding_window(
            self, key, period, now,
        ))
    }
}
