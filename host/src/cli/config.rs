//! `config`: what the server would run with, without starting it.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use switchboard::config::{Config as ServerConfig, process_environment};
use switchboard::http::tls;

use super::failure::Failure;
use super::output::Output;
use super::serve::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Whether a server would start with these settings.
    Check(Settings),
    /// Every value and where it came from: default, file, environment, flag.
    Explain(Settings),
}

pub(super) fn run(command: Config, data_dir: Option<PathBuf>, output: &Output) -> Result<(), Failure> {
    let (Config::Check(settings) | Config::Explain(settings)) = &command;
    let sources = settings.sources(data_dir, process_environment());
    let (config, explained) =
        ServerConfig::load(sources).map_err(|refused| Failure::Refused(refused.to_string()))?;
    match command {
        Config::Check(_) => {
            if let Some(files) = &config.tls {
                tls::check(files).map_err(|refused| Failure::Refused(refused.to_string()))?;
            }
            output.print(&json!({"valid": true}))
        }
        Config::Explain(_) => output.print(&json!(explained)),
    }
}
