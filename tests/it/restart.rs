//! Fifty times kill −9 of the real process under concurrent writes, on one folder: what was answered is there,
//! what was not answered can be sent again and happens once, and nothing is half-written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::store::{Backing, Options, Store, check};
use switchboard_tests::{Client, Process, process};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const ROUNDS: usize = 50;
const CLIENTS: usize = 6;

/// The closed file is walked as a whole every so many rounds.
const WALK_EVERY: usize = 10;

/// A POST with what it was answered, if it was.
#[derive(Debug, Clone)]
struct Write {
    path: &'static str,
    idempotency_key: String,
    body: Value,
    answer: Option<Bytes>,
}

/// What every client of a round knows.
#[derive(Debug)]
struct Shared {
    key: String,
    agent_id: String,
    job_id: String,
    answers: AtomicUsize,
    enough: usize,
    reached: Notify,
}

impl Write {
    fn of_candidate(shared: &Shared, name: &str) -> Self {
        let body = json!({
            "firstName": name, "lastName": "Candidate", "email": format!("{name}@example.com"),
            "gdprExpiryDate": "2199-12-31", "jobIds": [shared.job_id],
        });
        Self { path: "/candidates", idempotency_key: format!("candidate-{name}"), body, answer: None }
    }

    fn of_interview(shared: &Shared, name: &str, candidate: &Value) -> Self {
        let body = json!({ "candidateId": candidate["id"], "agentId": shared.agent_id });
        Self { path: "/interviews", idempotency_key: format!("interview-{name}"), body, answer: None }
    }

    /// Sends it, also for the second time. False where the connection broke.
    async fn send(&mut self, client: &mut Client) -> bool {
        let headers = [("Idempotency-Key", self.idempotency_key.as_str())];
        let body = Bytes::from(self.body.to_string());
        let Ok(answer) = client.try_send("POST", self.path, &headers, body).await else { return false };
        assert_eq!(answer.status, 201, "{self:?}: {}", String::from_utf8_lossy(&answer.bytes));
        if let Some(before) = &self.answer {
            assert_eq!(*before, answer.bytes, "a replay is the same, byte for byte");
            assert_eq!(answer.header("Idempotent-Replayed"), Some("true"));
        }
        self.answer = Some(answer.bytes);
        true
    }

    fn data(&self) -> Value {
        let bytes = self.answer.as_ref().expect("it was answered");
        serde_json::from_slice::<Value>(bytes).expect("JSON")["data"].clone()
    }

    /// The record is there as it was answered.
    async fn is_kept(&self, client: &mut Client) {
        let then = self.data();
        let now =
            client.get(&format!("{}/{}", self.path, then["id"].as_str().expect("an id"))).await.expect(200);
        match self.path {
            // Interviews that came later are counted in it.
            "/candidates" => assert_eq!((&now["email"], &now["jobIds"]), (&then["email"], &then["jobIds"])),
            _ => assert_eq!(now, then),
        }
    }
}

/// Writes candidates, each with its interview, until the connection breaks.
async fn write(shared: Arc<Shared>, mut client: Client, names: String) -> Vec<Write> {
    let mut writes: Vec<Write> = Vec::new();
    for index in 0.. {
        let name = format!("{names}x{index}");
        let mut candidate = Write::of_candidate(&shared, &name);
        let alive = candidate.send(&mut client).await;
        shared.count(alive);
        writes.push(candidate.clone());
        if !alive {
            break;
        }
        let mut interview = Write::of_interview(&shared, &name, &candidate.data());
        let alive = interview.send(&mut client).await;
        shared.count(alive);
        writes.push(interview);
        if !alive {
            break;
        }
    }
    writes
}

