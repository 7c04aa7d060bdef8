//! The command line of Checkgate: arguments in, use cases of `checkgate-app`, words or `--json` out. Must hold no logic of its own.

mod args;
mod args_clips;
mod args_mhl;
mod args_pictures;
mod args_repair;
mod command;
mod demo;
mod output;
mod progress;

use args::{Arguments, Command};
use clap::Parser;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(args_mhl::respelled(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            if error.print().is_err() {
                return ExitCode::from(3);
            }
            return ExitCode::from(code);
        }
    };
    start_log(arguments.verbose);
    let output = Output::new(arguments.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.line(&format!("cannot start: {error}"));
            return ExitCode::from(3);
        }
    };
    let ended = runtime.block_on(run(arguments.command, arguments.home, arguments.verbose > 0, &output));
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            output.problem(&problem);
            ExitCode::from(problem.code.exit_code())
        }
    }
}

async fn run(
    command: Command,
    home: Option<std::path::PathBuf>,
    verbose: bool,
    output: &Output,
) -> Result<u8, checkgate_model::Problem> {
    match command {
        Command::Volumes => command::volumes(output),
        Command::Mount(options) => command::mount(&options, output),
        Command::Eject(options) => command::eject(home, &options, output).await,
        Command::Inspect(options) => command::inspect(home, &options, output).await,
        Command::Offload(options) => command::offload(home, options, output).await,
        Command::Resume(options) => command::resume(home, options, output).await,
        Command::Jobs => command::jobs(home, output).await,
        Command::Card(options) => command::card(home, &options, output).await,
        Command::Queue(options) => command::queue::queue(home, options, output).await,
        Command::Presets(options) => command::presets::presets(home, options, output).await,
        Command::Policies(options) => command::policies::policies(home, options, output).await,
        Command::SignOff(options) => command::policies::sign_off(home, options, output).await,
        Command::Mhl(command) => command::mhl(command, verbose, output).await,
        Command::Verify(options) => command::verify(home, options, output).await,
        Command::Repair(options) => command::repair(home, options, output).await,
        Command::Compare(options) => command::compare(options, output).await,
        Command::Preview(options) => command::preview(home, options, output).await,
        Command::Tools => command::tools(home, output).await,
        Command::Still(options) => command::pictures::still(home, options, output).await,
        Command::Sheet(options) => command::pictures::sheet(home, options, output).await,
        Command::Scopes(options) => command::pictures::scopes(home, options, output).await,
        Command::Qc(options) => command::pictures::quality(home, options, output).await,
        Command::Color(options) => command::color(home, &options, output),
        Command::Search(options) => command::search(home, options, output).await,
        Command::Rules(command) => command::rules(home, command, output).await,
        Command::Fdl(command) => command::fdl(home, command, output).await,
        Command::Edl(command) => command::edl(home, command, output).await,
        Command::Cameras(command) => command::cameras(home, command, output).await,
        Command::Export(options) => command::export(home, &options, output).await,
        Command::Upload(options) => command::upload(home, options, output).await,
        Command::Watch(options) => command::watch(home, options, output).await,
        Command::Cloud(options) => command::cloud(home, options, output).await,
        Command::Forge(options) => command::forge(options, output).await,
        Command::Demo(options) => demo::run(options, output).await,
        Command::Completions { shell } => command::completions(shell),
    }
}

/// Logs go to stderr: warnings, or what `CHECKGATE_LOG` asks for.
fn start_log(verbose: u8) {
    let level = ["checkgate=warn", "checkgate=info,warn", "debug"][usize::from(verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHECKGATE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}
