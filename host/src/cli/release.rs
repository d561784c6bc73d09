//! `release`: what a slot runs.

mod diff;

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use switchboard_domain::time::parse_duration;

use super::backtest::percent;
use super::failure::Failure;
use super::output::Output;
use super::request::{Fields, Request};
use super::slot::SlotName;
use super::{Global, answer, ask, plugin};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OnFailure {
    /// The standard plugin answers.
    Fallback,
    /// The slot's previous release answers, then the standard plugin.
    LastGood,
    /// The partner is answered 503.
    Reject,
    /// The effect waits and is decided later.
    Hold,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Wasi {
    /// Not linked.
    None,
    /// An empty context, for guests that cannot start without it.
    Minimal,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Where it may be activated; the ATS is an id, a unique name or `default`.
    #[arg(long, value_name = "ATS/POLICY")]
    slot: SlotName,
    /// What runs; the newest version when none is named.
    #[arg(long, value_name = "NAME[@VERSION]")]
    plugin: String,
    #[command(flatten)]
    made: Made,
}

/// What a release is made of beside its slot and its plugin.
#[derive(Debug, Args)]
pub(super) struct Made {
    /// What the plugin is told, as JSON or from a file.
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// What happens when it cannot answer.
    #[arg(long)]
    on_failure: Option<OnFailure>,
    /// Work that one call may take.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Time that one call may take.
    #[arg(long, value_name = "N")]
    timeout_ms: Option<u64>,
    /// Memory that one call may take.
    #[arg(long, value_name = "N")]
    memory_mib: Option<u32>,
    /// Elements that each of its tables may have.
    #[arg(long, value_name = "N")]
    table_elements: Option<u32>,
    /// Facts and settings that one call may be given.
    #[arg(long, value_name = "N")]
    input_kib: Option<u32>,
    /// Texts that one answer may have.
    #[arg(long, value_name = "N")]
    output_kib: Option<u32>,
    /// Log that is kept of one call, the newest lines.
    #[arg(long, value_name = "N")]
    log_kib: Option<u32>,
    /// Calls that may run at once in its slot.
    #[arg(long, value_name = "N")]
    calls_in_flight: Option<u32>,
    /// Whether WASI is there.
    #[arg(long)]
    wasi: Option<Wasi>,
    /// Fields of the facts beyond ids that it may see.
    #[arg(long = "grant", value_name = "FIELD", value_delimiter = ',')]
    grants: Vec<String>,
    /// Why it is made.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Who makes it.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Activate {
    /// Which one.
    #[arg(value_name = "REL")]
    id: String,
    #[command(flatten)]
    how: How,
}

/// How a release comes into its slot.
#[derive(Debug, Args)]
pub(super) struct How {
    /// Only if a backtest over the newest so many decisions changes little enough.
    #[arg(long, value_name = "N", requires = "max_changed")]
    backtest: Option<u64>,
    /// So many in a hundred may change or fail in that backtest.
    #[arg(long, value_name = "PERCENT", requires = "backtest", value_parser = percent)]
    max_changed: Option<f64>,
    /// Asks it beside the active one; its answers are compared, never used.
    #[arg(long, conflicts_with = "canary")]
    shadow: bool,
    /// Lets it answer so many in a hundred companies, always the same ones.
    #[arg(long, value_name = "PERCENT")]
    canary: Option<u32>,
    /// Makes a shadow or canary the active one after so long, if it answered and crossed no bound.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    auto_promote_after: Option<u64>,
    /// Takes it back after so many failed calls, or, with a %, when more than so many in a hundred fail.
    #[arg(long, value_name = "N|N%", value_parser = errors)]
    auto_rollback_errors: Option<Errors>,
    /// Takes it back when more than one call in a hundred takes longer.
    #[arg(long, value_name = "N")]
    auto_rollback_p99_ms: Option<u64>,
    /// Takes it back when a call takes more fuel in the mean.
    #[arg(long, value_name = "N")]
    auto_rollback_fuel: Option<u64>,
    /// Takes a shadow back when more than so many in a hundred answers differ from those that held.
    #[arg(long, value_name = "PERCENT", value_parser = whole_percent)]
    auto_rollback_changed: Option<u32>,
}

/// How many failures take a release back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    Count(u64),
    Percent(u32),
}

#[derive(Debug, Subcommand)]
pub(super) enum Release {
    /// Makes one, which does not run yet.
    Create(Create),
    /// Lets it answer its slot's next request.
    Activate(Activate),
    /// Makes a shadow or a canary the active release.
    Promote {
        #[arg(value_name = "REL")]
        id: String,
    },
    /// Ends a shadow or a canary.
    Abort {
        #[arg(value_name = "REL")]
        id: String,
    },
    /// Lets a slot's former release answer again.
    Rollback {
        #[arg(value_name = "ATS/POLICY")]
        slot: SlotName,
        /// This one, not the one that was active before.
        #[arg(long, value_name = "REL")]
        to: Option<String>,
    },
    /// All of them, or a slot's.
    List {
        #[arg(value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
    },
    /// One of them.
    Show {
        #[arg(value_name = "REL")]
        id: String,
    },
    /// What one has otherwise than another.
    Diff {
        #[arg(value_name = "REL")]
        before: String,
        #[arg(value_name = "REL")]
        after: String,
    },
}

