//! The real program, as a process of its own: what tests start, signal, kill and read.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::document::{self, Listener};

/// A `switchboard serve` that listens, with its log lines read as JSON.
#[derive(Debug)]
pub struct Process {
    /// Where partners are served.
    pub listen: SocketAddr,
    /// Where operators are served.
    pub admin: SocketAddr,
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

/// How a command of the program ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit status; −1 when a signal ended it.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// The program that `cargo xtask test` builds: it lies beside the folder of the test executables.
#[must_use]
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("a test knows where it lies");
    let folder = tests.ancestors().nth(2).expect("test executables lie in <target>/<profile>/deps");
    let program = folder.join(format!("switchboard{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is missing: run `cargo xtask test`, which builds it, or `cargo build -p switchboard` before \
         `cargo test`",
        program.display()
    );
    program
}

/// The program without the settings of the person who runs the tests.
#[must_use]
pub fn command() -> Command {
    clean(Command::new(program()))
}

/// Takes away what would change the program's settings.
fn clean(mut command: Command) -> Command {
    for name in [
        "ADMIN",
        "ADMIN_TOKEN",
        "CONFIG",
        "DATA_DIR",
        "LISTEN",
        "ADMIN_LISTEN",
        "LOG",
        "LOG_FORMAT",
        "TELEMETRY_OTLP_ENDPOINT",
    ] {
        command.env_remove(format!("SWITCHBOARD_{name}"));
    }
    // The tests' own switches, which are no settings.
    for name in ["REQUIRE_BROWSER", "REQUIRE_SMTP", "SMTP_PYTHON", "ACCEPT_DOCUMENT"] {
        command.env_remove(format!("SWITCHBOARD_{name}"));
    }
    command
}

/// Runs the program to its end.
#[must_use]
pub fn run(arguments: &[&str]) -> Ended {
    ended(command().args(arguments))
}

/// Runs a line of a shell, with the checkout as its folder, as a person pastes it.
#[must_use]
pub fn paste(line: &str, environment: &[(&str, &str)]) -> Ended {
    let mut shell = clean(Command::new("sh"));
    ended(shell.arg("-c").arg(line).current_dir(checkout()).envs(environment.iter().copied()))
}

/// The folder of the checkout.
#[must_use]
pub fn checkout() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

fn ended(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().expect("the program can be started");
    output.into()
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Ended {
    /// What was printed, as JSON; the command must have succeeded without a complaint.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The complaint, if it ended with this status and printed nothing.
    #[track_caller]
    pub fn complained(&self, status: i32) -> &str {
        assert_eq!((self.status, self.stdout.as_str()), (status, ""), "{self:?}");
        assert!(!self.stderr.trim().is_empty(), "a failure without a sentence");
        &self.stderr
    }
}

impl Process {
    /// Serves on a folder and free ports, with a steerable clock. Panics when it does not get to listen.
    #[must_use]
    #[track_caller]
    pub fn serve(folder: &Path, clock: &str) -> Self {
        Self::serve_with(folder, clock, &[])
    }

    /// The same with more options.
    #[must_use]
    #[track_caller]
    pub fn serve_with(folder: &Path, clock: &str, more: &[&str]) -> Self {
        Self::serve_in(folder, clock, more, &[])
    }

    /// The same in another environment.
    #[must_use]
    #[track_caller]
    pub fn serve_in(folder: &Path, clock: &str, more: &[&str], environment: &[(&str, String)]) -> Self {
        let folder = folder.display().to_string();
        let mut command = command();
        command.args(["serve", "--data-dir", &folder, "--dev-clock", clock]).args(FREE_PORTS).args(more);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        Self::start(command.args(["--log-format", "json"]))
    }

    #[track_caller]
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program can be started");
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (listen, admin) = loop {
            let mut line = String::new();
            stderr.read_line(&mut line).expect("text");
            let Ok(line) = serde_json::from_str::<Value>(&line) else {
                stderr.read_to_string(&mut line).expect("text");
                drop(child.kill());
                panic!("the server did not start: {line}");
            };
            let address = |name: &str| line[name].as_str().and_then(|text| text.parse().ok());
            let found = (line["event"] == "listening").then(|| (address("listen"), address("admin")));
            lines.lock().expect("no reader panics").push(line);
            if let Some((Some(listen), Some(admin))) = found {
                break (listen, admin);
            }
        };
        document::hold(listen, Listener::Partners);
        document::hold(admin, Listener::Operators);
        let kept = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().expect("no reader panics").push(line);
            }
        });
        Self { listen, admin, child, lines, reader: Some(reader) }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(sent.expect("a shell").success(), "the signal {name} was not sent");
    }

    /// Ends it at once, as a power switch does to a process.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.wait();
    }

    /// Asks it to end and waits until it has.
    #[must_use]
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("it was started");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the lines are read");
        }
        status
    }

    /// The log lines until now.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.lines.lock().expect("no reader panics").clone()
    }

    /// Waits for a log line with this in its `event`.
    #[must_use]
    #[track_caller]
    pub fn line(&self, event: &str) -> Value {
        for _ in 0..PATIENCE {
            let found = self
                .lines()
                .into_iter()
                .find(|line| line["event"].as_str().is_some_and(|text| text.contains(event)));
            match found {
                Some(line) => return line,
                None => std::thread::sleep(GLANCE),
            }
        }
        panic!("no log line tells `{event}`: {:#?}", self.lines());
    }
}

/// A test that panics leaves no server behind.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Options for servers that must not meet.
pub const FREE_PORTS: [&str; 4] = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

/// Another process writes its line when it is scheduled; twenty seconds are far beyond that.
const PATIENCE: u32 = 2000;
const GLANCE: std::time::Duration = std::time::Duration::from_millis(10);