impl Shared {
    fn count(&self, answered: bool) {
        if answered && self.answers.fetch_add(1, Ordering::Relaxed) + 1 == self.enough {
            self.reached.notify_one();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_fifty_kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, job_id, agent_id) = furnish(folder.path()).await;
    let mut kept: Vec<Write> = Vec::new();
    let mut fresh: Vec<Write> = Vec::new();
    let mut broken = 0;
    for round in 0..=ROUNDS {
        let server = Process::serve(folder.path(), &moment(round));
        let mut client = Client::new(server.listen, Some(&key));
        // Nobody knows about these whether they happened: sent again, they have happened once.
        for unknown in fresh.iter_mut().filter(|write| write.answer.is_none()) {
            broken += 1;
            assert!(unknown.send(&mut client).await, "the server is up");
        }
        for write in &mut fresh {
            write.is_kept(&mut client).await;
            assert!(write.send(&mut client).await, "the server is up");
        }
        kept.append(&mut fresh);
        for path in ["/candidates", "/interviews"] {
            let expected = kept.iter().filter(|write| write.path == path).count();
            let total = client.get(&format!("{path}?limit=1")).await.expect(200)["total"].clone();
            assert_eq!(total, json!(expected), "{path} in round {round}");
        }
        if round == ROUNDS {
            for write in &mut kept {
                write.is_kept(&mut client).await;
                assert!(write.send(&mut client).await, "the server is up");
            }
            server.kill();
            break;
        }
        fresh = one_round(server, round, &key, &job_id, &agent_id).await;
        if round % WALK_EVERY == 0 {
            walk(folder.path()).await;
        }
    }
    walk(folder.path()).await;
    assert!(ROUNDS <= broken, "the kills came while nothing was written: {broken}");
}

/// Writes until enough was answered, and kills the server in the middle of the rest.
async fn one_round(server: Process, round: usize, key: &str, job_id: &str, agent_id: &str) -> Vec<Write> {
    let shared = Arc::new(Shared {
        key: key.to_owned(),
        job_id: job_id.to_owned(),
        agent_id: agent_id.to_owned(),
        answers: AtomicUsize::new(0),
        // Another point of the writer's cycle in each round.
        enough: 1 + round * 7 % 23,
        reached: Notify::new(),
    });
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        let client = Client::new(server.listen, Some(&shared.key));
        clients.spawn(write(Arc::clone(&shared), client, format!("r{round}c{index}")));
    }
    shared.reached.notified().await;
    server.kill();
    clients.join_all().await.into_iter().flatten().collect()
}

/// Each start is a minute after the one before.
fn moment(round: usize) -> String {
    format!("2026-04-02T10:{round:02}:00Z")
}

/// An ATS, a company, a job and an agent, made in a process of their own, which ends in order.
async fn furnish(folder: &Path) -> (String, String, String) {
    let server = Process::serve(folder, "2026-04-02T09:59:00Z");
    let folder = folder.display().to_string();
    let operate = |words: &str| {
        let arguments: Vec<&str> = ["--data-dir", &folder].into_iter().chain(words.split(' ')).collect();
        process::run(&arguments).json()
    };
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let ats_id = text(&operate("ats create --name Harbour")["id"]);
    let ats_key = text(&operate(&format!("key create --kind ats --ats {ats_id}"))["key"]);
    let company =
        Client::new(server.listen, Some(&ats_key)).post("/company", &json!({ "name": "Acme" })).await;
    let company_id = text(&company.expect(201)["id"]);
    let line = format!("key create --kind company --company {company_id} --rate-minute 0 --rate-hour 0");
    let key = text(&operate(&line)["key"]);
    let mut client = Client::new(server.listen, Some(&key));
    let job = json!({ "title": "A job title", "description": "A long enough description." });
    let job_id = text(&client.post("/jobs", &job).await.expect(201)["id"]);
    let agent = json!({
        "name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15,
    });
    let agent_id = text(&client.post("/agents", &agent).await.expect(201)["id"]);
    drop(client);
    assert!(server.terminate().success());
    (key, job_id, agent_id)
}

/// Records, indexes and counts of the file agree with each other.
async fn walk(folder: &Path) {
    let file = folder.join("switchboard.redb");
    let store = Store::open(Backing::File(file), &Options::default()).expect("it opens after a kill");
    let problems = check(&store.snapshot().expect("it can be read")).expect("it can be walked");
    assert!(problems.is_empty(), "{problems:#?}");
    store.close().await;
}
