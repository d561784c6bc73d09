//! Servers under load are processes of their own, so that their CPU time is theirs alone: this program again,
//! with a hidden argument.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use switchboard::clock::Clock;
use switchboard::config::{Config, Sources};
use switchboard::ids::Ids;
use switchboard::{Outside, Running, telemetry};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::lists::fill::fill;
use crate::load::{self, Requests};
use crate::{calls, furnish, policy, removal};

/// Before a role, whose words follow.
pub(crate) const FLAG: &str = "--child";

/// What a server is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Absent: the server's own.
    pub(crate) batch_max: Option<usize>,
    pub(crate) companies: usize,
    /// Spread over the companies.
    pub(crate) candidates: usize,
    /// Whether its log goes to a file, as a person has it; else to nowhere.
    pub(crate) keeps_log: bool,
}

/// A process that ends with this value.
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) told: Value,
    child: Child,
    /// Closing it ends the child.
    stdin: Option<ChildStdin>,
    _folder: TempDir,
}

impl Server {
    /// The real one, with what it needs to take interviews.
    pub(crate) fn start(wanted: Wanted) -> Self {
        let folder = folder();
        let words = [
            "server".to_owned(),
            folder.path().display().to_string(),
            wanted.batch_max.unwrap_or(0).to_string(),
            wanted.companies.to_string(),
            wanted.candidates.to_string(),
        ];
        let log = if wanted.keeps_log { folder.path().join("log") } else { "/dev/null".into() };
        Self::spawn(&words, &log, folder)
    }

    /// The real one, with a list of so many records of one noun.
    pub(crate) fn listing(noun: &str, records: usize) -> Self {
        let folder = folder();
        let words =
            ["lists".to_owned(), folder.path().display().to_string(), noun.to_owned(), records.to_string()];
        Self::spawn(&words, Path::new("/dev/null"), folder)
    }

    /// The real one, started on a file with so many scheduled attempts.
    pub(crate) fn calling(attempts: usize) -> Self {
        let folder = folder();
        let words = ["calls".to_owned(), folder.path().display().to_string(), attempts.to_string()];
        Self::spawn(&words, Path::new("/dev/null"), folder)
    }

    /// The real one, with companies that can be deleted and one that stays.
    pub(crate) fn removing(companies: usize, candidates: usize) -> Self {
        let folder = folder();
        let words = [
            "removal".to_owned(),
            folder.path().display().to_string(),
            companies.to_string(),
            candidates.to_string(),
        ];
        Self::spawn(&words, Path::new("/dev/null"), folder)
    }

    /// Hyper alone, whose every answer has a body of so many bytes.
    pub(crate) fn bare(body_bytes: usize) -> Self {
        let folder = folder();
        Self::spawn(&["bare".to_owned(), body_bytes.to_string()], Path::new("/dev/null"), folder)
    }

