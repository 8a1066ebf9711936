use limits_core::{BlockList, Key, Micros, Timestamp};

use super::storage::MemoryStorage;
use super::until::Until;
use crate::error::StorageError;

/// For [`Guarded`](limits_core::Guarded). A block counts as a key, under the same
/// [bound](MemoryStorage::with_max_keys).
impl BlockList for MemoryStorage {
    type Error = StorageError;

    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        if until <= now {
            return Ok(());
        }
        self.shards.with(key, |tables, hash, form| {
            if let Some(block) = tables.blocks.get_mut(hash, form, Micros::ZERO) {
                block.until = block.until.max(until);
            } else {
                tables.make_room(self.shards.keys(), now, until)?;
                let block = Until { until };
                tables.blocks.insert(hash, form, block, Micros::ZERO, now);
            }
            tables.blocks.sweep_some(now);
            Ok(())
        })
    }

    fn blocked_until(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StorageError> {
        let until = self.shards.with(key, |tables, hash, form| {
            tables.blocks.get(hash, form).map(|block| block.until)
        });
        Ok(until.filter(|until| now < *until))
    }

    fn unblock(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.shards
            .with(key, |tables, hash, form| tables.blocks.clear(hash, form));
        Ok(())
    }
}