/// Sends and prints; or compares two of them.
pub(super) fn run(command: &Release, global: &Global, output: &Output) -> Result<(), Failure> {
    match command {
        Release::Diff { before, after } => {
            let [before, after] = [before, after].map(|id| answer(&Request::get(&["releases", id]), global));
            output.print(&diff::between(&before?, &after?))
        }
        _ => ask(&command.request()?, global, output),
    }
}

impl Release {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create(create) => create.made.request(&create.slot, &create.plugin)?,
            Self::Activate(activate) => activate.request(),
            Self::Promote { id } => Request::post(&["releases", id, "promote"], Fields::new()),
            Self::Abort { id } => Request::post(&["releases", id, "abort"], Fields::new()),
            Self::Rollback { slot, to } => Request::post(
                &["slots", &slot.ats, &slot.policy, "rollback"],
                Fields::new().with("to", to.as_deref()),
            ),
            Self::List { slot } => {
                let slot = slot.as_ref().map(ToString::to_string);
                Request::get(&["releases"]).query(&[("slot", slot.as_deref())])
            }
            Self::Show { id } | Self::Diff { before: id, .. } => Request::get(&["releases", id]),
        })
    }
}

impl Activate {
    fn request(&self) -> Request {
        Request::post(&["releases", &self.id, "activate"], self.how.fields())
    }
}

impl How {
    pub(super) fn fields(&self) -> Fields {
        let backtest = self.backtest.zip(self.max_changed);
        let backtest = backtest.map(|(last, most)| json!({ "last": last, "maxChangedPercent": most }));
        let (count, share) = match self.auto_rollback_errors {
            Some(Errors::Count(count)) => (Some(count), None),
            Some(Errors::Percent(share)) => (None, Some(share)),
            None => (None, None),
        };
        let bounds = Fields::new()
            .with("failures", count)
            .with("failedPercent", share)
            .with("p99Ms", self.auto_rollback_p99_ms)
            .with("fuelMean", self.auto_rollback_fuel)
            .with("changedPercent", self.auto_rollback_changed)
            .object();
        let has_bounds = bounds.as_object().is_some_and(|bounds| !bounds.is_empty());
        Fields::new()
            .with("backtest", backtest)
            .with("shadow", self.shadow.then_some(true))
            .with("canaryPercent", self.canary)
            .with("autoPromoteAfterSeconds", self.auto_promote_after)
            .with("autoRollback", has_bounds.then_some(bounds))
    }
}

impl Made {
    /// Makes a release of this plugin for this slot.
    pub(super) fn request(&self, slot: &SlotName, plugin: &str) -> Result<Request, Failure> {
        let on_failure = self.on_failure.map(|on_failure| match on_failure {
            OnFailure::Fallback => "fallback",
            OnFailure::LastGood => "last-good",
            OnFailure::Reject => "reject",
            OnFailure::Hold => "hold",
        });
        let wasi = self.wasi.map(|wasi| match wasi {
            Wasi::None => "none",
            Wasi::Minimal => "minimal",
        });
        let fields = Fields::new()
            .with("slot", Some(slot.to_string()))
            .with("plugin", Some(plugin))
            .with("settings", self.settings.as_deref().map(settings).transpose()?)
            .with("onFailure", on_failure)
            .with("fuel", self.fuel)
            .with("timeoutMs", self.timeout_ms)
            .with("memoryMib", self.memory_mib)
            .with("tableElements", self.table_elements)
            .with("inputKib", self.input_kib)
            .with("outputKib", self.output_kib)
            .with("logKib", self.log_kib)
            .with("callsInFlight", self.calls_in_flight)
            .with("wasi", wasi)
            .with_list("grants", &self.grants)
            .with("comment", self.comment.as_deref())
            .with("author", self.author.as_deref());
        Ok(Request::post(&["releases"], fields))
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    parse_duration(text).map(|duration| duration.as_secs()).map_err(|flaw| flaw.message)
}

fn whole_percent(text: &str) -> Result<u32, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| "must be a whole number from 0 to 100".to_owned())
}

fn errors(text: &str) -> Result<Errors, String> {
    if text.ends_with('%') {
        return whole_percent(text).map(Errors::Percent);
    }
    text.parse().map(Errors::Count).map_err(|_| "must be a number, or a number with %".to_owned())
}

/// The JSON of `JSON` or of the file of `@FILE`.
fn settings(argument: &str) -> Result<Value, Failure> {
    let malformed =
        |place: &str, error: serde_json::Error| Failure::Usage(format!("{place} is not JSON: {error}"));
    match argument.strip_prefix('@') {
        Some(file) => serde_json::from_slice(&plugin::read(Path::new(file))?)
            .map_err(|error| malformed(&format!("the file {file}"), error)),
        None => serde_json::from_str(argument).map_err(|error| malformed("--settings", error)),
    }
}