    fn spawn(words: &[String], log: &Path, folder: TempDir) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(FLAG)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(log).expect("a file for the log"))
            .spawn()
            .expect("this program runs again");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its words");
        BufReader::new(stdout).read_line(&mut line).expect("its words");
        let told: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("no server: {}", fs::read_to_string(log).unwrap_or_default()));
        let listen = told["listen"].as_str().and_then(|address| address.parse().ok()).expect("an address");
        let stdin = child.stdin.take();
        Self { listen, told, child, stdin, _folder: folder }
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        let nanos = tasks.filter_map(|task| {
            // A thread that just ended is not counted.
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Posts of new interviews, by every candidate there is; which job they are for decides the policy.
    pub(crate) fn interviews(&self) -> Requests {
        let key = self.told["key"].as_str().expect("a key");
        let lines =
            fs::read_to_string(self.told["candidates"].as_str().expect("a path")).expect("candidates");
        let requests = lines.lines().map(|line| {
            let mut ids = line.split(' ');
            let mut id = || ids.next().expect("three ids in a line");
            let path = format!("/interviews?companyId={}", id());
            let body = json!({ "agentId": id(), "candidateId": id() }).to_string();
            load::post(self.listen, &path, key, &body)
        });
        Requests::new(requests.collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        // It ends by itself.
        drop(self.child.wait());
    }
}

/// On the disk that the build lies on, which is a real one more often than the folder of temporary files.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder")
}

/// What a child does.
pub(crate) fn run(words: &[String]) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<usize>().expect("a number");
    match *words {
        ["server", folder, batch_max, companies, candidates] => {
            let batch_max = Some(number(batch_max)).filter(|most| *most > 0);
            let path = Path::new(folder).join("candidates");
            filled(Path::new(folder), batch_max, async |running, ids| {
                furnish::furnish(running, ids, number(companies), number(candidates), &path).await
            });
        }
        ["lists", folder, noun, records] => filled(Path::new(folder), None, async |running, ids| {
            fill(running, ids, noun, number(records)).await
        }),
        ["removal", folder, companies, candidates] => {
            let path = Path::new(folder).join("candidates");
            filled(Path::new(folder), None, async |running, ids| {
                removal::fill(running, ids, number(companies), number(candidates), &path).await
            });
        }
        ["calls", folder, attempts] => calls(Path::new(folder), number(attempts)),
        ["bare", body_bytes] => bare(number(body_bytes)),
        [policy::CALLS, calls] => policy::call_only(number(calls)),
        _ => panic!("no role: {words:?}"),
    }
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// Says what the parent needs to know, and waits until the parent wants the end.
fn serve_until_told(told: &Value) {
    println!("{told}");
    std::io::stdout().flush().expect("the parent listens");
    let mut nothing = Vec::new();
    drop(std::io::stdin().read_to_end(&mut nothing));
}

/// A server in this folder, and the source of its ids.
pub(crate) async fn start(folder: &Path, batch_max: Option<usize>) -> (Running, Ids) {
    let flags = vec![
        ("listen", "127.0.0.1:0".to_owned()),
        ("admin_listen", "127.0.0.1:0".to_owned()),
        ("data_dir", folder.join("data").display().to_string()),
        // One machine asks what a thousand partners would.
        ("limits.address_requests_per_minute", "0".to_owned()),
    ];
    let (config, _) = Config::load(Sources { flags, ..Sources::default() }).expect("settings");
    let mut outside = Outside::real(Clock::system());
    outside.trial.batch_max = batch_max;
    let ids = outside.ids.clone();
    (switchboard::start(config, outside).await.expect("a server"), ids)
}

/// The log of every request, as JSON, and nobody to trace for.
fn keep_log() {
    let flags = vec![("log_format", "json".to_owned())];
    let (config, _) = Config::load(Sources { flags, ..Sources::default() }).expect("settings");
    telemetry::install(&config).expect("a log");
}

/// A server that is filled first, and then serves until the parent wants the end.
fn filled(folder: &Path, batch_max: Option<usize>, fill: impl AsyncFnOnce(&Running, &Ids) -> Value) {
    keep_log();
    let threads = threads();
    let (running, ids) = threads.block_on(start(folder, batch_max));
    let told = threads.block_on(fill(&running, &ids));
    serve_until_told(&told);
    running.drain();
    threads.block_on(running.ended()).expect("a clean end");
}

fn calls(folder: &Path, attempts: usize) {
    keep_log();
    let threads = threads();
    let (running, ids) = threads.block_on(start(folder, None));
    let mut told = threads.block_on(calls::fill::fill(&running, &ids, attempts));
    running.drain();
    threads.block_on(running.ended()).expect("a clean end");
    let began = Instant::now();
    let (running, _) = threads.block_on(start(folder, None));
    told["startMillis"] = json!(began.elapsed().as_secs_f64() * 1e3);
    told["listen"] = json!(running.listen.to_string());
    serve_until_told(&told);
    running.drain();
    threads.block_on(running.ended()).expect("a clean end");
}

fn bare(body_bytes: usize) {
    let threads = threads();
    let body = Bytes::from("x".repeat(body_bytes));
    let socket = threads.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let listen = socket.local_addr().expect("an address");
    let mut accepting = JoinSet::new();
    let accept = async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = socket.accept().await {
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let body = body.clone();
            let service = service_fn(move |_| {
                let response = Response::new(Full::new(body.clone()));
                async move { Ok::<_, std::convert::Infallible>(response) }
            });
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    };
    accepting.spawn_on(accept, threads.handle());
    serve_until_told(&json!({ "listen": listen.to_string() }));
}
