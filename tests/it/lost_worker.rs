//! A thousand due attempts, workers that vanish at random, and a server that is killed under all of them: every
//! attempt is dialled by one worker at a time, what was answered is kept, and every interview comes to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::clock::Clock;
use switchboard::ids::Ids;
use switchboard::store::interview::{InterviewFilter, attempts, list};
use switchboard::store::{self, Backing, Options, PageRequest, Read, Store, check};
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::company::Company;
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::{CallAttemptId, CompanyId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::lease::Leased;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::UsageRecord;
use switchboard_tests::office::{copies, moment};
use switchboard_tests::{Client, Process, process};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const CALLS: usize = 1_000;
const WORKERS: usize = 6;

/// A Thursday morning in Bratislava: three retries later it is afternoon there.
const MORNING: &str = "2026-04-02T08:00:00+02:00";

/// After so many answers the server is killed, each time at another point of its cycle. The last round ends by
/// itself, when nothing is due any more.
const KILLS: usize = 12;

/// The built-in rule's longest step; no chain of retries is longer than all four.
const ROUNDS_MAX: usize = 60;

/// What all workers of the test know of each attempt.
#[derive(Debug, Default)]
struct Known {
    /// Attempts that somebody was handed, each once.
    claimed: BTreeSet<String>,
    /// Ends that were answered with 200: attempt and outcome.
    ended: BTreeMap<String, String>,
    /// Ends that were refused because the lease was lost.
    lost: BTreeSet<String>,
    /// Ends that were sent and not answered: they happened, or they did not.
    unanswered: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Shared {
    known: Mutex<Known>,
    answers: AtomicUsize,
    enough: usize,
    reached: Notify,
}

/// A generator that is its seed's alone, so that a failure can be seen again.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_with_workers_and_servers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, company_id) = furnish(folder.path()).await;
    let mut known = Known::default();
    let mut now = moment(MORNING);
    let (mut kills, mut round) = (0, 0);
    loop {
        round += 1;
        assert!(round <= ROUNDS_MAX, "it comes to no end");
        let server = Process::serve(folder.path(), &now.to_string());
        let (learnt, was_killed) = one_round(server, round, &key, std::mem::take(&mut known), kills).await;
        known = learnt;
        kills += usize::from(was_killed);
        // Leases run out, and the next retries come due.
        now = now.plus(Duration::from_secs(if was_killed { 20 } else { 61 * 15 }));
        if !was_killed && is_over(folder.path(), company_id).await {
            break;
        }
    }
    assert_eq!(kills, KILLS, "{round} rounds");
    assert_kept(folder.path(), company_id, &known).await;
}

/// Workers call until nothing is due for a while, or the server dies under them. Which of both.
async fn one_round(server: Process, round: usize, key: &str, known: Known, kills: usize) -> (Known, bool) {
    let shared = Arc::new(Shared {
        known: Mutex::new(known),
        answers: AtomicUsize::new(0),
        enough: if kills < KILLS { 40 + round * 53 % 90 } else { usize::MAX },
        reached: Notify::new(),
    });
    let mut workers = JoinSet::new();
    for place in 0..WORKERS {
        let dice = Dice(u64::try_from(round * WORKERS + place).expect("a seed"));
        workers.spawn(work(Arc::clone(&shared), Client::new(server.listen, Some(key)), dice));
    }
    let was_killed = tokio::select! {
        () = shared.reached.notified() => {
            server.kill();
            true
        }
        () = async { while workers.join_next().await.is_some() {} } => {
            assert!(server.terminate().success());
            false
        }
    };
    workers.join_all().await;
    let shared = Arc::into_inner(shared).expect("all workers have ended");
    (shared.known.into_inner().expect("no worker panics"), was_killed)
}

/// Claims and calls; some of the calls it never ends, as if its power had gone.
async fn work(shared: Arc<Shared>, mut client: Client, mut dice: Dice) {
    loop {
        let body = json!({ "max": 1 + dice.roll(9), "leaseSeconds": 10 + dice.roll(50), "waitSeconds": 1 });
        let Some((status, answer)) = shared.post(&mut client, "claim", &body).await else { return };
        assert_eq!(status, 200, "{answer}");
        let claimed = answer["data"]["attempts"].as_array().expect("attempts").clone();
        if claimed.is_empty() {
            return;
        }
        for attempt in &claimed {
            let id = attempt["id"].as_str().expect("an id").to_owned();
            let is_new = shared.known().claimed.insert(id.clone());
            assert!(is_new, "{id} is in two hands");
        }
        for attempt in claimed {
            if dice.roll(12) == 0 {
                // The worker is lost with it.
                continue;
            }
            if !shared.end(&mut client, &attempt, &mut dice).await {
                return;
            }
        }
    }
}

impl Shared {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("no worker panics")
    }

    /// Nothing where the connection broke.
    async fn post(&self, client: &mut Client, what: &str, body: &Value) -> Option<(u16, Value)> {
        let path = format!("/worker/call-attempts/{what}");
        let answer = client.try_send("POST", &path, &[], Bytes::from(body.to_string())).await.ok()?;
        if self.answers.fetch_add(1, Ordering::Relaxed) + 1 == self.enough {
            self.reached.notify_one();
        }
        Some((answer.status, answer.json()))
    }

    /// Says how a call ended, and says it again now and then. False where the connection broke.
    async fn end(&self, client: &mut Client, attempt: &Value, dice: &mut Dice) -> bool {
        const OUTCOMES: [&str; 8] = [
            "COMPLETED",
            "COMPLETED",
            "NO_ANSWER",
            "BUSY",
            "VOICEMAIL",
            "DECLINED",
            "INVALID_NUMBER",
            "NETWORK_ERROR",
        ];
        let id = attempt["id"].as_str().expect("an id").to_owned();
        let outcome = OUTCOMES[usize::try_from(dice.roll(8)).expect("a place")];
        let seconds = if outcome == "COMPLETED" { 1 + dice.roll(900) } else { 0 };
        let body = json!({
            "leaseToken": attempt["leaseToken"], "outcome": outcome, "durationSeconds": seconds,
        });
        self.known().unanswered.insert(id.clone(), outcome.to_owned());
        for _ in 0..1 + dice.roll(2) {
            let what = format!("{id}/complete");
            let Some((status, answer)) = self.post(client, &what, &body).await else { return false };
            let mut known = self.known();
            known.unanswered.remove(&id);
            match status {
                200 => drop(known.ended.insert(id.clone(), outcome.to_owned())),
                409 => {
                    assert_eq!(answer["error"]["code"], "LEASE_LOST");
                    assert!(!known.ended.contains_key(&id), "{id} was ended, and is lost");
                    known.lost.insert(id.clone());
                }
                status => panic!("{status}: {answer}"),
            }
        }
        true
    }
}

