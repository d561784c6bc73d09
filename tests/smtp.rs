//! A mail server on a real socket, which does at any step of the conversation what a test wants: refuse, cut, wait, or
//! be gone for a while. It keeps what it took, also where it never said so.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::letter::Letter;

/// A place in the conversation: what the client has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Connected.
    Connect,
    /// Said `EHLO`.
    Hello,
    /// Named the sender.
    From,
    /// Named the receiver.
    To,
    /// Announced the letter.
    Data,
    /// Sent the letter, which is kept from here on.
    Letter,
    /// Heard that it was taken.
    Yes,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 7] =
        [Self::Connect, Self::Hello, Self::From, Self::To, Self::Data, Self::Letter, Self::Yes];
}

/// What the server does at a step instead of going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers this.
    Say(&'static str),
    /// Ends the connection.
    Cut,
    /// Says nothing any more, and tells the test ([`Smtp::reached`]).
    Hang,
}

/// How the connection is sealed.
#[derive(Debug, Clone, Default)]
pub enum Seal {
    /// Not at all.
    #[default]
    None,
    /// After `STARTTLS`.
    Upgraded(Arc<ServerConfig>),
    /// From the first byte.
    Wrapped(Arc<ServerConfig>),
}

/// What a server can do.
#[derive(Debug, Clone, Default)]
pub struct Ability {
    /// How it is sealed; where it can be, it takes no letter otherwise.
    pub seal: Seal,
    /// `\0user\0password` in Base64: who is let in. Everybody, if there is none.
    pub login: Option<&'static str>,
    /// Whether it takes addresses beyond ASCII.
    pub utf8: bool,
}

#[derive(Debug, Default)]
struct State {
    taken: Mutex<Vec<Letter>>,
    faults: Mutex<VecDeque<(Step, Fault)>>,
    reached: Notify,
    changed: Notify,
    ability: Ability,
}

/// A server that listens as long as it is there.
#[derive(Debug)]
pub struct Smtp {
    /// Where.
    pub address: SocketAddr,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

/// Far beyond what a mail over loopback takes.
const PATIENCE: Duration = Duration::from_secs(30);

impl Smtp {
    /// One that takes everything in clear.
    pub async fn start() -> Self {
        Self::with(Ability::default()).await
    }

    /// One that can do this.
    pub async fn with(ability: Ability) -> Self {
        let state = Arc::new(State { ability, ..State::default() });
        Self::listen("127.0.0.1:0".parse().expect("an address"), state).await
    }

    async fn listen(address: SocketAddr, state: Arc<State>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&state);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let state = Arc::clone(&shared);
                // Whatever goes wrong there, the client notices.
                connections.spawn(async move { drop(converse(Box::new(stream), &state).await) });
            }
        });
        Self { address, state, _serving: serving }
    }

    /// Goes away; what comes back at the same address remembers.
    #[must_use]
    pub fn leave(self) -> Gone {
        Gone { address: self.address, state: self.state }
    }

    /// Lets it do this when the step is reached next, once.
    pub fn fault(&self, step: Step, fault: Fault) {
        self.state.faults.lock().unwrap_or_else(PoisonError::into_inner).push_back((step, fault));
    }

    /// Waits until a step is reached at which it hangs.
    pub async fn reached(&self) {
        let reached = tokio::time::timeout(PATIENCE, self.state.reached.notified()).await;
        reached.expect("the client comes to the step");
    }

    /// What it took so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Letter> {
        self.state.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has taken so many.
    pub async fn has_taken(&self, count: usize) -> Vec<Letter> {
        let enough = async {
            while self.taken().len() < count {
                self.state.changed.notified().await;
            }
        };
        let come = tokio::time::timeout(PATIENCE, enough).await;
        come.unwrap_or_else(|_| panic!("{} of {count} letters came", self.taken().len()));
        self.taken()
    }

    /// The setting that leads here.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

/// A server that went away.
#[derive(Debug)]
pub struct Gone {
    address: SocketAddr,
    state: Arc<State>,
}

