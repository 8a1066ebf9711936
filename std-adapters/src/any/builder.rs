use core::fmt;
use std::sync::Arc;

use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{Keeps, Storage, StrategyName};

use super::erased::Keeper;
#[cfg(feature = "resilience")]
use super::keeps_all::KeepsAll;
use super::storage::{AnyStorage, Parts};
use crate::error::StorageError;

/// Makes an [`AnyStorage`] of a storage that keeps some kinds of windows only.
///
/// ```
/// use limits::window::Fixed;
/// use limits::{AnyStorageBuilder, MemoryStorage, StrategyName};
///
/// let storage = AnyStorageBuilder::new("mine", MemoryStorage::new()).with(Fixed).build();
/// assert!(storage.supports(StrategyName::FixedWindow));
/// let error = storage.limiter(StrategyName::MovingWindow).unwrap_err();
/// assert_eq!(error.to_string(), "mine: this storage does not support moving-window");
/// ```
pub struct AnyStorageBuilder<S> {
    storage: Arc<S>,
    parts: Parts,
}

impl<S: Storage<Error = StorageError> + Send + Sync + 'static> AnyStorageBuilder<S> {
    /// Begins with a storage that can be checked, cleared and reset. `scheme` names it in
    /// errors.
    pub fn new(scheme: &str, storage: S) -> Self {
        let storage = Arc::new(storage);
        let parts = Parts::new(scheme, Arc::<S>::clone(&storage));
        Self { storage, parts }
    }

    /// Adds its windows of one kind.
    #[must_use]
    pub fn with<K>(mut self, kind: K) -> Self
    where
        K: Kind + Into<StrategyName>,
        S: Keeps<K>,
    {
        let storage = Arc::clone(&self.storage);
        self.parts
            .keep(kind.into(), Arc::new(Keeper { storage, kind }));
        self
    }

    /// Adds that it decides on several limits of any kinds at once. Without it they are
    /// decided in turn.
    #[must_use]
    pub fn together(mut self) -> Self
    where
        S: Keeps<StrategyName>,
    {
        self.parts.together = Some(Arc::<S>::clone(&self.storage));
        self
    }

    /// Adds all kinds of this crate, as they are today: what another version adds may need
    /// another bound.
    #[must_use]
    pub fn with_all(self) -> Self
    where
        S: Keeps<StrategyName>
            + Keeps<Fixed>
            + Keeps<Elastic>
            + Keeps<Moving>
            + Keeps<SlidingCounter>
            + Keeps<Gcra>,
    {
        self.with(Fixed)
            .with(Elastic)
            .with(Moving)
            .with(SlidingCounter)
            .with(Gcra)
            .together()
    }

    /// Adds all kinds that another storage keeps, around which this one is.
    #[cfg(feature = "resilience")]
    pub(crate) fn with_all_of(self, other: &AnyStorage) -> Self
    where
        S: KeepsAll,
    {
        let mut all = self.with_all();
        all.parts.keep_only(|strategy| other.supports(strategy));
        all
    }

    /// Ends with the handle.
    #[must_use]
    pub fn build(self) -> AnyStorage {
        AnyStorage::of(self.parts)
    }
}

impl<S> fmt::Debug for AnyStorageBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStorageBuilder")
            .field("scheme", &self.parts.scheme)
            .finish_non_exhaustive()
    }
}
