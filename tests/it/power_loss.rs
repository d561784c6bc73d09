//! Power loss: what was answered is there, nothing is half-written, indexes and counts agree.
//!
//! kill −9 cannot show this, since the kernel keeps what was written. Here the storage itself forgets: each
//! block that was not flushed is kept, dropped or cut at random when the power goes, or a write or a flush
//! fails, or the disk is full. Whatever follows from the seed is printed with it.

use std::collections::{BTreeMap, BTreeSet};

use switchboard::store::{self, Abort, Backing, CommitError, Error, Options, PageRequest, Store, Txn};
use switchboard_domain::agent::{AgentDraft, AgentFocus, AgentType};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::candidate::{Candidate, CandidateDraft, CandidateStatus};
use switchboard_domain::company::{Company, CompanySettings};
use switchboard_domain::event::{Effect, Event, EventKind, OutboxRow};
use switchboard_domain::id::{AgentId, AtsId, CandidateId, CompanyId, EventId, InterviewId, OutboxId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::language::Language;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::time::Timestamp;

use crate::disk::{Dice, Disk, Fault};

/// Points at which the power goes, each with its own seed.
const POINTS: u64 = 1_000;

/// Writers at once.
const WRITERS: u64 = 4;

const ATS: AtsId = AtsId::from_bytes([1; 16]);
const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

/// An id that sorts by step and says who made it.
fn id(kind: u8, writer: u64, step: u64) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[..8].copy_from_slice(&step.to_be_bytes());
    bytes[8..15].copy_from_slice(&writer.to_be_bytes()[1..]);
    bytes
}

fn company(writer: u64) -> Company {
    Company {
        id: CompanyId::from_bytes(id(1, writer, 0)),
        ats_id: ATS,
        revision: 1,
        name: "Acme".to_owned(),
        description: None,
        website: None,
        industry: None,
        size: None,
        location: None,
        settings: CompanySettings::default(),
        metadata: None,
        owner_email: EmailAddress::parse("owner@example.com").ok(),
        owner_status: None,
        billing_system: BillingSystem::Minutes,
        usage_limit_thousandths: None,
        calls_at_once: None,
        created_at: AT,
        updated_at: AT,
    }
}

fn candidate(writer: u64, step: u64) -> Candidate {
    Candidate {
        id: CandidateId::from_bytes(id(2, writer, step)),
        company_id: company(writer).id,
        revision: 1,
        body: CandidateDraft {
            first_name: "Ada".to_owned(),
            last_name: "Byron".repeat(12),
            email: EmailAddress::parse("ada@example.com").ok(),
            phone_number: None,
            gdpr_expiry_date: serde_json::from_str("\"2030-01-31\"").expect("is a date"),
            metadata: None,
        },
        job_ids: Vec::new(),
        status: CandidateStatus::Applied,
        overall_rating: None,
        created_at: AT,
        updated_at: AT,
    }
}

fn interview(writer: u64, step: u64, candidate_id: CandidateId) -> Interview {
    Interview {
        id: InterviewId::from_bytes(id(3, writer, step)),
        company_id: company(writer).id,
        candidate_id,
        agent_id: AgentId::from_bytes(id(4, writer, 0)),
        revision: 1,
        job_id: None,
        status: InterviewStatus::Scheduled,
        scheduled_at: AT,
        duration_minutes: None,
        finished_at: None,
        metadata: None,
        is_test: false,
        agent: AgentDraft {
            name: "Sue".to_owned(),
            agent_type: AgentType::Online,
            focus: AgentFocus::Generic,
            language: Language::En,
            duration_minutes: 20,
            questions: None,
            instructions: Some("Ask. ".repeat(40)),
            voice_id: None,
            cefr_level: None,
            company_phone_number_id: None,
            metadata: None,
        },
        decisions: Vec::new(),
        undecided: None,
        created_at: AT,
        updated_at: AT,
    }
}

/// What one commit does, so that its traces can be looked for.
#[derive(Debug, Clone, Copy)]
struct Step {
    writer: u64,
    number: u64,
}

impl Step {
    /// The first step of a writer makes its company; then each makes a candidate with an interview, or moves
    /// the interview of the step before to another status.
    fn work(self, txn: &mut Txn) -> Result<(), Error> {
        let Self { writer, number } = self;
        if number == 0 {
            let company = company(writer);
            let row = OutboxRow {
                id: OutboxId::from_bytes(id(5, writer, 0)),
                at: AT,
                company_id: company.id,
                candidate_id: None,
                effect: Effect::OwnerOnboarding,
            };
            store::insert(txn, &company)?;
            return store::insert(txn, &row);
        }
        let candidate = candidate(writer, number);
        let interview = interview(writer, number, candidate.id);
        store::insert(txn, &candidate)?;
        store::insert(txn, &interview)?;
        if let Some(mut before) =
            store::get::<Interview>(txn, &InterviewId::from_bytes(id(3, writer, number - 1)))?
        {
            before.status = InterviewStatus::Cancelled;
            before.revision += 1;
            store::update(txn, &before)?;
        }
        let event = Event {
            id: EventId::from_bytes(id(6, writer, number)),
            sequence: 0,
            at: AT,
            ats_id: ATS,
            company_id: interview.company_id,
            candidate_id: Some(candidate.id),
            is_test: false,
            kind: EventKind::InterviewCompleted { interview_id: interview.id, call_attempt_id: None },
        };
        store::event::append(txn, event).map(drop)
    }
}

