//! `cargo xtask`: what a person types besides cargo's own commands.

mod guests;
mod lint;
mod step;

use std::process::ExitCode;

use step::{Failed, cargo, program};

const HELP: &str = "\
cargo xtask COMMAND

  build          the plugins, then everything else
  build-guests   the plugins only: target/policies/*.wasm
  demo [ARGS]    the plugins, then `switchboard demo ARGS`
  test [ARGS]    the plugins and the server, then `cargo test --workspace ARGS`
  lint           formatting, clippy for the host and for the plugins, the documentation, licences
  bench [ARGS]   `cargo bench -p switchboard-tests ARGS`, an optimised build";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((command, rest)) => run(command, rest),
        None => Err(Failed::new(HELP)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            step::say(&failed.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Result<(), Failed> {
    match command {
        "build" => {
            guests::build()?;
            build_workspace()
        }
        "build-guests" => guests::build(),
        "demo" => {
            guests::build()?;
            build_workspace()?;
            program("run the demo", &server()?).args(["demo"]).args(rest).run()
        }
        "test" => {
            guests::build()?;
            // The tests start the real program, which `cargo test` of another package does not build.
            build_workspace()?;
            cargo("test the workspace", &["test", "--workspace"]).args(rest).run()
        }
        "lint" => lint::run(),
        "bench" => {
            guests::build()?;
            cargo("measure", &["bench", "-p", "switchboard-tests"]).args(rest).run()
        }
        "help" | "--help" | "-h" => {
            step::say(HELP);
            Ok(())
        }
        unknown => Err(Failed::new(&format!("there is no command `{unknown}`\n\n{HELP}"))),
    }
}

/// Always the whole: the features of a dependency follow from the packages that are chosen, and wasmtime is to be
/// compiled once.
fn build_workspace() -> Result<(), Failed> {
    cargo("build the workspace", &["build", "--workspace"]).run()
}

/// The program, which lies beside this one.
fn server() -> Result<std::ffi::OsString, Failed> {
    let here =
        std::env::current_exe().map_err(|error| Failed::new(&format!("xtask: where am I? {error}")))?;
    Ok(here.with_file_name("switchboard").into_os_string())
}
