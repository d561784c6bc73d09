//! Word lists: what they find, how they lie in the file, and how a file gets them that had none.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::id::{CandidateId, JobId};
use switchboard_domain::job::{Job, JobStatus};
use switchboard_domain::search::Search;
use switchboard_domain::text::EmailAddress;
use uuid::Uuid;

use super::super::candidate::{self, CandidateFilter};
use super::super::engine::Engine;
use super::super::job::{self, JobFilter};
use super::super::key_list::KeyList;
use super::super::overlay::Overlay;
use super::super::record::{EVERYTHING, beginning_with};
use super::super::schema::{Table, Tag};
use super::super::txn::{Direction, Read, Row, TXN_BYTES_MAX, TXN_KEYS_MAX, Txn};
use super::super::upgrade::{PROGRESS_KEY, run_some};
use super::super::{Backing, Page, PageRequest, PageStart, check, delete, insert, update};
use super::fixture::{self, COMPANY, id};

fn engine() -> Arc<Engine> {
    Engine::open(Backing::Memory, 1 << 20).expect("opens")
}

fn txn() -> Txn {
    Txn::new(engine().snapshot().expect("reads"), None)
}

fn search(text: &str) -> Search {
    Search::parse(text).expect("a search")
}

const STATUSES: [CandidateStatus; 2] = [CandidateStatus::Applied, CandidateStatus::Rejected];

/// Few words, which begin alike; two of them can be told apart by a look only.
const FIRST: [&str; 4] = ["Ann", "Anna", "annabel Bo", "Straße"];
const LAST: [&str; 4] = ["Bo", "Abcdefghijklmnopqr", "abcdefghijklmnopQS", "Anna"];

const SEARCHES: [&str; 12] = [
    "a",
    "ann",
    "anna",
    "bo",
    "ann bo",
    "STRASS b",
    "abcdefghijklmnop",
    "abcdefghijklmnopq",
    "abcdefghijklmnopqs ann",
    "example",
    "ann b example c",
    "nobody",
];

fn candidate(number: u64, look: usize) -> Candidate {
    let jobs = [None, Some(JobId::from_bytes(id(1)))][look / 32 % 2].into_iter().collect();
    let mut candidate = fixture::candidate(number, STATUSES[look % 2], jobs);
    candidate.body.first_name = FIRST[look / 2 % 4].to_owned();
    candidate.body.last_name = LAST[look / 8 % 4].to_owned();
    if look.is_multiple_of(3) {
        candidate.body.email = None;
    }
    candidate
}

fn texts(candidate: &Candidate) -> Vec<&str> {
    let email = candidate.body.email.as_ref().map(EmailAddress::as_str);
    [Some(candidate.body.first_name.as_str()), Some(&candidate.body.last_name), email]
        .into_iter()
        .flatten()
        .collect()
}

/// A run of neighbours as they shall be, or gone. Runs make lists long enough to have blocks, and numbers that
/// are taken up again make blocks that lose records and get others.
fn run() -> impl Strategy<Value = (u64, u64, Option<usize>)> {
    (0_u64..300, 1_u64..60, proptest::option::weighted(0.75, 0_usize..64))
}

fn write(
    txn: &mut Txn,
    model: &mut BTreeMap<u64, Candidate>,
    run: (u64, u64, Option<usize>),
    backwards: bool,
) {
    let (from, length, look) = run;
    let mut numbers: Vec<u64> = (from..from + length).collect();
    if backwards {
        numbers.reverse();
    }
    for number in numbers {
        let candidate_id = CandidateId::from_bytes(id(number));
        match look {
            None => {
                let was = delete::<Candidate>(txn, &candidate_id).expect("deletes");
                assert_eq!(was, model.remove(&number));
            }
            Some(look) => {
                let wanted = candidate(number, look + usize::try_from(number % 5).expect("is small"));
                match model.insert(number, wanted.clone()) {
                    None => insert(txn, &wanted).expect("inserts"),
                    Some(_) => update(txn, &wanted).expect("updates"),
                }
            }
        }
    }
}

