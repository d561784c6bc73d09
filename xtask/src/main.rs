//! `cargo xtask`: what a person types besides cargo's own commands.

mod fuzz;
mod guests;
mod lint;
mod step;

use std::process::ExitCode;

use step::{Failed, built, cargo, program};

const HELP: &str = "\
cargo xtask COMMAND

  build          the plugins, then everything else
  build-guests   the plugins only: target/policies/*.wasm
  demo [ARGS]    the plugins, then `switchboard demo ARGS`
  test [ARGS]    the plugins and the server, then `cargo test --workspace ARGS`
  lint           formatting, clippy for the host and for the plugins, the documentation, licences
  bench [ARGS]   `cargo bench -p switchboard-tests ARGS`, an optimised build
  fuzz [TARGET]  each fuzz target for a short time; needs cargo-fuzz, and `cargo xtask fuzz --help` says more";

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
        "build" => build_everything(),
        "build-guests" => guests::build(),
        "demo" => {
            build_everything()?;
            program("run the demo", &built("switchboard")?).args(["demo"]).args(rest).run()
        }
        "test" => {
            // The tests start the real program, which `cargo test` of another package does not build.
            build_everything()?;
            cargo("test the workspace", &["test", "--workspace"]).args(rest).run()
        }
        "lint" => lint::run(),
        "fuzz" => fuzz::run(rest),
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

/// The plugins, then the rest. Always the whole: the features of a dependency follow from the packages that are chosen, and wasmtime is to be
/// compiled once.
fn build_everything() -> Result<(), Failed> {
    guests::build()?;
    cargo("build the workspace", &["build", "--workspace"]).run()
}
