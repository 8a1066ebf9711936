//! The command line.

use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, value_parser};
use clap_complete::Shell;
use limits::{RateLimitItem, StrategyName};

use crate::engine::Subject;
use crate::failure::Failure;
use crate::help;

/// The storage of a command that names none.
pub(crate) const DEFAULT_STORAGE: &str = "memory://";

/// Decides on rate limits
#[derive(Debug, Parser)]
#[command(name = "limits", version, long_about = help::ABOUT, after_help = help::AFTER)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Common {
    /// Where counters are kept
    #[arg(
        long,
        global = true,
        value_name = "URI",
        env = "LIMITS_STORAGE",
        hide_env_values = true,
        default_value = DEFAULT_STORAGE
    )]
    pub(crate) storage: String,
    /// How hits are decided
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "fixed-window",
        value_parser = strategies()
    )]
    pub(crate) strategy: StrategyName,
    /// Keeps counters apart from those of the same limit elsewhere
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = RateLimitItem::DEFAULT_NAMESPACE
    )]
    pub(crate) namespace: String,
    /// Answer in JSON, one object a line, as batch does
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a string of limits means
    #[command(after_help = help::PARSE)]
    Parse {
        /// One limit or several, such as '10/minute; 100 per 2 hours'
        limits: String,
    },
    /// Take from a limit or several, if enough is left of each
    #[command(after_help = help::HIT)]
    Hit(HitArgs),
    /// Ask whether a hit would pass, and take nothing
    #[command(after_help = help::TEST)]
    Test(HitArgs),
    /// Show what is left of a limit, and until when
    #[command(after_help = help::STATS)]
    Stats(SubjectArgs),
    /// Forget what was taken from a limit
    #[command(after_help = help::CLEAR)]
    Clear(SubjectArgs),
    /// Find out whether the storage answers
    #[command(after_help = help::CHECK)]
    Check,
    /// Forget every key of the storage
    #[command(after_help = help::RESET)]
    Reset {
        /// Confirm that everything shall be forgotten
        #[arg(long)]
        yes: bool,
    },
    /// Answer requests from stdin, a line of JSON each
    #[command(after_help = help::BATCH)]
    Batch,
    /// Run a command when a limit allows it
    #[command(after_help = help::RUN)]
    Run(RunArgs),
    /// Show the strategies at work on one pattern of hits
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Measure decisions per second, and how long they take
    #[command(after_help = help::BENCH)]
    Bench(BenchArgs),
    /// Write the script that completes this command in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell that it is for
        shell: Shell,
    },
}

/// Whose limit it is.
#[derive(ClapArgs, Debug)]
pub(crate) struct SubjectArgs {
    /// A limit such as 10/minute or '100 per 2 hours', or several: '5/second; 100/hour'
    #[arg(value_name = "LIMITS")]
    limits: String,
    /// Who or what is limited: one text or several, the parts of its key
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// A hit.
#[derive(ClapArgs, Debug)]
pub(crate) struct HitArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// How many units it takes
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = cost
    )]
    cost: u64,
}

/// A command behind a limit.
#[derive(ClapArgs, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) hit: HitArgs,
    /// How long to wait for its turn, such as 500ms, 10s or '1m 30s'
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) wait: humantime::Duration,
    /// What to run
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// What the demonstration shows.
#[derive(ClapArgs, Debug)]
pub(crate) struct DemoArgs {
    /// The limit that the pattern of hits is made for
    #[arg(long, default_value = "10 per 10 seconds")]
    pub(crate) limit: String,
    /// Where the picture goes
    #[arg(long, value_name = "PATH", default_value = "limits-demo.svg")]
    pub(crate) svg: PathBuf,
}

/// What is measured, and for how long.
#[derive(ClapArgs, Debug)]
pub(crate) struct BenchArgs {
    /// The limit of each key
    #[arg(default_value = "10000/second")]
    pub(crate) limit: String,
    /// How long to measure, such as 500ms, 5s or 1m
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = bench_duration)]
    pub(crate) duration: Duration,
    /// How many hits wait for their answers at a time, at most 10000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = value_parser!(u32).range(1..=10_000)
    )]
    pub(crate) concurrency: u32,
    /// How many keys are hit in turn, at most 1000000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000,
        value_parser = value_parser!(u64).range(1..=1_000_000)
    )]
    pub(crate) keys: u64,
    /// How many units each hit takes
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = cost
    )]
    pub(crate) cost: u64,
}

impl SubjectArgs {
    pub(crate) fn subject(self, common: &Common, cost: u64) -> Result<Subject, Failure> {
        Ok(Subject {
            items: items(&self.limits)?,
            ids: self.ids,
            cost,
            namespace: common.namespace.clone(),
            strategy: common.strategy,
        })
    }
}

impl HitArgs {
    pub(crate) fn subject(self, common: &Common) -> Result<Subject, Failure> {
        self.subject.subject(common, self.cost)
    }
}

/// Reads one limit or several.
fn items(limits: &str) -> Result<Vec<RateLimitItem<'static>>, Failure> {
    let items = RateLimitItem::parse_many(limits);
    let items = items.map_err(|error| Failure::wrong_limit(limits, error))?;
    Ok(items.collect())
}

/// Reads one limit.
pub(crate) fn item(limit: &str) -> Result<RateLimitItem<'static>, Failure> {
    RateLimitItem::parse(limit).map_err(|error| Failure::wrong_limit(limit, error))
}

fn cost(text: &str) -> Result<u64, String> {
    let expected = || format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(|_| expected())
}

fn bench_duration(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_millis(10)..=Duration::from_secs(3_600);
    let duration = humantime::parse_duration(text).ok();
    let duration = duration.filter(|duration| bounds.contains(duration));
    duration.ok_or_else(|| "expected a time from 10ms to 1h, such as 5s".to_owned())
}

fn strategies() -> impl TypedValueParser<Value = StrategyName> {
    let names = PossibleValuesParser::new(StrategyName::ALL.iter().map(|name| name.as_str()));
    names.try_map(|name| name.parse::<StrategyName>())
}
