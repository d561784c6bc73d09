//! The one binary: the server, and the commands that are clients of its admin API.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