/// A thousand calls that are due, in a process of their own and in the file; a worker's key.
async fn furnish(folder: &Path) -> (String, CompanyId) {
    let server = Process::serve(folder, MORNING);
    let data_dir = folder.display().to_string();
    let operate = |words: &str| {
        let arguments: Vec<&str> = ["--data-dir", &data_dir].into_iter().chain(words.split(' ')).collect();
        process::run(&arguments).json()
    };
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let ats_id = text(&operate("ats create --name Harbour")["id"]);
    let ats_key = text(&operate(&format!("key create --kind ats --ats {ats_id}"))["key"]);
    let mut partner = Client::new(server.listen, Some(&ats_key));
    let company_id = text(&partner.post("/company", &json!({ "name": "Acme" })).await.expect(201)["id"]);
    operate(&format!("company update {company_id} --calls-at-once 60"));
    let number = operate(&format!("phone-number create --company {company_id} --number +421900000001"));
    let of = format!("?companyId={company_id}");
    let agent = json!({
        "name": "First contact", "type": "PHONE", "focus": "GENERIC", "language": "SK", "duration": 15,
        "companyPhoneNumberId": number["id"],
    });
    let agent = partner.post(&format!("/agents{of}"), &agent).await.expect(201);
    let candidate = json!({
        "firstName": "Jana", "lastName": "Nováková", "phoneNumber": "+421901234567",
        "gdprExpiryDate": "2199-12-31",
    });
    let candidate = partner.post(&format!("/candidates{of}"), &candidate).await.expect(201);
    let interview = json!({
        "candidateId": candidate["id"], "agentId": agent["id"], "scheduledAt": MORNING,
    });
    let made = partner.post(&format!("/interviews{of}"), &interview).await.expect(201);
    let key = text(&operate("key create --kind worker")["key"]);
    drop(partner);
    assert!(server.terminate().success());
    let store = open(folder);
    let ids = Ids::random(Clock::steerable(moment(MORNING)));
    copies(&store, &ids, &made, &[moment(MORNING); CALLS - 1]).await;
    store.close().await;
    (key, company_id.parse().expect("an id"))
}

