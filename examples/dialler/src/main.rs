//! `switchboard-dialler`: calls nobody, and does so convincingly.

#![expect(clippy::print_stdout, reason = "it talks to a person")]

use clap::Parser;
use switchboard_dialler::network::{Course, Network};
use switchboard_dialler::{Settings, Told, run};
use tokio::sync::watch;

/// A telephony worker with a simulated telephone network.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The partners' address of the server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An API key of the kind worker: `switchboard key create --kind worker`.
    #[arg(long, env = "SWITCHBOARD_WORKER_KEY", hide_env_values = true)]
    key: String,
    /// Calls at once.
    #[arg(long, default_value_t = 4)]
    lines: usize,
    /// How long the server waits for a sign of life.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=900))]
    lease: u64,
    /// Seconds of a call that pass in one real second.
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
    /// The same seed lets the same attempt end alike.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lets every call end so: COMPLETED, NO_ANSWER, BUSY, VOICEMAIL, DECLINED, INVALID_NUMBER, NETWORK_ERROR,
    /// AGENT_ERROR, or LOST for a worker that vanishes.
    #[arg(long, value_name = "OUTCOME", value_parser = course)]
    always: Option<Course>,
}

fn course(word: &str) -> Result<Course, String> {
    Course::parse(word).ok_or_else(|| "must be an outcome of the protocol, or LOST".to_owned())
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let network = Network { always: arguments.always, ..Network::new(arguments.seed) };
    let settings = Settings {
        url: arguments.url,
        key: arguments.key,
        lines: arguments.lines,
        lease_seconds: arguments.lease,
        speed: arguments.speed,
        network,
    };
    let (stop, stopped) = watch::channel(false);
    let calls = run(settings, stopped, |told| match told {
        Told::Called { to, course: Course::Answered { seconds } } => {
            println!("{to} answered and talked for {seconds} s");
        }
        Told::Called { to, course: Course::Lost } => println!("{to}: the line was lost"),
        Told::Called { to, course } => println!("{to}: {}", course.outcome()),
        Told::Failed(why) => println!("{why}"),
    });
    tokio::select! {
        () = calls => {}
        // Without signals it runs until it is killed.
        _ = tokio::signal::ctrl_c() => drop(stop),
    }
}
