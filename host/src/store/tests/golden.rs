//! The bytes of one record of each kind. Whoever changes a shape meets this first: the old form goes to
//! `schema` with its version, `FORMAT` grows, and a migration rewrites what is stored.

use std::fmt::Write;

use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::{Line, MonthSoFar, Verdict};
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::CandidateStatus;
use switchboard_domain::company::Company;
use switchboard_domain::id::{CandidateId, DecisionId, JobId, ReleaseId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::job::JobStatus;
use switchboard_domain::release::{Digest, Limits, Release};
use switchboard_domain::removal::Removed;

use super::super::call_queue::{self, CallQueue, Seat};
use super::super::engine::Engine;
use super::super::overlay::Overlay;
use super::super::record::{EVERYTHING, Record as _, hex};
use super::super::schema::Table;
use super::super::txn::{Direction, Read, Snapshot, Txn};
use super::super::upgrade::PROGRESS_KEY;
use super::super::{Backing, Error, check, event, get, insert, interview, key, update, usage};
use super::fixture::{self, AT, COMPANY, SLOT, id};

const GOLDEN: &str = include_str!("golden.txt");

/// One record of each kind that the owner of a company brought along.
const OWNER: &str = include_str!("golden_owner.txt");

/// Records in a file of format 1, which had no word lists.
const FORMAT_1: &str = include_str!("golden_format_1.txt");

/// The same in a file of format 2, which had no queues of calls.
const FORMAT_2: &str = include_str!("golden_format_2.txt");

/// The same in a file of format 3, whose call attempts did not know their decisions, and whose releases had three limits.
const FORMAT_3: &str = include_str!("golden_format_3.txt");

/// The same in a file of format 4, whose index had an entry for each record where there are lists.
const FORMAT_4: &str = include_str!("golden_format_4.txt");

/// The same in a file of format 5, whose decisions did not know their interviews.
const FORMAT_5: &str = include_str!("golden_format_5.txt");

fn write_one_of_each(txn: &mut Txn) -> Result<(), Error> {
    let candidate_id = CandidateId::from_bytes(id(9));
    let job_id = JobId::from_bytes(id(8));
    insert(txn, &fixture::ats())?;
    key::insert(txn, &fixture::key(1), [7; 32])?;
    insert(txn, &fixture::company(COMPANY))?;
    insert(txn, &fixture::phone_number())?;
    insert(txn, &fixture::job(8, JobStatus::Open))?;
    insert(txn, &fixture::candidate(9, CandidateStatus::Applied, vec![job_id]))?;
    insert(txn, &fixture::agent(7))?;
    insert(txn, &fixture::interview(4, candidate_id, Some(job_id), InterviewStatus::Scheduled))?;
    insert(txn, &fixture::call_attempt(4, 5))?;
    insert(txn, &fixture::waiting(4, 14))?;
    insert(txn, &fixture::ended_lease(5))?;
    insert(txn, &fixture::analysis(15))?;
    insert(txn, &fixture::decision(3, true))?;
    insert(txn, &fixture::release(2, SLOT))?;
    insert(txn, &fixture::slot_state())?;
    insert(txn, &fixture::rollouts())?;
    insert(txn, &fixture::plugin_version("p", Digest([5; 32])))?;
    event::append(txn, fixture::event(6, Some(candidate_id)))?;
    insert(txn, &fixture::outbox_row(10))?;
    insert(txn, &fixture::reply(11, AT))?;
    insert(txn, &fixture::removal(12, Removed::Job(job_id)))?;
    insert(txn, &fixture::removal(13, Removed::Candidate(candidate_id)))?;
    insert(txn, &fixture::audit_entry(16))?;
    usage::write(txn, fixture::usage(4, 5, BillingSystem::Credits, AT)).map(drop)?;
    let again = fixture::usage(4, 16, BillingSystem::Minutes, AT);
    usage::write(txn, again.clone())?;
    let line = Line { cost_key: "c_1".to_owned(), quantity_thousandths: 1_500 };
    let verdict = Verdict { lines: vec![line], total_thousandths: 1_500 };
    let month_so_far = MonthSoFar { calls: 1, call_seconds: 2, quantity_thousandths: 3 };
    let decided = (DecisionId::from_bytes(id(3)), ReleaseId::from_bytes(id(2)));
    update(txn, &again.converted(verdict, month_so_far, decided, AT))
}

#[test]
fn stored_bytes_are_those_that_lie_in_files_already() {
    let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
    let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
    write_one_of_each(&mut txn).expect("writes");
    assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
    let found = rows_of(&txn);
    assert!(found == GOLDEN, "what would be stored has changed; it was:\n{GOLDEN}\nit is:\n{found}");
}

fn write_an_owner(txn: &mut Txn) -> Result<(), Error> {
    insert(txn, &fixture::user(14))?;
    insert(txn, &fixture::membership(14))?;
    insert(txn, &fixture::invitation(15))?;
    insert(txn, &fixture::invitation_row(16, 15))?;
    insert(txn, &fixture::outbox_try(16))
}

#[test]
fn the_bytes_of_an_owner_are_those_that_lie_in_files_already() {
    let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
    let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
    write_an_owner(&mut txn).expect("writes");
    assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
    let found = rows_of(&txn);
    // The version of the file is the other golden file's business.
    let found: String = found
        .lines()
        .filter(|line| !line.starts_with("meta "))
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(found == OWNER, "what would be stored has changed; it was:\n{OWNER}\nit is:\n{found}");
}

/// Every row, a line each.
fn rows_of(read: &impl Read) -> String {
    let mut found = String::new();
    for table in Table::ALL {
        for row in read.scan(table, EVERYTHING, Direction::Forward).expect("reads") {
            let (key, value) = row.expect("reads");
            writeln!(found, "{} {} = {}", table.name(), hex(&key), hex(&value)).expect("writes");
        }
    }
    found
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("is hex"));
    pairs.collect()
}

