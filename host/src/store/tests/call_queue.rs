//! The ring of companies: whoever may be called is, in turn, and nobody who may not.

use proptest::collection::vec;
use proptest::prelude::*;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CallAttemptId, CandidateId, CompanyId, InterviewId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::lease::{Lease, LeaseEnd, Leased};
use switchboard_domain::time::Timestamp;

use super::super::call_queue::{self, CallQueue, Seat};
use super::super::engine::Engine;
use super::super::txn::Txn;
use super::super::{Backing, check, delete, get, insert, lease, update};
use super::fixture::{self, AT, id};

const COMPANIES: u64 = 5;

/// The first three are of one ATS, the rest of another.
const ATSS: [AtsId; 2] = [AtsId::from_bytes([1; 16]), AtsId::from_bytes([9; 16])];

fn company_id(company: u64) -> CompanyId {
    CompanyId::from_bytes(id(1_000 + company))
}

const fn ats_of(company: u64) -> AtsId {
    ATSS[if company < 3 { 0 } else { 1 }]
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_millis(AT.unix_millis() + second * 1_000)
}

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    /// A call of this company comes in, due then.
    Schedule(u64, i64),
    /// The call that was scheduled as so many-th is called off, if it waits still.
    CallOff(usize),
    /// A worker of this ATS, or of all, asks for one.
    Claim(Option<AtsId>),
    /// The call that was handed out as so many-th ends, if it is in progress.
    End(usize),
    /// The company may call so many at once.
    Limit(u64, u32),
    /// Time goes on by so many seconds.
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let worker = prop_oneof![3 => Just(None), 1 => Just(Some(ATSS[0])), 1 => Just(Some(ATSS[1]))];
    prop_oneof![
        5 => (0..COMPANIES, 0..60_i64).prop_map(|(company, second)| Step::Schedule(company, second)),
        1 => (0..30_usize).prop_map(Step::CallOff),
        8 => worker.prop_map(Step::Claim),
        3 => (0..30_usize).prop_map(Step::End),
        1 => (0..COMPANIES, 0..3_u32).prop_map(|(company, limit)| Step::Limit(company, limit)),
        3 => (1..30_i64).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waits,
    InProgress,
    Over,
}

/// What is known without looking at the store.
struct Scene {
    txn: Txn,
    now: i64,
    limits: Vec<u32>,
    /// Company, due at, stage. The number of a call is its place.
    calls: Vec<(u64, i64, Stage)>,
    /// Calls in the order in which they were handed out.
    claimed: Vec<usize>,
    /// For each company: claims that could have had a call of it and had another's, since it could be called.
    passed_over: Vec<u64>,
}

