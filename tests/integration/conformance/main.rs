//! Runs the conformance suite on every storage of this repository.

use std::sync::Arc;

use limits::resilience::{Breaker, FailPolicy, Fallback, Shadow, Timeout};
use limits::{MemoryStorage, storage_from_string};
use limits_core::{FixedLog, FixedWindow, GcraWindow, MovingWindow, SlidingWindow};
use limits_tests::conformance::{FixedCapacity, LOG, Memory, Suite};

fn main() -> Result<(), std::io::Error> {
    let mut suite = Suite::new()?;
    fixed_capacity(&mut suite);
    memory(&mut suite);
    memory_by_uri(&mut suite);
    wrapped_memory(&mut suite);
    suite.run().exit()
}

fn fixed_capacity(suite: &mut Suite) {
    const NAME: &str = "memory-fixed-capacity";
    let fixed = suite.backend(NAME, async || Ok(FixedCapacity::<FixedWindow>::new()));
    let moving = suite.backend(NAME, async || {
        Ok(FixedCapacity::<MovingWindow<FixedLog<LOG>>>::new())
    });
    let sliding = suite.backend(NAME, async || Ok(FixedCapacity::<SlidingWindow>::new()));
    let gcra = suite.backend(NAME, async || Ok(FixedCapacity::<GcraWindow<u64>>::new()));
    suite.fixed_window(&fixed);
    suite.moving_window(&moving);
    suite.sliding_window_counter(&sliding);
    suite.gcra(&gcra);
    suite.fixed_capacity(NAME);
}

fn memory(suite: &mut Suite) {
    let memory = suite.backend("memory", async || {
        Ok(Memory::new(Arc::new(MemoryStorage::new())))
    });
    suite.every_strategy(&memory);
    suite.bounded_memory("memory");
}

fn memory_by_uri(suite: &mut Suite) {
    let memory = suite.backend("memory-by-uri", async || {
        Ok(Memory::new(storage_from_string("memory://")?))
    });
    suite.every_strategy(&memory);
}

/// Whatever is around a storage keeps every law of the storage.
fn wrapped_memory(suite: &mut Suite) {
    let wrapped = suite.backend("memory-wrapped", async || {
        let storage = Timeout::new(MemoryStorage::new());
        let storage = Fallback::new(storage, MemoryStorage::new());
        let storage = FailPolicy::closed(Breaker::new(storage));
        // Everybody's limits are in force.
        let storage = Shadow::new(storage).with_enforced(100);
        Ok(Memory::new(Arc::new(storage)))
    });
    suite.every_strategy(&wrapped);
    let by_uri = suite.backend("memory-wrapped-by-uri", async || {
        let uri = "memory://?timeout_ms=5000&fail=open&breaker=3";
        Ok(Memory::new(storage_from_string(uri)?))
    });
    suite.every_strategy(&by_uri);
}
