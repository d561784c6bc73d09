//! Lists, counts and the consistency walk, under any sequence of inserts, changes and removals.

use proptest::collection::vec;
use proptest::prelude::*;
use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use uuid::Uuid;

use super::super::candidate::{self, CandidateFilter};
use super::super::engine::Engine;
use super::super::interview::{self, InterviewFilter};
use super::super::schema::Table;
use super::super::txn::{Read, Txn};
use super::super::{Backing, Page, PageRequest, PageStart, check, delete, insert, update};
use super::fixture::{self, COMPANY, id};

fn txn() -> Txn {
    let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
    Txn::new(engine.snapshot().expect("reads"), None)
}

fn job_id(number: u64) -> JobId {
    JobId::from_bytes(id(number))
}

const STATUSES: [CandidateStatus; 3] =
    [CandidateStatus::Applied, CandidateStatus::InProcess, CandidateStatus::Rejected];

/// One candidate as it shall be: which, of which status, with which of three jobs; or gone.
fn wish() -> impl Strategy<Value = (u64, Option<(usize, u8)>)> {
    (1_u64..12, proptest::option::weighted(0.8, (0_usize..3, 0_u8..8)))
}

/// Every page of a list, by cursor.
fn by_cursor(txn: &Txn, filter: &CandidateFilter, limit: usize) -> (Vec<Candidate>, u64) {
    let (mut all, mut request) = (Vec::new(), PageRequest::first(limit));
    loop {
        let page = candidate::list(txn, COMPANY, filter, &request).expect("lists");
        all.extend(page.items);
        match page.next {
            Some(next) => request.start = PageStart::After(next),
            None => return (all, page.total),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lists_and_counts_follow_every_change(wishes in vec(wish(), 1..30), limit in 1_usize..5) {
        let mut txn = txn();
        let mut model = std::collections::BTreeMap::new();
        for (number, wished) in wishes {
            let candidate_id = CandidateId::from_bytes(id(number));
            match wished {
                None => {
                    let was = delete::<Candidate>(&mut txn, &candidate_id).expect("deletes");
                    prop_assert_eq!(was, model.remove(&number));
                }
                Some((status, jobs)) => {
                    let jobs = (0..3).filter(|bit| jobs & (1 << bit) != 0).map(job_id).collect();
                    let candidate = fixture::candidate(number, STATUSES[status], jobs);
                    match model.insert(number, candidate.clone()) {
                        None => insert(&mut txn, &candidate).expect("inserts"),
                        Some(_) => update(&mut txn, &candidate).expect("updates"),
                    }
                }
            }
        }
        prop_assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
        let jobs = [None, Some(job_id(0)), Some(job_id(2))];
        let statuses = [None, Some(STATUSES[0]), Some(STATUSES[2])];
        for (job_id, status) in jobs.into_iter().flat_map(|job| statuses.map(|status| (job, status))) {
            let filter = CandidateFilter { job_id, status, ..CandidateFilter::default() };
            let expected: Vec<Candidate> = model
                .values()
                .rev()
                .filter(|candidate| job_id.is_none_or(|id| candidate.job_ids.contains(&id)))
                .filter(|candidate| status.is_none_or(|status| candidate.status == status))
                .cloned()
                .collect();
            let (all, total) = by_cursor(&txn, &filter, limit);
            prop_assert_eq!(&all, &expected);
            prop_assert_eq!(total, expected.len() as u64);
            let start = PageStart::Offset(2);
            let page = candidate::list(&txn, COMPANY, &filter, &PageRequest { start, limit }).expect("lists");
            let items: Vec<Candidate> = expected.iter().skip(2).take(limit).cloned().collect();
            let more = expected.len() > 2 + limit;
            let next = items.last().filter(|_| more).map(|last| Uuid::from_bytes(*last.id.bytes()));
            prop_assert_eq!(page, Page { items, total, next });
        }
    }
}

fn three_interviews() -> (Txn, CandidateId) {
    let mut txn = txn();
    let ada = CandidateId::from_bytes(id(1));
    insert(&mut txn, &fixture::candidate(1, CandidateStatus::Applied, Vec::new())).expect("inserts");
    let statuses = [InterviewStatus::Scheduled, InterviewStatus::Completed, InterviewStatus::Scheduled];
    for (number, status) in (10..).zip(statuses) {
        let job = (number != 10).then(|| job_id(1));
        insert(&mut txn, &fixture::interview(number, ada, job, status)).expect("inserts");
    }
    (txn, ada)
}

#[test]
fn interviews_are_listed_by_every_filter_and_all_of_them_together() {
    let (txn, ada) = three_interviews();
    let ids = |filter: &InterviewFilter, company_id| -> Vec<u8> {
        let page = interview::list(&txn, company_id, filter, &PageRequest::first(9)).expect("lists");
        assert_eq!(page.total, page.items.len() as u64);
        page.items.iter().map(|interview: &Interview| interview.id.bytes()[15]).collect()
    };
    let scheduled = Some(InterviewStatus::Scheduled);
    let all = InterviewFilter::default();
    assert_eq!(ids(&all, COMPANY), [12, 11, 10]);
    assert_eq!(ids(&InterviewFilter { status: scheduled, ..all }, COMPANY), [12, 10]);
    assert_eq!(ids(&InterviewFilter { candidate_id: Some(ada), ..all }, COMPANY), [12, 11, 10]);
    let of_job = InterviewFilter { job_id: Some(job_id(1)), ..all };
    assert_eq!(ids(&of_job, COMPANY), [12, 11]);
    let together = InterviewFilter { candidate_id: Some(ada), status: scheduled, ..of_job };
    assert_eq!(ids(&together, COMPANY), [12]);
    // A candidate of this company shows nothing in the list of another.
    let stranger = CompanyId::from_bytes([8; 16]);
    assert_eq!(ids(&InterviewFilter { candidate_id: Some(ada), ..all }, stranger), [0_u8; 0]);
    assert_eq!(candidate::interview_count(&txn, ada).expect("counts"), 3);
}

#[test]
fn a_cursor_goes_on_where_it_stopped_whatever_is_inserted_meanwhile() {
    let (mut txn, ada) = three_interviews();
    let filter = InterviewFilter::default();
    let first = interview::list(&txn, COMPANY, &filter, &PageRequest::first(2)).expect("lists");
    insert(&mut txn, &fixture::interview(13, ada, None, InterviewStatus::Scheduled)).expect("inserts");
    let start = PageStart::After(first.next.expect("more follow"));
    let second = interview::list(&txn, COMPANY, &filter, &PageRequest { start, limit: 2 }).expect("lists");
    assert_eq!(second.items.len(), 1);
    assert_eq!((second.items[0].id.bytes()[15], second.total, second.next), (10, 4, None));
    let beyond = PageRequest { start: PageStart::Offset(u64::MAX), limit: 2 };
    let beyond = interview::list(&txn, COMPANY, &filter, &beyond).expect("lists");
    assert_eq!((beyond.items.len(), beyond.total), (0, 4));
}

#[test]
fn the_walk_finds_every_kind_of_contradiction() {
    type Damage = fn(&mut Txn, &[u8]);
    let index_rows = |txn: &Txn| -> Vec<Vec<u8>> {
        let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        let rows = txn.scan(Table::Index, all, super::super::Direction::Forward).expect("reads");
        rows.map(|row| row.expect("reads").0).collect()
    };
    let (sound, _) = three_interviews();
    assert_eq!(check(&sound).expect("walks"), Vec::<String>::new());
    let damages: [Damage; 2] = [
        |txn, key| txn.remove(Table::Index, key).expect("fits"),
        |txn, key| txn.put(Table::Index, key, vec![9; 8]).expect("fits"),
    ];
    for row in index_rows(&sound) {
        for damage in damages {
            let (mut txn, _) = three_interviews();
            damage(&mut txn, &row);
            assert_eq!(check(&txn).expect("walks").len(), 1, "one damaged row is one problem");
        }
    }
    let (mut txn, _) = three_interviews();
    txn.remove(Table::Interview, id(11)).expect("fits");
    assert!(!check(&txn).expect("walks").is_empty(), "an index names what is gone");
    let (mut txn, _) = three_interviews();
    txn.put(Table::Interview, id(11), vec![1, 2, 3]).expect("fits");
    assert!(!check(&txn).expect("walks").is_empty(), "a record cannot be read");
}
