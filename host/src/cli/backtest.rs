//! `backtest`: a release over what was recorded, before it answers anybody.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::client::Server;
use super::failure::Failure;
use super::output::Output;
use super::request::{Fields, Request};
use super::{Global, client_runtime, server};

/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct Backtest {
    /// The release that is tried.
    #[arg(value_name = "REL")]
    id: String,
    /// Over the newest so many decisions.
    #[arg(long, value_name = "N", conflicts_with = "since")]
    last: Option<u64>,
    /// Over the decisions from this moment on.
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// Exit status 1 when more than so many in a hundred change or fail.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_over: Option<f64>,
}

/// Runs it; shows how far it is where somebody watches.
pub(super) fn run(backtest: &Backtest, global: &Global, output: &Output) -> Result<(), Failure> {
    let server = server(global)?;
    let report = client_runtime()?.block_on(watched(backtest, &server))?;
    output.print(&report)?;
    backtest.verdict(&report)
}

impl Backtest {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let fields = Fields::new().with("last", self.last).with("since", self.since.as_deref());
        Ok(Request::post(&["releases", &self.id, "backtest"], fields))
    }

    /// Whether little enough differs.
    pub(super) fn verdict(&self, report: &Value) -> Result<(), Failure> {
        let percent = report["changedPercent"].as_f64().unwrap_or(100.0);
        match self.fail_over {
            Some(most) if most < percent => Err(Failure::Refused(format!(
                "{percent:.2} % of the decisions change or fail, which is more than {most} %"
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

/// Asks for the backtest, and meanwhile how far it is.
async fn watched(backtest: &Backtest, server: &Server) -> Result<Value, Failure> {
    let asked = backtest.request()?;
    let report = server.send(&asked);
    if !std::io::stderr().is_terminal() {
        return report.await;
    }
    tokio::pin!(report);
    let look = Request::get(&["releases", &backtest.id, "backtest"]);
    loop {
        tokio::select! {
            report = &mut report => {
                tell("");
                return report;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {
                // A look that fails says nothing; the backtest itself will.
                if let Ok(progress) = server.send(&look).await
                    && progress["running"] == true
                {
                    tell(&format!("{} of {} decisions", progress["done"], progress["all"]));
                }
            }
        }
    }
}

/// In place of what the line said before.
fn tell(line: &str) {
    // Nobody is left to tell when stderr is gone.
    drop(write!(std::io::stderr(), "\r\x1b[K{line}"));
}

/// From 0 to 100.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "must be a number from 0 to 100".to_owned())
}
