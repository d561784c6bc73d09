//! The command line. A command only says which admin request it is; sending and printing are done here, once.
//!
//! Exit status: 0 done, 1 refused, 2 wrong usage, 3 the server was not reached.

mod ats;
mod audit;
mod backtest;
mod billing;
mod client;
mod clock;
mod company;
mod config;
mod decision;
mod demo;
mod deploy;
mod failure;
mod key;
mod outbox;
mod output;
mod phone_number;
mod plugin;
mod release;
mod request;
mod safe_mode;
mod serve;
mod slot;
#[cfg(test)]
mod tests;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use switchboard::config::process_environment;
use switchboard::telemetry;

use client::Server;
use failure::Failure;
use output::Output;
use request::Request;

/// The public API of an interview service, with its decisions taken by policy plugins.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What stands anywhere.
#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// The server's folder; commands find the running server by its admin.json.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The admin API's address, with the token in SWITCHBOARD_ADMIN_TOKEN.
    #[arg(long, global = true, value_name = "URL")]
    admin: Option<String>,
    /// Who you are, for the audit.
    #[arg(long, global = true, value_name = "NAME")]
    actor: Option<String>,
    /// Print JSON, also on a terminal.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Settings),
    /// Run a server on a temporary folder with something in it, and print lines to try.
    Demo(demo::Demo),
    /// Check and explain the server's settings.
    #[command(subcommand)]
    Config(config::Config),
    /// Show and move the clock of a server that was started with --dev-clock.
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Applicant tracking systems.
    #[command(subcommand)]
    Ats(ats::Ats),
    /// API keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Companies.
    #[command(subcommand)]
    Company(company::Company),
    /// Phone numbers of companies.
    #[command(subcommand)]
    PhoneNumber(phone_number::PhoneNumber),
    /// What calls cost.
    #[command(subcommand)]
    Billing(billing::Billing),
    /// Users: people who sign in.
    #[command(subcommand)]
    User(user::User),
    /// What waits to leave: mails, and owners that nobody has decided on.
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Policy plugins.
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Releases: what a slot runs.
    #[command(subcommand)]
    Release(release::Release),
    /// Slots: an ATS's place for a policy.
    #[command(subcommand)]
    Slot(slot::Slot),
    /// Pushes a component, makes a release of it and activates that.
    Deploy(deploy::Deploy),
    /// Who changed what.
    Audit(audit::Audit),
    /// Tries a release on recorded decisions.
    Backtest(backtest::Backtest),
    /// Only standard plugins answer, at once.
    #[command(subcommand)]
    SafeMode(safe_mode::SafeMode),
    /// Recorded decisions.
    #[command(subcommand)]
    Decision(decision::Decision),
}

/// Reads the arguments of this process, does what they say, and tells how it ended.
pub(crate) fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to tell when even this cannot be written.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    let outcome = arguments.run();
    telemetry::end();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            ExitCode::from(failure.status())
        }
    }
}

impl Arguments {
    fn run(self) -> Result<(), Failure> {
        let Self { global, command } = self;
        let output = Output::new(global.json);
        match command {
            Command::Serve(settings) => serve::run(settings, global.data_dir),
            Command::Demo(demo) => demo::run(&demo, &global, &output),
            Command::Config(command) => config::run(command, global.data_dir, &output),
            Command::Decision(command) => decision::run(&command, &global, &output),
            Command::Backtest(command) => backtest::run(&command, &global, &output),
            Command::Clock(command) => ask(&command.request()?, &global, &output),
            Command::Audit(command) => ask(&command.request()?, &global, &output),
            Command::SafeMode(command) => ask(&command.request()?, &global, &output),
            Command::Ats(command) => ask(&command.request()?, &global, &output),
            Command::Key(command) => ask(&command.request()?, &global, &output),
            Command::Company(command) => ask(&command.request()?, &global, &output),
            Command::PhoneNumber(command) => ask(&command.request()?, &global, &output),
            Command::Billing(command) => ask(&command.request()?, &global, &output),
            Command::User(command) => ask(&command.request()?, &global, &output),
            Command::Outbox(command) => ask(&command.request()?, &global, &output),
            Command::Plugin(command) => plugin::run(&command, &global, &output),
            Command::Release(command) => release::run(&command, &global, &output),
            Command::Deploy(deploy) => deploy::run(&deploy, &global, &output),
            Command::Slot(command) => slot::run(&command, &global, &output),
        }
    }
}

/// Sends one request and prints the answer.
fn ask(request: &Request, global: &Global, output: &Output) -> Result<(), Failure> {
    output.print(&answer(request, global)?)
}

/// Sends one request to the server that the global options name.
fn answer(request: &Request, global: &Global) -> Result<serde_json::Value, Failure> {
    let server = server(global)?;
    client_runtime()?.block_on(server.send(request))
}

/// The server that the global options name.
fn server(global: &Global) -> Result<Server, Failure> {
    let server = Server::find(global.data_dir.as_deref(), global.admin.as_deref(), &process_environment())?;
    Ok(server.of(global.actor.clone()))
}

/// One thread is enough for one request.
fn client_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("the runtime cannot start: {error}")))
}