fn open(folder: &Path) -> Store {
    let file = folder.join("switchboard.redb");
    Store::open(Backing::File(file), &Options::default()).expect("it opens after a kill")
}

fn interviews(read: &impl Read, company_id: CompanyId) -> Vec<Interview> {
    let all = PageRequest::first(2 * CALLS);
    list(read, company_id, &InterviewFilter::default(), &all).expect("it can be read").items
}

/// Whether no interview waits for anything any more.
async fn is_over(folder: &Path, company_id: CompanyId) -> bool {
    let store = open(folder);
    let snapshot = store.snapshot().expect("it can be read");
    let is_over = |interview: &Interview| {
        matches!(interview.status, InterviewStatus::Completed | InterviewStatus::Failed)
    };
    let all = interviews(&snapshot, company_id).iter().all(is_over);
    drop(snapshot);
    store.close().await;
    all
}

/// What the file says of all calls, against what the workers were answered.
async fn assert_kept(folder: &Path, company_id: CompanyId, known: &Known) {
    let store = open(folder);
    let snapshot = store.snapshot().expect("it can be read");
    let problems = check(&snapshot).expect("it can be walked");
    assert!(problems.is_empty(), "{problems:#?}");
    let interviews = interviews(&snapshot, company_id);
    assert_eq!(interviews.len(), CALLS);
    let (mut all, mut kept, mut lost) = (Vec::new(), 0, 0);
    for interview in &interviews {
        let attempts = attempts(&snapshot, interview.id).expect("attempts");
        assert_chain(interview, &attempts);
        for attempt in &attempts {
            let is_kept = assert_as_said(attempt, known);
            kept += usize::from(is_kept == Some(true));
            lost += usize::from(is_kept == Some(false));
        }
        all.extend(attempts);
    }
    assert!(CALLS < kept && CALLS / 20 < lost, "{kept} kept, {lost} lost");
    assert_told(&store::event::after(&snapshot, 0, 100_000).expect("events"), &all);
    assert_billed(&snapshot, company_id, &all);
    drop(snapshot);
    store.close().await;
}

/// One retry after another, until one was completed or there are no more.
fn assert_chain(interview: &Interview, attempts: &[CallAttempt]) {
    let retries: Vec<u32> = attempts.iter().map(|attempt| attempt.retry_number).collect();
    let expected: Vec<u32> = (0..).take(attempts.len()).collect();
    assert!((1..=4).contains(&attempts.len()) && retries == expected, "{attempts:?}");
    let is_completed = |attempt: &CallAttempt| attempt.status == CallAttemptStatus::Completed;
    let completed: Vec<bool> = attempts.iter().map(is_completed).collect();
    let mut expected = vec![false; attempts.len()];
    expected[attempts.len() - 1] = interview.status == InterviewStatus::Completed;
    assert_eq!(completed, expected, "{interview:?} {attempts:?}");
}