impl Scene {
    fn new() -> Self {
        let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
        let mut txn = Txn::new(engine.snapshot().expect("reads"), None);
        for company in 0..COMPANIES {
            let company = Company {
                ats_id: ats_of(company),
                calls_at_once: Some(2),
                ..fixture::company(company_id(company))
            };
            insert(&mut txn, &company).expect("inserts");
        }
        let size = usize::try_from(COMPANIES).expect("fits");
        let (calls, claimed) = (Vec::new(), Vec::new());
        Self { txn, now: 0, limits: vec![2; size], calls, claimed, passed_over: vec![0; size] }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Schedule(company, second) => self.schedule(company, self.now + second - 20),
            Step::CallOff(number) => self.call_off(number),
            Step::Claim(ats_id) => self.claim(ats_id),
            Step::End(place) => self.end(place),
            Step::Limit(company, limit) => self.limit(company, limit),
            Step::Wait(seconds) => self.now += seconds,
        }
        let misplaced = call_queue::misplaced(&self.txn).expect("reads");
        assert_eq!(misplaced, Vec::<String>::new(), "{step:?}");
        for company in 0..COMPANIES {
            if self.may_be_called(company).is_none() {
                self.passed_over[place(company)] = 0;
            }
        }
        let expected = (0..COMPANIES).any(|company| self.may_be_called(company).is_some());
        let is_due = call_queue::is_due(&self.txn, None, at(self.now)).expect("reads");
        assert!(is_due || !expected, "a claim would find something, and does not look");
    }

    /// The moment of the company's first call, if that is due and it has a line free.
    fn may_be_called(&self, company: u64) -> Option<i64> {
        let of = self.calls.iter().filter(|(of, ..)| *of == company);
        let busy = of.clone().filter(|(.., stage)| *stage == Stage::InProgress).count();
        let waiting = of.filter(|(.., stage)| *stage == Stage::Waits).map(|(_, due, _)| *due).min();
        let has_line = busy < usize::try_from(self.limits[place(company)]).expect("fits");
        waiting.filter(|due| has_line && *due <= self.now)
    }

    fn ids(number: usize) -> (InterviewId, CallAttemptId) {
        let number = u64::try_from(number).expect("fits");
        (InterviewId::from_bytes(id(10_000 + number)), CallAttemptId::from_bytes(id(20_000 + number)))
    }

    fn schedule(&mut self, company: u64, due: i64) {
        let (interview_id, id) = Self::ids(self.calls.len());
        let (company_id, candidate_id) = (company_id(company), CandidateId::from_bytes([3; 16]));
        let interview = fixture::interview(0, candidate_id, None, InterviewStatus::Scheduled);
        let mut interview = Interview { id: interview_id, company_id, undecided: None, ..interview };
        interview.agent.agent_type = switchboard_domain::agent::AgentType::Phone;
        insert(&mut self.txn, &interview).expect("inserts");
        let attempt = fixture::waiting(0, 0);
        let attempt = CallAttempt { id, interview_id, company_id, scheduled_at: at(due), ..attempt };
        insert(&mut self.txn, &attempt).expect("inserts");
        self.calls.push((company, due, Stage::Waits));
    }

    fn call_off(&mut self, number: usize) {
        if self.calls.get(number).is_some_and(|(.., stage)| *stage == Stage::Waits) {
            delete::<CallAttempt>(&mut self.txn, &Self::ids(number)).expect("deletes");
            self.calls[number].2 = Stage::Over;
        }
    }

    fn limit(&mut self, company: u64, limit: u32) {
        let stored = get::<Company>(&self.txn, &company_id(company)).expect("reads").expect("is there");
        let changed = Company { calls_at_once: Some(limit), revision: stored.revision + 1, ..stored };
        update(&mut self.txn, &changed).expect("updates");
        self.limits[place(company)] = limit;
    }

    fn claim(&mut self, ats_id: Option<AtsId>) {
        let now = at(self.now);
        let is_in_reach = |company: u64| ats_id.is_none_or(|ats_id| ats_id == ats_of(company));
        let callable: Vec<u64> = (0..COMPANIES)
            .filter(|company| is_in_reach(*company) && self.may_be_called(*company).is_some())
            .collect();
        call_queue::seat_due(&mut self.txn, ats_id, now, 100).expect("seats");
        let front = loop {
            let Some(front) = call_queue::front(&self.txn, ats_id).expect("reads") else { break None };
            if front.first_at <= now {
                break Some(front);
            }
            // Its first call was called off or moved since: it waits again.
            call_queue::end_turn(&mut self.txn, front.company_id, now).expect("ends");
        };
        let Some(CallQueue { company_id, seat: Seat::Turn(_), .. }) = front else {
            assert_eq!(callable, [0; 0], "nobody is called");
            return;
        };
        let company = (0..COMPANIES).find(|company| self::company_id(*company) == company_id);
        let company = company.expect("it is one of them");
        assert!(callable.contains(&company), "{company} may not be called");
        self.begin(company, company_id);
        call_queue::end_turn(&mut self.txn, company_id, now).expect("ends");
        self.passed_over[place(company)] = 0;
        for other in callable.into_iter().filter(|other| *other != company) {
            let passed_over = &mut self.passed_over[place(other)];
            *passed_over += 1;
            assert!(*passed_over < COMPANIES, "{other} is passed over again and again");
        }
    }

    /// Its first call, whichever of those that are due at the same moment.
    fn begin(&mut self, company: u64, company_id: CompanyId) {
        let (due, key) =
            call_queue::first_of(&self.txn, company_id).expect("reads").expect("it has a call due");
        assert_eq!(Some(due), self.may_be_called(company).map(at));
        let number = (0..self.calls.len()).find(|number| Self::ids(*number) == key).expect("is one of them");
        let mut attempt = get::<CallAttempt>(&self.txn, &key).expect("reads").expect("is there");
        attempt.begin(at(self.now));
        update(&mut self.txn, &attempt).expect("updates");
        let mut interview = get::<Interview>(&self.txn, &key.0).expect("reads").expect("is there");
        interview.begin(at(self.now));
        update(&mut self.txn, &interview).expect("updates");
        let of = Leased::Call(attempt.id);
        let lease =
            Lease { of, interview_id: key.0, company_id, ats_id: ats_of(company), ..fixture::lease(0) };
        insert(&mut self.txn, &lease).expect("inserts");
        self.calls[number].2 = Stage::InProgress;
        self.claimed.push(number);
    }

    fn end(&mut self, place: usize) {
        let Some(number) = self.claimed.get(place).copied() else { return };
        if self.calls[number].2 != Stage::InProgress {
            return;
        }
        let (interview_id, id) = Self::ids(number);
        let of = Leased::Call(id);
        let mut lease = get::<Lease>(&self.txn, &of).expect("reads").expect("is there");
        lease.ended = Some(LeaseEnd { at: at(self.now), completion: None });
        update(&mut self.txn, &lease).expect("updates");
        delete::<CallAttempt>(&mut self.txn, &(interview_id, id)).expect("deletes");
        delete::<Interview>(&mut self.txn, &interview_id).expect("deletes");
        self.calls[number].2 = Stage::Over;
    }
}

fn place(company: u64) -> usize {
    usize::try_from(company).expect("fits")
}

proptest! {
    #[test]
    fn whoever_may_be_called_is_called_in_turn(steps in vec(step(), 1..120)) {
        let mut scene = Scene::new();
        for step in &steps {
            scene.take(step);
        }
        for company in 0..COMPANIES {
            let busy = lease::calls_in_progress(&scene.txn, company_id(company)).expect("reads");
            let expected = scene.calls.iter().filter(|(of, _, stage)| {
                *of == company && *stage == Stage::InProgress
            });
            prop_assert_eq!(busy, expected.count() as u64);
        }
        prop_assert_eq!(check(&scene.txn).expect("walks"), Vec::<String>::new());
    }
}

#[test]
fn the_next_moment_is_that_of_the_first_who_waits() {
    let mut scene = Scene::new();
    let next = |scene: &Scene, after| call_queue::next_due(&scene.txn, at(after)).expect("reads");
    assert_eq!(next(&scene, 0), None);
    for (company, due) in [(0, 50), (0, 30), (1, 40), (3, 20)] {
        scene.schedule(company, due);
    }
    assert_eq!(
        [0, 19, 20, 30, 40].map(|after| next(&scene, after)),
        [Some(at(20)), Some(at(20)), Some(at(30)), Some(at(40)), None,]
    );
    // Whoever has a turn, or no line, waits for no moment.
    scene.now = 25;
    scene.claim(None);
    scene.limit(0, 0);
    assert_eq!(next(&scene, 0), Some(at(40)));
    scene.limit(0, 1);
    assert_eq!(next(&scene, 0), Some(at(30)));
}
