//! A telephony worker with a telephone network that is only simulated. It speaks the dialler protocol over HTTP, as a
//! real one would: claim, heartbeat, complete, and the analysis after a conversation.
//!
//! What a call comes to follows from a seed and the attempt's id alone, so that a run can be repeated.

pub mod client;
pub mod network;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use client::{Client, Failure};
use network::{Course, Network};

/// A claim waits so long for an attempt, and then asks again.
const WAIT_SECONDS: u64 = 20;
/// After a failure: the server is restarted, or overloaded.
const PAUSE: Duration = Duration::from_secs(1);

/// How a dialler works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://127.0.0.1:8080`
    pub url: String,
    /// Of the kind worker.
    pub key: String,
    /// Calls at once.
    pub lines: usize,
    /// How long the server waits for a sign of life, in seconds.
    pub lease_seconds: u64,
    /// Seconds of a call that pass in one real second.
    pub speed: f64,
    /// What the telephone network is like.
    pub network: Network,
}

/// What happened on a line, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A call, and what it came to.
    Called {
        /// The number, but for its end.
        to: String,
        /// What happened.
        course: Course,
    },
    /// The server said no, or could not be reached.
    Failed(String),
}

/// Calls until it is told to stop, or the sender is gone. Calls in progress are dropped then: their leases run out.
pub async fn run(
    settings: Settings,
    stop: watch::Receiver<bool>,
    tell: impl Fn(Told) + Clone + Send + Sync + 'static,
) {
    let mut lines = JoinSet::new();
    for _ in 0..settings.lines {
        let (settings, mut stop, tell) = (settings.clone(), stop.clone(), tell.clone());
        lines.spawn(async move {
            let mut line = Line::new(settings);
            tokio::select! {
                () = line.work(&tell) => {}
                // An error means that the sender is gone.
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }
    while lines.join_next().await.is_some() {}
}

/// One line: one call after another.
#[derive(Debug)]
pub struct Line {
    settings: Settings,
    client: Client,
}

impl Line {
    /// A line that has not called yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let client = Client::new(&settings.url, &settings.key);
        Self { settings, client }
    }

    async fn work(&mut self, tell: &impl Fn(Told)) {
        loop {
            let told = match self.next(WAIT_SECONDS).await {
                Ok(None) => continue,
                Ok(Some(told)) => told,
                Err(failure) => {
                    tell(Told::Failed(failure.to_string()));
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            tell(told);
        }
    }

    /// Claims one attempt, waiting so long, and calls.
    ///
    /// # Errors
    /// The server says no, or is not reached.
    pub async fn next(&mut self, wait_seconds: u64) -> Result<Option<Told>, Failure> {
        let body =
            json!({ "max": 1, "leaseSeconds": self.settings.lease_seconds, "waitSeconds": wait_seconds });
        let claimed = self.client.post("/worker/call-attempts/claim", &body).await?;
        match claimed["attempts"].get(0) {
            Some(attempt) => self.call(attempt).await.map(Some),
            None => Ok(None),
        }
    }

    /// Calls, and says how it went; a line that is lost says nothing.
    ///
    /// # Errors
    /// The server says no, or is not reached.
    pub async fn call(&mut self, attempt: &Value) -> Result<Told, Failure> {
        let course = self.settings.network.course(text(attempt, "id"));
        let told = Told::Called { to: masked(text(attempt, "to")), course };
        if course == Course::Lost {
            return Ok(told);
        }
        self.talk(attempt, course.seconds()).await?;
        let mut body = json!({
            "leaseToken": attempt["leaseToken"],
            "outcome": course.outcome(),
            "durationSeconds": course.conversation_seconds(),
        });
        if let Course::Answered { .. } = course {
            body["recordingUrl"] = format!("https://recordings.example/{}.ogg", text(attempt, "id")).into();
        }
        let path = format!("/worker/call-attempts/{}/complete", text(attempt, "id"));
        self.client.post(&path, &body).await?;
        if let Course::Answered { .. } = course {
            let analysis = network::analysis(&self.settings.network, text(attempt, "id"));
            let path = format!("/worker/interviews/{}/analysis", text(attempt, "interviewId"));
            match self.client.post(&path, &analysis).await {
                // The interview was deleted meanwhile: nobody wants it any more.
                Err(Failure::Refused { status: 404, .. }) => {}
                delivered => drop(delivered?),
            }
        }
        Ok(told)
    }

    /// Lets the call's time pass, with a sign of life three times in each lease.
    async fn talk(&mut self, attempt: &Value, seconds: u32) -> Result<(), Failure> {
        let path = format!("/worker/call-attempts/{}/heartbeat", text(attempt, "id"));
        let mut left = Duration::from_secs_f64(f64::from(seconds) / self.settings.speed.max(0.001));
        let beat = Duration::from_secs(self.settings.lease_seconds) / 3;
        while beat < left {
            tokio::time::sleep(beat).await;
            left -= beat;
            self.client.post(&path, &json!({ "leaseToken": attempt["leaseToken"] })).await?;
        }
        tokio::time::sleep(left).await;
        Ok(())
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// Whom it was is nobody's business on a screen.
fn masked(number: &str) -> String {
    format!("{}…", number.get(..number.len().saturating_sub(4)).unwrap_or_default())
}