/// What becomes of a file.
fn opened_today(rows: &str) -> Snapshot {
    let folder = tempfile::tempdir().expect("makes a folder");
    let open = || Engine::open(Backing::File(folder.path().join("s")), 1 << 20).expect("opens");
    let mut old = Overlay::default();
    for line in rows.lines() {
        let (place, value) = line.split_once(" = ").expect("has a value");
        let (name, key) = place.split_once(' ').expect("has a key");
        let table = Table::ALL.into_iter().find(|table| table.name() == name).expect("is a table");
        old.set(table, bytes(key), Some(bytes(value)));
    }
    open().apply(&old).expect("writes");
    let today = open().snapshot().expect("reads");
    assert_eq!(check(&today).expect("walks"), Vec::<String>::new());
    today
}

#[test]
fn a_file_of_an_earlier_format_becomes_one_of_today() {
    let today = opened_today(FORMAT_2);
    assert_eq!(rows_of(&opened_today(FORMAT_1)), rows_of(&today));
    let company = Company { calls_at_once: None, ..fixture::company(COMPANY) };
    assert_eq!(get::<Company>(&today, &COMPANY).expect("reads"), Some(company));
    let (candidate_id, job_id) = (CandidateId::from_bytes(id(9)), JobId::from_bytes(id(8)));
    let interview = fixture::interview(4, candidate_id, Some(job_id), InterviewStatus::Scheduled);
    let interview = Interview { undecided: None, ..interview };
    assert_eq!(get::<Interview>(&today, &interview.id).expect("reads").as_ref(), Some(&interview));
    let attempts = interview::attempts(&today, interview.id).expect("reads");
    assert_eq!(attempts, attempts_without_decisions());
    // What waited without a queue waits in one, and what had no deadline has one.
    let due = call_queue::first_of(&today, COMPANY).expect("reads");
    assert_eq!(due, Some((AT, (interview.id, attempts[1].id))));
    assert_eq!(get::<CallQueue>(&today, &COMPANY).expect("reads").map(|queue| queue.seat), Some(Seat::Waits));
    let deadlines: Result<Vec<_>, _> = interview::by_deadline(&today).expect("reads").collect();
    assert_eq!(deadlines.expect("reads"), [(interview.deadline().expect("has one"), interview.id)]);
}

/// Those of the fixtures, as they are in a file of an earlier format.
fn attempts_without_decisions() -> [CallAttempt; 2] {
    [fixture::call_attempt(4, 5), fixture::waiting(4, 14)]
        .map(|attempt| CallAttempt { decision_id: None, ..attempt })
}

#[test]
fn a_file_of_format_3_differs_in_call_attempts_and_releases_alone() {
    let today = opened_today(FORMAT_3);
    let attempts = attempts_without_decisions();
    assert_eq!(interview::attempts(&today, attempts[0].interview_id).expect("reads"), attempts);
    // The numbers that were fixed then: a release is immutable.
    let limits = Limits {
        fuel: 10,
        timeout_millis: 20,
        memory_mib: 30,
        table_elements: 40_000,
        input_kib: 8_192,
        output_kib: 16,
        log_kib: 64,
        calls_in_flight: 8,
    };
    let release = Release { limits, ..fixture::release(2, SLOT) };
    assert_eq!(get::<Release>(&today, &release.id).expect("reads"), Some(release));
    let others = |rows: &str| -> Vec<String> {
        let is_changed = |row: &&str| row.starts_with("call_attempt ") || row.starts_with("release ");
        rows.lines().filter(|row| !is_changed(row)).map(str::to_owned).collect()
    };
    assert_eq!(others(&rows_of(&today)), others(GOLDEN));
}

#[test]
fn a_file_of_format_4_differs_in_the_index_and_decisions_alone() {
    assert_eq!(rows_of(&opened_today(FORMAT_4)), GOLDEN);
}

#[test]
fn a_file_of_format_5_differs_in_decisions_alone() {
    assert_eq!(rows_of(&opened_today(FORMAT_5)), GOLDEN);
}

/// An earlier program stopped when it had listed the last decision, before it went on to the next step.
#[test]
fn a_file_on_its_way_to_format_5_goes_on_to_today() {
    let mark = format!("meta {} = 10{}\n", hex(PROGRESS_KEY), hex(&id(3)));
    assert_eq!(rows_of(&opened_today(&[FORMAT_5, &mark].concat())), GOLDEN);
}

/// An earlier program stopped behind the last call attempt, before it went on to the next step.
#[test]
fn a_file_on_its_way_to_format_3_goes_on_to_today() {
    let attempt = CallAttempt::key(&attempts_without_decisions()[1].id());
    let mark = format!("meta {} = 05{}\n", hex(PROGRESS_KEY), hex(&attempt));
    let today = rows_of(&opened_today(&[FORMAT_3, &mark].concat()));
    assert_eq!(today, rows_of(&opened_today(FORMAT_3)));
}
