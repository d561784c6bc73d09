//! Decisions as scenarios: what a plugin's tests and replays need of them, without the server that recorded them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::Decision;
use crate::cli::client::Server;
use crate::cli::failure::Failure;
use crate::cli::request::Request;

/// Decisions of one request: as many as the server lists at once.
pub(super) const PAGE: usize = 1000;

/// What one call of the release may use.
const LIMITS: [&str; 8] =
    ["fuel", "timeoutMs", "memoryMib", "tableElements", "inputKib", "outputKib", "logKib", "callsInFlight"];

/// Makes scenarios of decisions; asks for each release once.
pub(super) struct Scenarios<'a> {
    server: &'a Server,
    releases: BTreeMap<String, Value>,
}

impl<'a> Scenarios<'a> {
    pub(super) fn of(server: &'a Server) -> Self {
        Self { server, releases: BTreeMap::new() }
    }

    /// What the release that was asked first was told, and what it said. What a failure ladder said instead is
    /// no matter of that plugin.
    pub(super) async fn scenario(&mut self, decision: &Value) -> Result<Value, Failure> {
        let asked = &decision["asked"][0];
        let id = asked["release"].as_str().unwrap_or_default();
        if id.is_empty() {
            let sentence =
                format!("decision {} asked no release", decision["id"].as_str().unwrap_or_default());
            return Err(Failure::Refused(sentence));
        }
        if !self.releases.contains_key(id) {
            let release = self.server.send(&Request::get(&["releases", id])).await?;
            self.releases.insert(id.to_owned(), release);
        }
        let release = &self.releases[id];
        let expected = match &asked["failure"] {
            Value::Null => asked["answer"].clone(),
            failure => json!({ "failure": failure }),
        };
        Ok(json!({
            "name": format!("decision {}", decision["id"].as_str().unwrap_or_default()),
            "decision": decision["id"],
            "at": decision["at"],
            "slot": decision["slot"],
            "policy": decision["policy"],
            "policyVersion": decision["policyVersion"],
            "release": asked["release"],
            "plugin": release["plugin"],
            "version": release["version"],
            "limits": LIMITS.iter().map(|name| ((*name).to_owned(), release[name].clone())).collect::<Value>(),
            "wasi": release["wasi"],
            "settings": release["settings"],
            "input": decision["facts"],
            "expected": expected,
            "fuel": asked["fuel"],
        }))
    }
}

/// Writes the file. It is there when it is whole, and only its owner may read it: it tells of people.
pub(super) async fn run(
    command: &Decision,
    file: &Path,
    last: usize,
    server: &Server,
) -> Result<Value, Failure> {
    let unwritten = |error: std::io::Error| {
        Failure::Refused(format!("the file {} cannot be written: {error}", file.display()))
    };
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let opened = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let mut out = BufWriter::new(opened.map_err(unwritten)?);
    let mut scenarios = Scenarios::of(server);
    let (mut written, mut before) = (0, None);
    loop {
        let page = server.send(&command.page(before.as_deref())).await?;
        let decisions = page.as_array().map(Vec::as_slice).unwrap_or_default();
        for decision in decisions.iter().take(last - written) {
            let line = scenarios.scenario(decision).await?;
            writeln!(out, "{line}").map_err(unwritten)?;
            written += 1;
        }
        before = decisions.last().and_then(|decision| decision["id"].as_str()).map(str::to_owned);
        if decisions.len() < PAGE || written == last {
            break;
        }
    }
    out.into_inner().map_err(|error| unwritten(error.into_error()))?.sync_all().map_err(unwritten)?;
    fs::rename(&partial, file).map_err(unwritten)?;
    Ok(json!({ "file": file.display().to_string(), "decisions": written }))
}
