//! Swaps under load: no request is lost, none sees two releases, old code goes.

#![expect(clippy::print_stdout, reason = "what a test says from a process of its own must be seen")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::app::{self, App};
use switchboard_domain::decision::AskedOutcome;
use switchboard_domain::id::DecisionId;
use switchboard_tests::{Answer, Options, Scene, TestHost};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::alone::{alone, resident_bytes};

/// A thousand in the rounds that count.
const SWAPS: usize = 334;
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;

/// Until caches are full and every thread has its allocator's pages.
const WARM_UP_ROUNDS: usize = 2;

/// Posts for each swap: about what the server answers meanwhile, so that all connections are busy during all
/// swaps and the file stays small.
const POSTS_PER_SWAP: usize = 16;

/// Full after the first round, so that what grows later is not the store's page cache.
const CACHE_BYTES: usize = 8 << 20;

/// Three rules that take three different jobs.
const RULES: usize = 3;

/// One answered request.
struct Posted {
    received: Instant,
    answered: Instant,
    answer: Answer,
}

/// When a release may have been the active one: from the beginning of its activation to the end of the next.
#[derive(Debug, Clone, Copy)]
struct Reign {
    begins: Instant,
    ends: Option<Instant>,
}

struct Stage {
    host: TestHost,
    scene: Scene,
    candidate: String,
    /// In the order of `RULES`.
    jobs: Vec<String>,
    /// One for each swap of a round; the one at `n` follows rule `n % RULES`.
    releases: Vec<String>,
    reigns: HashMap<String, Vec<Reign>>,
}

impl Stage {
    async fn set() -> Self {
        let host =
            TestHost::start_with(Options { cache_bytes: Some(CACHE_BYTES), ..Options::default() }).await;
        let scene = Scene::new(&host).await;
        let mut jobs = Vec::new();
        for rank in [1, 9, 2] {
            jobs.extend(scene.ranked_jobs(&host, &[rank]).await);
            assert!(host.clock.advance(std::time::Duration::from_secs(1)));
        }
        let candidate = scene.candidate(&host, &jobs).await;
        host.push("hostile").await;
        host.push("northstar").await;
        let mut releases = Vec::new();
        for number in 0..SWAPS {
            let (plugin, settings) = match number % RULES {
                0 => ("hostile", json!({ "do": "answer-first" })),
                1 => ("northstar", json!({})),
                _ => ("hostile", json!({ "do": "answer-newest" })),
            };
            // A busy machine is no reason to fail: the release shall answer, whenever.
            let body = json!({ "settings": settings, "timeoutMs": 5000, "onFailure": "reject" });
            releases.push(host.release(&scene.slot(), plugin, body).await);
        }
        Self { host, scene, candidate, jobs, releases, reigns: HashMap::new() }
    }

    /// Activates a release and notes when.
    async fn swap(&mut self, release: &str, before: Option<&str>) {
        let begins = Instant::now();
        self.host.activate(release).await;
        let ended = Instant::now();
        self.reigns.entry(release.to_owned()).or_default().push(Reign { begins, ends: None });
        if let Some(last) = before.and_then(|before| self.reigns.get_mut(before)?.last_mut()) {
            last.ends = Some(ended);
        }
    }

    /// All swaps while all connections post; returns what was posted.
    async fn round(&mut self) -> Vec<Posted> {
        let posts = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let mut partner = self.scene.partner(&self.host);
            let body = Bytes::from(self.scene.interview(&self.candidate).to_string());
            let posts = Arc::clone(&posts);
            connections.spawn(async move {
                let mut posted = Vec::new();
                while let Ok(post) = posts.acquire().await {
                    post.forget();
                    let received = Instant::now();
                    // Not `send`, which would hide a lost connection.
                    let answer = partner.try_send("POST", "/interviews", &[], body.clone()).await;
                    let answer = answer.expect("no connection is lost");
                    posted.push(Posted { received, answered: Instant::now(), answer });
                }
                posted
            });
        }
        let releases = self.releases.clone();
        for (number, release) in releases.iter().enumerate() {
            let before = if number == 0 { releases.last() } else { releases.get(number - 1) };
            self.swap(release, before.map(String::as_str)).await;
            posts.add_permits(POSTS_PER_SWAP);
        }
        posts.close();
        connections.join_all().await.into_iter().flatten().collect()
    }

    /// Every answer is a 201 that names the release that decided it, which was active meanwhile.
    fn check(&self, posted: &[Posted]) {
        let app = self.host.running().app();
        let mut used = [false; SWAPS];
        let numbers: HashMap<&str, usize> =
            self.releases.iter().enumerate().map(|(number, release)| (release.as_str(), number)).collect();
        for post in posted {
            let made = post.answer.expect(201);
            assert_eq!(post.answer.header("X-Policy-Degraded"), None, "{made:#}");
            let (release, job) = self.decided_by(app, &made);
            let number = *numbers.get(release.as_str()).expect("one of ours");
            used[number] = true;
            assert_eq!(made["jobId"], job, "what was recorded is what was made");
            assert_eq!(made["jobId"], self.jobs[number % RULES], "by the rule of its release");
            let reigned = self.reigns[&release].iter().any(|reign| {
                reign.begins <= post.answered && reign.ends.is_none_or(|ends| post.received <= ends)
            });
            assert!(reigned, "release {number} was not active between receipt and answer");
        }
        let used = used.iter().filter(|used| **used).count();
        assert!(SWAPS / 4 < used, "only {used} of {SWAPS} releases were met by a request");
    }

    fn decided_by(&self, app: &App, made: &Value) -> (String, String) {
        let id: DecisionId =
            made["decisions"]["job-resolution"].as_str().expect("an id").parse().expect("an id");
        let decision = app::decision::show(app, id).expect("a recorded decision");
        let [asked] = decision.asked.as_slice() else { panic!("several were asked: {decision:#?}") };
        assert_eq!(decision.answered_by, Some(asked.release_id));
        let AskedOutcome::Answered(answer) = &asked.outcome else { panic!("{decision:#?}") };
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        (asked.release_id.to_string(), answer["job"].as_str().expect("a job").to_owned())
    }
}

#[test]
fn swaps_lose_no_request_mix_no_releases_and_leave_nothing_behind() {
    alone("hot_swap::swaps_lose_no_request_mix_no_releases_and_leave_nothing_behind", async {
        let mut stage = Stage::set().await;
        let first = stage.releases.last().cloned().expect("releases");
        stage.swap(&first, None).await;
        for _ in 0..WARM_UP_ROUNDS {
            let posted = stage.round().await;
            stage.check(&posted);
            println!("warm-up: {} interviews; resident {} bytes", posted.len(), resident_bytes());
        }
        let before = resident_bytes();
        for _ in 0..ROUNDS {
            let posted = stage.round().await;
            stage.check(&posted);
            println!("{} interviews; resident {} bytes", posted.len(), resident_bytes());
        }
        let after = resident_bytes();
        assert!(after <= before + before / 10, "resident memory went from {before} to {after} bytes");
        let loaded = stage.host.running().app().fleet().runtime().loaded_components();
        assert_eq!(loaded, 2, "northstar in the slot and standard: nothing else is held");
    });
}