/// The page by the simplest means, and by a walk that is stopped as often as it can be.
fn assert_page(
    read: &impl Read,
    model: &BTreeMap<u64, Candidate>,
    filter: &CandidateFilter,
    request: PageRequest,
) {
    let all: Vec<&Candidate> = model
        .values()
        .rev()
        .filter(|candidate| filter.search.finds(&texts(candidate)))
        .filter(|candidate| filter.status.is_none_or(|status| candidate.status == status))
        .filter(|candidate| filter.job_id.is_none_or(|job_id| candidate.job_ids.contains(&job_id)))
        .collect();
    let is_before = |candidate: &Candidate| match request.start {
        PageStart::Offset(_) => false,
        PageStart::After(id) => Uuid::from_bytes(*candidate.id.bytes()) >= id,
    };
    let offset = match request.start {
        PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        PageStart::After(_) => 0,
    };
    let behind: Vec<&Candidate> =
        all.iter().copied().filter(|candidate| !is_before(candidate)).skip(offset).collect();
    let items: Vec<Candidate> = behind.iter().take(request.limit).copied().cloned().collect();
    let last = items.last().map(|last| Uuid::from_bytes(*last.id.bytes()));
    let next = last.filter(|_| request.limit < behind.len());
    let expected = Page { items, total: all.len() as u64, next };
    assert_eq!(
        candidate::list(read, COMPANY, filter, &request).expect("lists"),
        expected,
        "{filter:?} {request:?}"
    );
    let mut walk = candidate::walk(COMPANY, filter, &request);
    let mut stops = 0;
    let page = loop {
        match walk.run(read, &mut || false).expect("walks") {
            Some(page) => break page,
            None => stops += 1,
        }
    };
    assert_eq!(page, expected, "after {stops} stops");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_search_finds_what_a_look_at_every_record_finds(
        stored in vec(run(), 1..10), written in vec((run(), any::<bool>()), 0..6),
        offset in 0_u64..80, limit in 1_usize..30, after in 0_u64..360,
    ) {
        let engine = engine();
        let mut model = BTreeMap::new();
        for run in stored {
            let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
            write(&mut txn, &mut model, run, false);
            engine.apply(&txn.take_own().0).expect("writes");
        }
        let snapshot = engine.snapshot().expect("reads");
        let before = model.clone();
        let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
        for (run, backwards) in written {
            write(&mut txn, &mut model, run, backwards);
        }
        for problems in [check(&snapshot), check(&txn)] {
            prop_assert_eq!(problems.expect("walks"), Vec::<String>::new());
        }
        let starts = [PageStart::Offset(0), PageStart::Offset(offset), PageStart::After(Uuid::from_bytes(id(after)))];
        for (text, start) in SEARCHES.into_iter().flat_map(|text| starts.map(|start| (text, start))) {
            let request = PageRequest { start, limit };
            let all = CandidateFilter { search: search(text), ..CandidateFilter::default() };
            assert_page(&snapshot, &before, &all, request);
            assert_page(&txn, &model, &all, request);
            let some = CandidateFilter { status: Some(STATUSES[0]), ..all.clone() };
            assert_page(&txn, &model, &some, request);
            let few = CandidateFilter { job_id: Some(JobId::from_bytes(id(1))), ..some };
            assert_page(&snapshot, &before, &few, request);
        }
    }
}

/// Rows of one list, without what all their keys begin with.
fn rows(read: &impl Read, word: &str) -> Vec<Row> {
    let key = [COMPANY.bytes().as_slice(), &[Tag::CandidateByWord as u8], word.as_bytes(), &[0, 0]].concat();
    let rows = read.scan(Table::Index, beginning_with(&key), Direction::Forward).expect("reads");
    rows.map(|row| row.map(|(row, value)| (row[key.len()..].to_vec(), value)).expect("reads")).collect()
}

#[test]
fn a_list_lies_in_blocks_and_a_head() {
    let mut txn = txn();
    for number in 1..=39 {
        insert(&mut txn, &fixture::candidate(number, STATUSES[0], Vec::new())).expect("inserts");
    }
    let ids = |numbers: std::ops::RangeInclusive<u64>| numbers.flat_map(id).collect::<Vec<u8>>();
    let head = [39_u64.to_be_bytes().as_slice(), &id(0), &ids(1..=39)].concat();
    assert_eq!(rows(&txn, "ada"), [(vec![0xFF], head)]);
    insert(&mut txn, &fixture::candidate(40, STATUSES[0], Vec::new())).expect("inserts");
    let head = [40_u64.to_be_bytes().as_slice(), &id(33), &ids(33..=40)].concat();
    let block = ([vec![0x01], id(1).to_vec()].concat(), ids(1..=32));
    assert_eq!(rows(&txn, "ada"), [block, (vec![0xFF], head)]);
    // A block that loses its first record stays where it is; without any it goes, and with the last record the head.
    for number in (1..=40).rev() {
        delete::<Candidate>(&mut txn, &CandidateId::from_bytes(id(number))).expect("deletes");
        assert_eq!(check(&txn).expect("walks"), Vec::<String>::new(), "without {number}");
    }
    assert_eq!(rows(&txn, "ada"), []);
}

