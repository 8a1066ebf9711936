//! `limits bench`: how many decisions a storage makes, and how long they take.

mod load;
mod progress;
mod report;
mod tally;

use core::time::Duration;
use std::process::ExitCode;
use std::rc::Rc;

use indicatif::ProgressBar;
use limits::{RateLimitItem, Storage, StorageUri};
use tokio::task::LocalSet;

use crate::args::{BenchArgs, Common, item};
use crate::failure::Failure;
use crate::output;
use load::Load;
use report::Report;

/// Keeps the keys apart from those of users.
const NAMESPACE: &str = "LIMITS-BENCH";

const LONGEST_WARM_UP: Duration = Duration::from_secs(1);

/// Hits many keys, many at a time, and tells what came of it.
pub(crate) async fn bench(common: &Common, args: &BenchArgs) -> Result<ExitCode, Failure> {
    let item = hittable(args)?;
    let uri: StorageUri = common.storage.parse()?;
    let storage = limits::storage_from_string(&common.storage)?;
    let limiter = storage.limiter(common.strategy)?;
    storage.check().await?;
    let load = Rc::new(Load {
        limiter,
        item,
        cost: args.cost,
        keys: args.keys,
        concurrency: args.concurrency,
    });
    let report = Report {
        storage: uri.scheme(),
        strategy: common.strategy,
        load: &load,
    };
    LocalSet::new()
        .run_until(measure(common, args.duration, &load, &report))
        .await
}

/// Measures after a warm-up, and forgets the hits of both.
async fn measure(
    common: &Common,
    duration: Duration,
    load: &Rc<Load>,
    report: &Report<'_>,
) -> Result<ExitCode, Failure> {
    let warm_up = (duration / 10).min(LONGEST_WARM_UP);
    let warmed_up = load.run(warm_up, ProgressBar::hidden()).await;
    load.clear(warmed_up.hits()).await?;
    let tally = load.run(duration, progress::bar(duration)).await;
    let cleared = load.clear(tally.hits()).await;
    if tally.decisions() == 0
        && let Some(error) = tally.first_error
    {
        return Err(Failure::Storage(error));
    }
    output::write_line(&report.of(&tally, common.json)?)?;
    cleared?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the limit, and refuses hits that no storage would be asked about.
fn hittable(args: &BenchArgs) -> Result<RateLimitItem<'static>, Failure> {
    let item = item(&args.limit)?.with_namespace(NAMESPACE);
    if args.cost > item.amount() {
        let reason = format!(
            "a cost of {} is above the limit of {item}: it is refused without the storage",
            args.cost
        );
        return Err(Failure::Usage(reason));
    }
    Ok(item)
}
