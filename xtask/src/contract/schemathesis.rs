//! schemathesis: requests made from the document alone, right ones and wrong ones, alone and in chains, and every
//! answer held against it. Which checks, and each exception with its reason: `tests/contract/schemathesis.toml`;
//! what makes values that a schema cannot describe: `tests/contract/hooks.py`.

use std::ffi::OsString;
use std::path::PathBuf;

use super::folder;
use super::server::{NOW, Server};
use crate::step::{Failed, program, say, workspace_root};

/// Who asks. Each kind of key gets a run, since each is answered otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Ats,
    Company,
    Worker,
}

impl Key {
    pub(super) const ALL: [Self; 3] = [Self::Ats, Self::Company, Self::Worker];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ats => "ats",
            Self::Company => "company",
            Self::Worker => "worker",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == word)
    }

    fn secret(self, server: &Server) -> &str {
        match self {
            Self::Ats => &server.ats_key,
            Self::Company => &server.company_key,
            Self::Worker => &server.worker_key,
        }
    }
}

/// Makes the virtual environment be what the requirements say; the program's path.
pub(super) fn install() -> Result<OsString, Failed> {
    let environment = folder().join("python");
    let python = environment.join("bin").join("python");
    if !python.is_file() {
        program("make a virtual environment (Python 3.10 or newer with venv is needed)", &"python3".into())
            .args([OsString::from("-m"), "venv".into(), environment.clone().into()])
            .run()?;
    }
    let requirements = ours().join("requirements.txt");
    program("install schemathesis", &python.into_os_string())
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
        ])
        .args([requirements])
        .run()?;
    Ok(environment.join("bin").join("schemathesis").into_os_string())
}

/// One run with one key. Its report stays in `target/contract`.
pub(super) fn run(
    schemathesis: &OsString,
    server: &Server,
    key: Key,
    seed: &str,
    examples: &str,
) -> Result<(), Failed> {
    let name = key.as_str();
    let report = folder().join(format!("{name}-report.json"));
    say(&format!(
        "xtask: schemathesis with the {name} key, seed {seed}, {examples} examples; {}",
        report.display()
    ));
    program("hold the server to its document", schemathesis)
        .args([OsString::from("--config-file"), ours().join("schemathesis.toml").into()])
        .args(["run", &format!("{}/openapi.json", server.url), "--seed", seed, "--max-examples", examples])
        .args(["--no-color", "--report", "json", "--report-json-path"])
        .args([report])
        .env("SWITCHBOARD_CONTRACT_URL", &server.url)
        .env("SWITCHBOARD_CONTRACT_KEY", key.secret(server))
        .env("SWITCHBOARD_CONTRACT_KIND", name)
        .env("SWITCHBOARD_CONTRACT_ATS_KEY", &server.ats_key)
        .env("SWITCHBOARD_CONTRACT_COMPANY", &server.company_id)
        .env("SWITCHBOARD_CONTRACT_PHONE_NUMBER", &server.phone_number_id)
        .env("SWITCHBOARD_CONTRACT_NOW", NOW)
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", ours())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()
}

fn ours() -> PathBuf {
    workspace_root().join("tests").join("contract")
}