#[test]
fn a_block_that_grows_becomes_two() {
    let mut txn = txn();
    for number in (2..=160).step_by(2) {
        insert(&mut txn, &fixture::candidate(number, STATUSES[0], Vec::new())).expect("inserts");
    }
    assert_eq!(rows(&txn, "ada").len(), 3);
    // One that overtook all others by far, and one between those of a full block.
    for number in [1, 33] {
        insert(&mut txn, &fixture::candidate(number, STATUSES[0], Vec::new())).expect("inserts");
        assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
    }
    assert_eq!(rows(&txn, "ada").len(), 5);
    assert!(rows(&txn, "ada").iter().all(|(_, value)| value.len() <= 24 + 40 * 16));
}

#[test]
fn a_change_moves_a_record_and_nothing_else_touches_its_lists() {
    let mut txn = txn();
    let ada = fixture::candidate(1, STATUSES[0], Vec::new());
    insert(&mut txn, &ada).expect("inserts");
    let total = |txn: &Txn, text: &str| {
        let filter = CandidateFilter { search: search(text), ..CandidateFilter::default() };
        candidate::list(txn, COMPANY, &filter, &PageRequest::first(1)).expect("lists").total
    };
    assert_eq!((total(&txn, "ad byron"), total(&txn, "lovelace")), (1, 0));
    let before = txn.written();
    let mut married = Candidate { status: STATUSES[1], ..ada };
    update(&mut txn, &married).expect("updates");
    assert!(txn.written().0 <= before.0 + 2, "a status moves it between two lists");
    "Lovelace".clone_into(&mut married.body.last_name);
    married.body.email = None;
    update(&mut txn, &married).expect("updates");
    assert_eq!((total(&txn, "ada byron"), total(&txn, "byron"), total(&txn, "example")), (0, 0, 0));
    assert_eq!((total(&txn, "lovelace ada"), total(&txn, "a")), (1, 1));
    assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
}

#[test]
fn a_page_of_one_list_is_at_hand_and_all_else_is_counted_beforehand() {
    let mut txn = txn();
    for number in 1..=100 {
        let status = STATUSES[usize::from(number <= 60)];
        insert(&mut txn, &fixture::candidate(number, status, Vec::new())).expect("inserts");
    }
    let rows = |text: &str, status, start| {
        let filter = CandidateFilter { search: search(text), status, job_id: None };
        let mut walk = candidate::walk(COMPANY, &filter, &PageRequest { start, limit: 20 });
        walk.rows(&txn).expect("counts")
    };
    let [first, inside, after] =
        [PageStart::Offset(0), PageStart::Offset(70), PageStart::After(Uuid::from_bytes(id(7)))];
    let beyond = PageStart::Offset(u64::MAX);
    for (text, status) in [("", None), ("", Some(STATUSES[0])), ("by", None), ("nobody", None)] {
        for start in [first, after, beyond] {
            assert_eq!(rows(text, status, start), 0, "{text} {status:?} {start:?}");
        }
    }
    assert_eq!((rows("", None, inside), rows("by", None, inside)), (70 / 32, 70 / 32));
    // The shortest list to its end, whatever part is asked for; each of its entries is looked for in the others.
    for start in [first, inside, after, beyond] {
        assert_eq!(rows("ada byron", None, start), 2 * 100);
        assert_eq!(rows("by", Some(STATUSES[0]), start), 2 * 40);
        assert_eq!(rows("ada byron", Some(STATUSES[1]), start), 3 * 60);
        assert_eq!(rows("ada nobody", None, start), 0);
    }
}

#[test]
fn jobs_are_found_by_title_and_description() {
    let mut txn = txn();
    let mut open = fixture::job(1, JobStatus::Open);
    "Řidič – Fahrer/in".clone_into(&mut open.body.title);
    "Für große LKW".clone_into(&mut open.body.description);
    let closed = Job { id: JobId::from_bytes(id(2)), ..fixture::job(2, JobStatus::Closed) };
    insert(&mut txn, &open).expect("inserts");
    insert(&mut txn, &closed).expect("inserts");
    let found = |text: &str, status| -> Vec<u8> {
        let filter = JobFilter { status, search: search(text) };
        let page = job::list(&txn, COMPANY, &filter, &PageRequest::first(9)).expect("lists");
        assert_eq!(page.total, page.items.len() as u64);
        page.items.iter().map(|job| job.id.bytes()[15]).collect()
    };
    for text in ["ŘIDIČ", "fahrer", "in", "GROSSE lkw", "für"] {
        assert_eq!(found(text, None), [1], "{text}");
    }
    assert_eq!(found("n", None), [2]);
    assert_eq!(found("ni sh", Some(JobStatus::Closed)), [2]);
    assert_eq!(found("n", Some(JobStatus::Open)), [0; 0]);
    assert_eq!(found("", None), [2, 1]);
    assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
}