/// How it ended is what its worker was answered. Whether it was answered; nothing where it may have been.
fn assert_as_said(attempt: &CallAttempt, known: &Known) -> Option<bool> {
    let id = attempt.id.to_string();
    let said = match (attempt.status, attempt.reason_code) {
        (CallAttemptStatus::Completed, None) => "COMPLETED",
        (CallAttemptStatus::Failed, Some(reason)) => reason.as_str(),
        _ => panic!("it has not ended: {attempt:?}"),
    };
    match (known.ended.get(&id), known.unanswered.get(&id)) {
        (Some(ended), _) => {
            assert_eq!(said, ended, "{attempt:?}");
            Some(true)
        }
        (None, Some(sent)) => {
            assert!([sent.as_str(), "NETWORK_ERROR"].contains(&said), "{attempt:?}");
            None
        }
        // Nobody has said how it ended: its lease ran out.
        (None, None) => {
            assert_eq!(said, "NETWORK_ERROR", "{attempt:?}");
            Some(false)
        }
    }
}

/// Each call that took place is billed, once, for what it lasted, and nothing else is; each on the account as those
/// before it had left it.
fn assert_billed(read: &impl Read, company_id: CompanyId, attempts: &[CallAttempt]) {
    let company: Company = store::get(read, &company_id).expect("it can be read").expect("the company");
    let calls = store::usage::calls(read, company.ats_id, company_id, Timestamp::MIN, Timestamp::MAX);
    let calls: Vec<UsageRecord> = calls.expect("a ledger").collect::<Result<_, _>>().expect("records");
    let completed = attempts.iter().filter(|attempt| attempt.status == CallAttemptStatus::Completed);
    let expected: BTreeMap<String, Option<u32>> =
        completed.map(|attempt| (attempt.id.to_string(), attempt.duration_seconds)).collect();
    let mut billed = BTreeMap::new();
    let mut accounts = BTreeMap::new();
    for call in &calls {
        let Leased::Call(id) = call.id.of else { panic!("nobody was online: {call:?}") };
        assert!(billed.insert(id.to_string(), Some(call.call_seconds)).is_none(), "{call:?} stands twice");
        let conversion = call.conversion().expect("is converted");
        let minutes = u64::from(call.call_seconds.div_ceil(60));
        assert_eq!(
            conversion.lines.iter().map(|line| line.quantity_thousandths).sum::<u64>(),
            minutes * 1_000
        );
        accounts.insert(conversion.month_so_far.calls, (conversion.month_so_far, minutes * 1_000));
    }
    assert_eq!(billed, expected);
    let mut so_far = 0;
    for (place, (account, thousandths)) in accounts.into_values().enumerate() {
        assert_eq!((account.calls, account.quantity_thousandths), (place as u64, so_far));
        so_far += thousandths;
    }
    assert_eq!(
        so_far / 1_000,
        calls.iter().map(|call| u64::from(call.call_seconds.div_ceil(60))).sum::<u64>()
    );
}

/// Each attempt began once and ended once, and all of it was told.
fn assert_told(events: &[Event], attempts: &[CallAttempt]) {
    let mut told: BTreeMap<CallAttemptId, (usize, usize)> = BTreeMap::new();
    for event in events {
        match event.kind {
            EventKind::CallAttemptStarted { call_attempt_id, .. } => {
                told.entry(call_attempt_id).or_default().0 += 1;
            }
            EventKind::CallAttemptCompleted { call_attempt_id, .. }
            | EventKind::CallAttemptFailed { call_attempt_id, .. } => {
                told.entry(call_attempt_id).or_default().1 += 1;
            }
            _ => {}
        }
    }
    for attempt in attempts {
        assert_eq!(told.remove(&attempt.id), Some((1, 1)), "{attempt:?}");
    }
    assert!(told.is_empty());
}
