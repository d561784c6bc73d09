//! The contract tried with other people's tools: a property tester that knows only the document, and a client
//! that is generated from it. Both talk to the real program, over a socket, with real keys.
//!
//! What they need of PyPI and npm is pinned in `tests/contract/requirements.txt` and
//! `examples/typescript/package-lock.json`, and is installed into `target/` and `node_modules/` here.

mod schemathesis;
mod server;
mod typescript;

use std::path::PathBuf;

use crate::step::{Failed, say, workspace_root};
use server::Server;

const HELP: &str = "\
cargo xtask contract [schemathesis [KEY]… | typescript] [--seed N] [--examples N]

  KEY is ats, company or worker; all of them when none is named.
  --seed N       the same seed gives the same requests [default: 1]
  --examples N   generated requests for each operation and phase [default: 20]";

/// What is tried.
#[derive(Debug)]
struct Wanted {
    schemathesis: Vec<schemathesis::Key>,
    typescript: bool,
    seed: String,
    examples: String,
}

/// Everything that is wanted is tried, each against a server of its own; the first failure ends it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let Some(wanted) = wanted(arguments)? else {
        say(HELP);
        return Ok(());
    };
    crate::build_everything()?;
    if wanted.typescript {
        let server = Server::start("typescript")?;
        typescript::walk(&server)?;
        server.end()?;
    }
    if !wanted.schemathesis.is_empty() {
        let program = schemathesis::install()?;
        for key in wanted.schemathesis {
            let server = Server::start(key.as_str())?;
            schemathesis::run(&program, &server, key, &wanted.seed, &wanted.examples)?;
            server.end()?;
        }
    }
    Ok(())
}

/// Nothing: a person asks for help.
fn wanted(arguments: &[String]) -> Result<Option<Wanted>, Failed> {
    let all = schemathesis::Key::ALL.to_vec();
    let mut wanted =
        Wanted { schemathesis: all, typescript: true, seed: "1".to_owned(), examples: "20".to_owned() };
    let mut keys = Vec::new();
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--help" | "-h" => return Ok(None),
            "schemathesis" => wanted.typescript = false,
            "typescript" => wanted.schemathesis.clear(),
            "--seed" => number(words.next())?.clone_into(&mut wanted.seed),
            "--examples" => number(words.next())?.clone_into(&mut wanted.examples),
            word => match schemathesis::Key::parse(word) {
                Some(key) => keys.push(key),
                None => return Err(Failed::new(&format!("what is `{word}`?\n\n{HELP}"))),
            },
        }
    }
    if !keys.is_empty() {
        wanted.schemathesis = keys;
    }
    Ok(Some(wanted))
}

fn number(word: Option<&str>) -> Result<&str, Failed> {
    let number = word.filter(|word| word.parse::<u32>().is_ok());
    number.ok_or_else(|| Failed::new(&format!("a number is needed\n\n{HELP}")))
}

/// Where everything of these runs lies: virtual environment, data folders, logs, reports.
fn folder() -> PathBuf {
    workspace_root().join("target").join("contract")
}
