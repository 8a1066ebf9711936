//! Lines of `limits batch`: each gets one answer, whatever it holds.

#![no_main]

#[expect(dead_code, unused_imports, reason = "the command needs more of it")]
#[path = "../../../std-adapters/cli/src/engine/mod.rs"]
mod engine;

use std::cell::RefCell;

use engine::{Defaults, Engine};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

/// An engine, and a clock for its sleeps that jumps to their ends.
struct Batch {
    engine: Engine,
    defaults: Defaults,
    runtime: Runtime,
}

thread_local! {
    static BATCH: RefCell<Batch> = RefCell::new(batch());
}

/// An answer, but for the `id`: that may be a number that only its writer can read.
#[derive(Debug, Deserialize)]
struct Answer {
    error: Option<String>,
    kind: Option<String>,
    ok: Option<bool>,
    limit: Option<u64>,
    remaining: Option<u64>,
}

fuzz_target!(|line: &[u8]| {
    let line = BATCH.with_borrow_mut(|batch| answer(batch, line));
    assert!(!line.contains(['\n', '\r']), "{line:?}");
    let answer: Answer = serde_json::from_str(&line).expect(&line);
    let expected = match &answer {
        Answer { error: Some(_), .. } => answer.kind.is_some(),
        Answer { ok: Some(ok), .. } => *ok,
        _ => answer.remaining.is_some() && answer.remaining <= answer.limit,
    };
    assert!(expected, "{line}");
});

fn batch() -> Batch {
    let storage = limits::storage_from_string("memory://?max_keys=1000");
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    Batch {
        engine: Engine::new(storage.expect("the URI is right")),
        defaults: Defaults {
            namespace: "LIMITER".to_owned(),
            strategy: limits::StrategyName::FixedWindow,
        },
        runtime: runtime.expect("a runtime of one thread"),
    }
}

fn answer(batch: &mut Batch, line: &[u8]) -> String {
    let answer = batch.engine.answer(line, &batch.defaults);
    batch
        .runtime
        .block_on(answer)
        .expect("memory can be written to")
}
