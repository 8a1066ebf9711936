//! The `limits` command: rate limits for scripts, and a way to try the library.

mod args;
mod batch;
mod bench;
mod brief;
mod demo;
mod engine;
mod failure;
mod help;
mod lines;
mod output;
mod parse;
mod run;
mod setup;
mod single;
mod text;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use failure::Failure;

fn main() -> ExitCode {
    let result = Args::try_parse().map_err(Failure::from).and_then(start);
    result.unwrap_or_else(Failure::report)
}

fn start(args: Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Io)?;
    runtime.block_on(execute(args))
}

async fn execute(Args { common, command }: Args) -> Result<ExitCode, Failure> {
    match command {
        Command::Parse { limits } => parse::parse(&common, &limits),
        Command::Hit(args) => single::hit(&common, args).await,
        Command::Test(args) => single::test(&common, args).await,
        Command::Stats(args) => single::stats(&common, args).await,
        Command::Clear(args) => single::clear(&common, args).await,
        Command::Check => single::check(&common).await,
        Command::Reset { yes } => single::reset(&common, yes).await,
        Command::Batch => batch::batch(&common).await,
        Command::Run(args) => run::run(&common, args).await,
        Command::Demo(args) => demo::demo(&common, &args).await,
        Command::Bench(args) => bench::bench(&common, &args).await,
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    // Made in memory first: the generator panics when it can't write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "limits", &mut script);
    output::write(&script)?;
    Ok(ExitCode::SUCCESS)
}