/// One writer: step after step, until the store fails or the end. Gives how many were answered well.
async fn write(store: Store, writer: u64, from: u64, steps: u64) -> (u64, u64) {
    for number in from..from + steps {
        let step = Step { writer, number };
        let answer = store.commit(move |txn| -> Result<(), Abort<()>> { Ok(step.work(txn)?) }).await;
        match answer {
            Ok(()) => {}
            Err(CommitError::Store(Error::Failed(_))) => return (writer, number),
            Err(other) => panic!("step {step:?} was answered {other:?}"),
        }
    }
    (writer, from + steps)
}

/// What the disk shall hold: how many steps of each writer were answered well.
type Answered = BTreeMap<u64, u64>;

/// Everything answered is there; at most one step more of each writer is, and it is whole.
fn verify(store: &Store, answered: &Answered) -> Result<Answered, String> {
    let snapshot = store.snapshot().map_err(|error| error.to_string())?;
    let problems = store::check(&snapshot).map_err(|error| error.to_string())?;
    if !problems.is_empty() {
        return Err(format!("the store contradicts itself: {problems:?}"));
    }
    let events = store::event::after(&snapshot, 0, usize::MAX).map_err(|error| error.to_string())?;
    let event_ids: BTreeSet<EventId> = events.iter().map(|event| event.id).collect();
    let mut found = Answered::new();
    for (&writer, &steps) in answered {
        let has_company = store::exists::<Company>(&snapshot, &company(writer).id);
        let mut number = u64::from(has_company.map_err(|error| error.to_string())?);
        while event_ids.contains(&EventId::from_bytes(id(6, writer, number))) && number != 0 {
            number += 1;
        }
        if number != steps && number != steps + 1 {
            return Err(format!("writer {writer} was answered {steps} steps, and {number} are there"));
        }
        let interviews = store::interview::list(
            &snapshot,
            company(writer).id,
            &store::interview::InterviewFilter::default(),
            &PageRequest::first(1),
        );
        let total = interviews.map_err(|error| error.to_string())?.total;
        if total != number.saturating_sub(1) {
            return Err(format!("writer {writer} has {total} interviews after {number} steps"));
        }
        found.insert(writer, number);
    }
    Ok(found)
}

fn options() -> Options {
    Options { cache_bytes: 1 << 20, rerun_one_in: Some(7), ..Options::default() }
}

#[expect(clippy::disallowed_methods, reason = "the writers are awaited right here")]
async fn write_all(store: &Store, from: &Answered, steps: u64) -> Answered {
    let writers: Vec<_> = from
        .iter()
        .map(|(&writer, &number)| tokio::spawn(write(store.clone(), writer, number, steps)))
        .collect();
    let mut answered = Answered::new();
    for writer in writers {
        let (writer, number) = writer.await.expect("a writer does not panic");
        answered.insert(writer, number);
    }
    answered
}

/// A disk after a fault and what is known of it.
#[derive(Debug)]
struct Survivor {
    disk: Vec<u8>,
    answered: Answered,
    /// The fault came while writers were waiting, not at the opening and not after the last of them.
    hit_writers: bool,
}

/// One disk that goes through power losses: opened, written to, broken, opened again, verified.
async fn survive(disk: Vec<u8>, before: &Answered, seed: u64) -> Result<Survivor, String> {
    let mut dice = Dice(seed);
    let fault = match dice.roll(8) {
        0 => Fault::ShortWrite,
        1 => Fault::FailedFlush,
        2 => Fault::Full,
        _ => Fault::PowerLoss,
    };
    let left = dice.roll(150);
    let device = Disk::new(disk, fault, left);
    let backing = Backing::Custom(Box::new(device.clone()));
    let mut hit_writers = false;
    // The fault may hit the opening itself: then nothing was answered.
    let answered = match Store::open(backing, &options()) {
        Err(_) => before.clone(),
        Ok(store) => {
            let answered = write_all(&store, before, 4).await;
            if answered.values().zip(before.values()).any(|(now, then)| *now != then + 4) {
                hit_writers = true;
                let sentence = store.failure().ok_or("a commit failed, and the store does not say so")?;
                if !sentence.contains("can write no more") || sentence != store.failed().await {
                    return Err(format!("a strange sentence: {sentence}"));
                }
            }
            answered
        }
    };
    let bytes = device.pull_the_plug(&mut dice);
    let device = Disk::new(bytes, Fault::PowerLoss, u64::MAX);
    let store = Store::open(Backing::Custom(Box::new(device.clone())), &options())
        .map_err(|error| format!("the file does not open again: {error}"))?;
    let found = verify(&store, &answered)?;
    // It is not only readable: it takes writes again.
    let written = write_all(&store, &found, 1).await;
    store.close().await;
    drop(store);
    Ok(Survivor { disk: device.pull_the_plug(&mut dice), answered: written, hit_writers })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_the_power_and_nothing_is_half_written() {
    // A disk lives for some faults, so that later ones meet a tree with history.
    const FAULTS_PER_DISK: u64 = 20;
    let mut dice = Dice(0x5eed);
    let mut hits = 0;
    for disk in 0..POINTS / FAULTS_PER_DISK {
        let (mut bytes, mut answered) = (Vec::new(), (0..WRITERS).map(|writer| (writer, 0)).collect());
        for point in 0..FAULTS_PER_DISK {
            let seed = dice.roll(u64::MAX);
            match survive(bytes, &answered, seed).await {
                Ok(survivor) => {
                    (bytes, answered) = (survivor.disk, survivor.answered);
                    hits += u64::from(survivor.hit_writers);
                }
                Err(problem) => panic!("disk {disk}, point {point}, seed {seed:#x}: {problem}"),
            }
        }
    }
    assert!(POINTS / 4 < hits, "only {hits} of {POINTS} faults met a waiting writer");
}
