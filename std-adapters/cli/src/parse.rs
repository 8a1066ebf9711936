//! `limits parse`.

use std::process::ExitCode;

use limits::RateLimitItem;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::output;

/// A limit in parts.
#[derive(Serialize)]
struct Parts {
    limit: String,
    amount: u64,
    multiples: u32,
    granularity: &'static str,
    period_seconds: u64,
    key: String,
}

/// Shows what a string of limits means.
pub(crate) fn parse(common: &Common, limits: &str) -> Result<ExitCode, Failure> {
    let items =
        RateLimitItem::parse_many(limits).map_err(|error| Failure::wrong_limit(limits, error))?;
    let parts = items.map(|item| parts(&item.with_namespace(&common.namespace)));
    let show = if common.json { json } else { text };
    for parts in parts {
        output::write_line(&show(&parts)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn parts(item: &RateLimitItem<'_>) -> Parts {
    Parts {
        limit: item.to_string(),
        amount: item.amount(),
        multiples: item.multiples(),
        granularity: item.granularity().name(),
        period_seconds: item.get_expiry().to_duration().as_secs(),
        key: item.key_for("ID…").to_string(),
    }
}

fn json(parts: &Parts) -> Result<String, Failure> {
    serde_json::to_string(parts).map_err(|error| Failure::Io(error.into()))
}

fn text(parts: &Parts) -> Result<String, Failure> {
    let Parts {
        limit,
        amount,
        multiples,
        granularity,
        period_seconds,
        key,
    } = parts;
    Ok(format!(
        "{limit}\n  \
         amount       {amount}\n  \
         multiples    {multiples}\n  \
         granularity  {granularity}\n  \
         period       {period_seconds} s\n  \
         key          {key}"
    ))
}