#[test]
fn the_largest_job_that_there_can_be_is_written_and_changed_in_one_commit() {
    let mut txn = txn();
    // As many beginnings as 5,000 letters can have: words of just the length that is told apart, no two of which
    // begin alike. The second description shares none with the first.
    let letters: Vec<char> = ('\u{4e00}'..='\u{9fff}').take(2 * 294).collect();
    let describe = |letters: &[char]| {
        let words = letters.iter().map(|letter| format!("{letter}abcdefghijklmno"));
        words.collect::<Vec<_>>().join(" ")
    };
    // The lists that it enters and leaves are as long as one row can be.
    for number in 2..=40 {
        let mut other = fixture::job(number, JobStatus::Open);
        other.body.description = describe(&letters[if number % 2 == 0 { 0..294 } else { 294..588 }]);
        insert(&mut txn, &other).expect("inserts");
        let batch = txn.take_own().0;
        txn.absorb(batch);
    }
    let mut job = fixture::job(1, JobStatus::Open);
    job.body.description = describe(&letters[..294]);
    assert!((4_950..=5_000).contains(&job.body.description.chars().count()));
    insert(&mut txn, &job).expect("inserts");
    assert!(4_700 < txn.written().0);
    job.body.description = describe(&letters[294..]);
    update(&mut txn, &job).expect("updates");
    assert!(
        txn.written().0 * 2 <= TXN_KEYS_MAX && txn.written().1 * 2 <= TXN_BYTES_MAX,
        "{:?}",
        txn.written()
    );
    // One long word has as many beginnings as are told apart.
    job.body.description = "x".repeat(5_000);
    update(&mut txn, &job).expect("updates");
    assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
}

/// What a file of the first format has not.
fn strip(engine: &Arc<Engine>) {
    let mut stripped = Overlay::default();
    let snapshot = engine.snapshot().expect("reads");
    for row in snapshot.scan(Table::Index, EVERYTHING, Direction::Forward).expect("reads") {
        let (key, _) = row.expect("reads");
        if KeyList::of_row(&key).is_some() {
            stripped.set(Table::Index, key, None);
        }
    }
    stripped.set(Table::Meta, PROGRESS_KEY.to_vec(), Some(vec![0]));
    engine.apply(&stripped).expect("writes");
}

fn all_rows(engine: &Arc<Engine>) -> Vec<Row> {
    let snapshot = engine.snapshot().expect("reads");
    let tables =
        [Table::Meta, Table::Index].map(|table| snapshot.scan(table, EVERYTHING, Direction::Forward));
    tables.into_iter().flat_map(|rows| rows.expect("reads")).map(|row| row.expect("reads")).collect()
}

#[test]
fn lists_that_are_missing_are_built_at_the_next_start_and_once_more_after_a_crash() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let open = || Engine::open(Backing::File(folder.path().join("s")), 1 << 20).expect("opens");
    let engine = open();
    for from in (1..=1_200).step_by(300) {
        let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
        for number in from..from + 300 {
            insert(&mut txn, &candidate(number, usize::try_from(number).expect("fits"))).expect("inserts");
            if number % 100 == 0 {
                insert(&mut txn, &fixture::job(number, JobStatus::Open)).expect("inserts");
            }
        }
        engine.apply(&txn.take_own().0).expect("writes");
    }
    let whole = all_rows(&engine);
    strip(&engine);
    assert_ne!(all_rows(&engine), whole);
    drop(engine);
    let engine = open();
    assert!(all_rows(&engine) == whole, "built at the start, byte for byte");
    strip(&engine);
    // What is to be dropped, jobs, that there are no more of them, some candidates; then the process dies.
    for _ in 0..4 {
        assert!(run_some(&engine).expect("builds"));
    }
    assert_ne!(all_rows(&engine), whole);
    drop(engine);
    let engine = open();
    assert!(all_rows(&engine) == whole, "goes on where it was");
    assert!(!run_some(&engine).expect("builds"), "nothing is left to build");
}