impl Gone {
    /// Comes back at the same address.
    pub async fn come_back(self) -> Smtp {
        Smtp::listen(self.address, self.state).await
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type AnyStream = BufReader<Box<dyn Stream>>;

/// Whether the conversation goes on.
enum Next {
    On,
    /// It does, but not to what would have come.
    Refused,
    Over,
}

async fn converse(stream: Box<dyn Stream>, state: &State) -> io::Result<()> {
    let mut is_sealed = false;
    let mut stream = BufReader::new(match &state.ability.seal {
        Seal::Wrapped(tls) => {
            is_sealed = true;
            sealed(stream, tls).await?
        }
        Seal::None | Seal::Upgraded(_) => stream,
    });
    if let Next::Over = step(&mut stream, state, Step::Connect, "220 test.example ESMTP").await? {
        return Ok(());
    }
    let mut is_known = state.ability.login.is_none();
    loop {
        let Some(line) = line(&mut stream).await? else { return Ok(()) };
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let is_open = is_known && (is_sealed || matches!(state.ability.seal, Seal::None));
        let next = match verb.as_str() {
            "EHLO" => step(&mut stream, state, Step::Hello, &abilities(state, is_sealed)).await?,
            "STARTTLS" => {
                let Seal::Upgraded(tls) = &state.ability.seal else {
                    say(&mut stream, "502 no").await?;
                    continue;
                };
                say(&mut stream, "220 go on").await?;
                stream = BufReader::new(sealed(stream.into_inner(), tls).await?);
                is_sealed = true;
                Next::On
            }
            "AUTH" => {
                is_known = state.ability.login.is_some_and(|login| line.ends_with(&format!(" {login}")));
                say(&mut stream, if is_known { "235 welcome" } else { "535 5.7.8 who are you" }).await?;
                Next::On
            }
            "MAIL" | "RCPT" | "DATA" if !is_open => {
                say(&mut stream, "530 5.7.0 not so").await?;
                Next::On
            }
            "MAIL" => step(&mut stream, state, Step::From, "250 ok").await?,
            "RCPT" => step(&mut stream, state, Step::To, "250 ok").await?,
            "DATA" => match step(&mut stream, state, Step::Data, "354 go on").await? {
                Next::On => take(&mut stream, state).await?,
                other => other,
            },
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                Next::Over
            }
            "RSET" | "NOOP" => {
                say(&mut stream, "250 ok").await?;
                Next::On
            }
            _ => {
                say(&mut stream, "500 what").await?;
                Next::On
            }
        };
        if let Next::Over = next {
            return Ok(());
        }
    }
}

fn abilities(state: &State, is_sealed: bool) -> String {
    let mut lines = vec!["test.example", "8BITMIME"];
    if state.ability.utf8 {
        lines.push("SMTPUTF8");
    }
    if matches!(state.ability.seal, Seal::Upgraded(_)) && !is_sealed {
        lines.push("STARTTLS");
    }
    if state.ability.login.is_some() {
        lines.push("AUTH PLAIN");
    }
    let last = lines.len() - 1;
    let told = lines.iter().enumerate();
    let told = told.map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }));
    told.collect::<Vec<_>>().join("\r\n")
}

/// Reads the letter to its end; it is kept before anything is said.
async fn take(stream: &mut AnyStream, state: &State) -> io::Result<Next> {
    let mut text = String::new();
    loop {
        let Some(line) = line(stream).await? else { return Ok(Next::Over) };
        if line == "." {
            break;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
    let is_refused =
        next_fault(state, Step::Letter, true).is_some_and(|fault| matches!(fault, Fault::Say(_)));
    if !is_refused {
        state.taken.lock().unwrap_or_else(PoisonError::into_inner).push(Letter::new(text.as_bytes()));
        state.changed.notify_one();
    }
    match step(stream, state, Step::Letter, "250 taken").await? {
        other @ (Next::Refused | Next::Over) => Ok(other),
        Next::On => match next_fault(state, Step::Yes, false) {
            Some(fault) => act(stream, state, fault).await,
            None => Ok(Next::On),
        },
    }
}

/// Answers a step, or does what a test wants instead.
async fn step(stream: &mut AnyStream, state: &State, step: Step, answer: &str) -> io::Result<Next> {
    match next_fault(state, step, false) {
        Some(fault) => act(stream, state, fault).await,
        None => {
            say(stream, answer).await?;
            Ok(Next::On)
        }
    }
}

async fn act(stream: &mut AnyStream, state: &State, fault: Fault) -> io::Result<Next> {
    match fault {
        Fault::Say(answer) => {
            say(stream, answer).await?;
            Ok(Next::Refused)
        }
        Fault::Cut => Ok(Next::Over),
        Fault::Hang => {
            state.reached.notify_one();
            // Until the client is gone.
            while line(stream).await?.is_some() {}
            Ok(Next::Over)
        }
    }
}

/// The fault that waits for this step, if it is the next one.
fn next_fault(state: &State, step: Step, is_peek: bool) -> Option<Fault> {
    let mut faults = state.faults.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, fault) = faults.front().copied().filter(|(wanted, _)| *wanted == step)?;
    if !is_peek {
        faults.pop_front();
    }
    Some(fault)
}

async fn sealed(stream: Box<dyn Stream>, tls: &Arc<ServerConfig>) -> io::Result<Box<dyn Stream>> {
    Ok(Box::new(TlsAcceptor::from(Arc::clone(tls)).accept(stream).await?))
}

async fn line(stream: &mut AnyStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn say(stream: &mut AnyStream, answer: &str) -> io::Result<()> {
    stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
    stream.get_mut().flush().await
}
