//! What a URI says of failures.

use core::num::NonZeroU32;
use core::time::Duration;

use limits_core::Storage;

use super::{Breaker, FailPolicy, Shadow, Timeout};
use crate::any::{AnyStorage, AnyStorageBuilder, KeepsAll};
use crate::error::StorageError;
use crate::uri::StorageUri;

/// What is put around a storage, from the inside out.
#[derive(Debug)]
pub(crate) struct Resilience {
    scheme: String,
    timeout: Option<Duration>,
    breaker: Option<u32>,
    pause: Option<Duration>,
    fail: Option<Fail>,
    remember: bool,
    shadow: bool,
}

#[derive(Debug)]
enum Fail {
    Open,
    Closed,
    /// Memory, with the part of each limit that one of so many processes has.
    Memory(NonZeroU32),
}

impl Resilience {
    /// Reads the options.
    pub(crate) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let own = Self {
            scheme: uri.scheme().to_owned(),
            timeout: uri.millis("timeout_ms")?,
            breaker: uri.option("breaker")?.map(NonZeroU32::get),
            pause: uri.millis("probe_ms")?,
            fail: fail(uri)?,
            remember: uri.flag("remember")?,
            shadow: uri.flag("shadow")?,
        };
        let has_probe = own.breaker.is_some() || matches!(own.fail, Some(Fail::Memory(_)));
        if own.pause.is_some() && !has_probe {
            return Err(uri.wrong("`probe_ms` is for breaker=… or fail=memory"));
        }
        if own.remember && cfg!(not(feature = "memory")) {
            return Err(uri.wrong("`remember` needs the feature `memory` of the crate limits"));
        }
        Ok(own)
    }

    /// Puts around a storage what is asked for.
    pub(crate) fn around(self, storage: AnyStorage) -> AnyStorage {
        let storage = self.in_time(storage);
        let storage = self.failing(storage);
        let storage = self.remembering(storage);
        if self.shadow {
            self.same(&storage, Shadow::new(storage.clone()))
        } else {
            storage
        }
    }

    fn in_time(&self, storage: AnyStorage) -> AnyStorage {
        // Without a limit a policy would wait for what hangs.
        let default = self.fail.is_some().then_some(Timeout::<AnyStorage>::LIMIT);
        let Some(limit) = self.timeout.or(default) else {
            return storage;
        };
        let timeout = Timeout::new(storage.clone()).with_limit(limit);
        self.same(&storage, timeout.with_name(self.scheme.clone()))
    }

    fn failing(&self, storage: AnyStorage) -> AnyStorage {
        let storage = match (self.breaker, &self.fail) {
            (_, Some(Fail::Memory(share))) => return self.in_memory(&storage, *share),
            (Some(failures), _) => {
                let breaker = Breaker::new(storage.clone()).with_failures(failures);
                let breaker = breaker.with_name(self.scheme.clone());
                self.same(&storage, breaker.with_pause(self.pause()))
            }
            (None, _) => storage,
        };
        match self.fail {
            Some(Fail::Open) => self.same(&storage, FailPolicy::open(storage.clone())),
            Some(Fail::Closed) => {
                let closed = FailPolicy::closed(storage.clone());
                self.same(&storage, closed.with_retry_after(self.pause()))
            }
            _ => storage,
        }
    }

    #[cfg(not(feature = "memory"))]
    fn in_memory(&self, storage: &AnyStorage, _: NonZeroU32) -> AnyStorage {
        storage.clone()
    }

    #[cfg(not(feature = "memory"))]
    fn remembering(&self, storage: AnyStorage) -> AnyStorage {
        storage
    }

    #[cfg(feature = "memory")]
    fn in_memory(&self, storage: &AnyStorage, share: NonZeroU32) -> AnyStorage {
        let fallback = super::Fallback::new(storage.clone(), crate::MemoryStorage::new());
        let fallback = fallback.with_share(share).with_pause(self.pause());
        let fallback = fallback.with_failures(self.breaker.unwrap_or(1));
        self.same(storage, fallback.with_name(self.scheme.clone()))
    }

    #[cfg(feature = "memory")]
    fn remembering(&self, storage: AnyStorage) -> AnyStorage {
        if !self.remember {
            return storage;
        }
        let refusals = crate::MemoryStorage::new();
        let remembering = limits_core::Guarded::remembering(storage.clone(), refusals);
        self.same(&storage, remembering)
    }

    fn pause(&self) -> Duration {
        self.pause.unwrap_or(Duration::from_secs(1))
    }

    /// A storage that keeps the same windows.
    fn same<S>(&self, storage: &AnyStorage, wrapped: S) -> AnyStorage
    where
        S: KeepsAll + Storage<Error = StorageError> + Send + Sync + 'static,
    {
        let wrapped = AnyStorageBuilder::new(&self.scheme, wrapped);
        wrapped.with_all_of(storage).build()
    }
}

fn fail(uri: &StorageUri) -> Result<Option<Fail>, StorageError> {
    let share: Option<NonZeroU32> = uri.option("fail_share")?;
    let policy: Option<String> = uri.option("fail")?;
    let policy = match policy.as_deref() {
        None => None,
        Some("open") => Some(Fail::Open),
        Some("closed") => Some(Fail::Closed),
        Some("memory") if cfg!(feature = "memory") => {
            return Ok(Some(Fail::Memory(share.unwrap_or(NonZeroU32::MIN))));
        }
        Some("memory") => {
            let reason = "fail=memory needs the feature `memory` of the crate limits";
            return Err(uri.wrong(reason));
        }
        Some(_) => return Err(uri.wrong("`fail` is none of: open, closed, memory")),
    };
    if share.is_some() {
        return Err(uri.wrong("`fail_share` is for fail=memory"));
    }
    Ok(policy)
}
