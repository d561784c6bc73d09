//! A company with many people, written straight into the store, and what a store holds.

use std::collections::BTreeMap;
use std::ops::Bound;

use switchboard::ids::Ids;
use switchboard::store::idempotency::{Reply, ReplyKey};
use switchboard::store::{self, Abort, Direction, Error, Read, Store, Table, Txn};
use switchboard_domain::agent::{Agent, AgentDraft, AgentFocus, AgentType};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::call_window::JudgedIn;
use switchboard_domain::candidate::{Candidate, CandidateDraft, CandidateStatus};
use switchboard_domain::company::{Company, CompanySettings};
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::event::{Effect, Event, EventKind, OutboxRow};
use switchboard_domain::id::{
    AgentId, AtsId, CallAttemptId, CandidateId, CompanyId, DecisionId, EventId, InterviewId, JobId, KeyId,
    OutboxId, PhoneNumberId,
};
use switchboard_domain::interview::{DecidedBy, Interview, InterviewStatus};
use switchboard_domain::job::{Job, JobDraft, JobStatus};
use switchboard_domain::key::{Key, Reach};
use switchboard_domain::language::Language;
use switchboard_domain::lease::{Lease, LeaseEnd, Leased};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::text::{EmailAddress, WebUrl};
use switchboard_domain::time::Timestamp;

pub(crate) const ATS: AtsId = AtsId::from_bytes([1; 16]);
pub(crate) const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

/// So many people go into one commit.
const AT_ONCE: usize = 200;

/// What everybody is called: nothing of it may remain.
pub(crate) const TRACES: [&str; 4] = ["Xenia", "Quillfeather", "xenia.q@post.example", "+421905123456"];

/// A company with a job and an agent; candidates are assigned to the job and have an interview each.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    pub(crate) company: Company,
    pub(crate) job: Job,
    pub(crate) agent: Agent,
    pub(crate) candidates: Vec<CandidateId>,
    ids: Ids,
}

pub(crate) fn company(id: CompanyId) -> Company {
    Company {
        id,
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

impl Crowd {
    /// Of a company that is in no store yet.
    pub(crate) fn new(ids: &Ids) -> Self {
        Self::of(company(CompanyId::new(ids.uuid())), ids)
    }

    /// Of this company.
    pub(crate) fn of(company: Company, ids: &Ids) -> Self {
        let company_id = company.id;
        let body: JobDraft = JobDraft {
            title: "Night nurse".to_owned(),
            description: "Long enough a text".to_owned(),
            status: JobStatus::Open,
            job_url: None,
            benefits: None,
            required_skills: Vec::new(),
            nice_to_have_skills: Vec::new(),
            language_requirements: None,
            education: None,
            experience: None,
            contract_type: None,
            location: None,
            salary: None,
            metadata: None,
        };
        let job =
            Job { id: JobId::new(ids.uuid()), company_id, revision: 1, body, created_at: AT, updated_at: AT };
        let body = AgentDraft {
            name: "Sue".to_owned(),
            agent_type: AgentType::Phone,
            focus: AgentFocus::Generic,
            language: Language::En,
            duration_minutes: 20,
            questions: None,
            instructions: Some("Ask. ".repeat(20)),
            voice_id: None,
            cefr_level: None,
            company_phone_number_id: None,
            metadata: None,
        };
        let agent = Agent {
            id: AgentId::new(ids.uuid()),
            company_id,
            revision: 1,
            body,
            created_at: AT,
            updated_at: AT,
        };
        Self { company, job, agent, candidates: Vec::new(), ids: ids.clone() }
    }

    /// Writes all of it, with so many people. The company's own row is written where it is not there.
    pub(crate) async fn fill(&mut self, store: &Store, people: usize) {
        let (this, key, number) = (self.clone(), self.key(), self.number());
        let (decision, event, reply) = (self.decision(None), self.event(None, None), self.reply(None));
        let outbox = self.outbox_row();
        commit(store, move |txn| {
            if !store::exists::<Company>(txn, &this.company.id)? {
                store::insert(txn, &this.company)?;
            }
            store::key::insert(txn, &key, unlike_any(&key.id))?;
            store::insert(txn, &number)?;
            store::insert(txn, &this.job)?;
            store::insert(txn, &this.agent)?;
            store::insert(txn, &decision)?;
            store::event::append(txn, event.clone())?;
            store::insert(txn, &outbox)?;
            store::insert(txn, &reply)
        })
        .await;
        let people: Vec<Person> = (0..people).map(|_| self.person()).collect();
        self.candidates.extend(people.iter().map(|person| person.candidate.id));
        for some in people.chunks(AT_ONCE) {
            let some = some.to_vec();
            commit(store, move |txn| some.iter().try_for_each(|person| person.write(txn))).await;
        }
    }

    fn person(&self) -> Person {
        let candidate = Candidate {
            id: CandidateId::new(self.ids.uuid()),
            company_id: self.company.id,
            revision: 1,
            body: CandidateDraft {
                first_name: TRACES[0].to_owned(),
                last_name: TRACES[1].to_owned(),
                email: EmailAddress::parse(TRACES[2]).ok(),
                phone_number: PhoneNumber::parse(TRACES[3]).ok(),
                gdpr_expiry_date: serde_json::from_str("\"2030-01-31\"").expect("is a date"),
                metadata: about_the_person(),
            },
            job_ids: vec![self.job.id],
            status: CandidateStatus::Applied,
            overall_rating: None,
            created_at: AT,
            updated_at: AT,
        };
        let interview = Interview {
            id: InterviewId::new(self.ids.uuid()),
            company_id: self.company.id,
            candidate_id: candidate.id,
            agent_id: self.agent.id,
            revision: 1,
            job_id: Some(self.job.id),
            status: InterviewStatus::Scheduled,
            scheduled_at: AT,
            duration_minutes: None,
            finished_at: None,
            metadata: about_the_person(),
            is_test: false,
            agent: self.agent.body.clone(),
            decisions: Vec::new(),
            undecided: None,
            created_at: AT,
            updated_at: AT,
        };
        let made_with = Decision { interview_id: Some(interview.id), ..self.decision(Some(candidate.id)) };
        let decided_by = DecidedBy { policy: PolicyName::JobResolution, decision_id: made_with.id };
        let interview = Interview { decisions: vec![decided_by], ..interview };
        let attempt = |status| CallAttempt {
            id: CallAttemptId::new(self.ids.uuid()),
            interview_id: interview.id,
            company_id: self.company.id,
            revision: 1,
            status,
            reason_code: None,
            notes: Some(format!("{} {} did not answer", TRACES[0], TRACES[1])),
            retry_number: 0,
            decision_id: None,
            recording_url: WebUrl::parse("https://example.com/Quillfeather.ogg").ok(),
            duration_seconds: None,
            scheduled_at: AT,
            judged_in: JudgedIn::Phone(Vec::new()),
            called_at: None,
        };
        let attempts = vec![attempt(CallAttemptStatus::Failed), attempt(CallAttemptStatus::Scheduled)];
        Person {
            lease: self.ended_lease(&interview, attempts[0].id),
            attempts,
            decisions: vec![self.decision(Some(candidate.id)), made_with],
            event: self.event(Some(candidate.id), Some(interview.id)),
            reply: self.reply(Some(candidate.id)),
            candidate,
            interview,
        }
    }

    /// Of a call that is over: kept for a while, to answer the dialler alike.
    fn ended_lease(&self, interview: &Interview, attempt_id: CallAttemptId) -> Lease {
        Lease {
            of: Leased::Call(attempt_id),
            interview_id: interview.id,
            company_id: self.company.id,
            ats_id: ATS,
            revision: 2,
            token_hash: [5; 32],
            length_seconds: 60,
            began_at: AT,
            expires_at: AT,
            scheduled_at: AT,
            retry_number: 0,
            agent_focus: AgentFocus::Generic,
            agent_duration_minutes: 20,
            billing_system: BillingSystem::Minutes,
            ended: Some(LeaseEnd { at: AT, completion: None }),
        }
    }

    fn key(&self) -> Key {
        Key {
            id: KeyId::new(self.ids.uuid()),
            name: "main".to_owned(),
            reach: Reach::Company(self.company.ats_id, self.company.id),
            scopes: Vec::new(),
            expires_at: None,
            allowed_ips: Vec::new(),
            rate_per_minute: 60,
            rate_per_hour: 2_000,
            suspension: None,
            revoked_at: None,
            created_at: AT,
        }
    }

    fn number(&self) -> CompanyPhoneNumber {
        let id = PhoneNumberId::new(self.ids.uuid());
        let number = PhoneNumber::parse("+436641234567").expect("is a number");
        CompanyPhoneNumber { id, company_id: self.company.id, number, created_at: AT }
    }

    fn decision(&self, candidate_id: Option<CandidateId>) -> Decision {
        Decision {
            id: DecisionId::new(self.ids.uuid()),
            at: AT,
            slot: Slot { ats_id: Some(self.company.ats_id), policy: PolicyName::JobResolution },
            company_id: self.company.id,
            candidate_id,
            policy_version: "0.1.0".to_owned(),
            facts: format!("{{\"source\":\"{}\"}}", TRACES[1]),
            asked: Vec::new(),
            answered_by: None,
            interview_id: None,
        }
    }

    fn event(&self, candidate_id: Option<CandidateId>, interview_id: Option<InterviewId>) -> Event {
        let interview_id = interview_id.unwrap_or_else(|| InterviewId::new(self.ids.uuid()));
        Event {
            id: EventId::new(self.ids.uuid()),
            sequence: 0,
            at: AT,
            ats_id: self.company.ats_id,
            company_id: self.company.id,
            candidate_id,
            is_test: false,
            kind: EventKind::InterviewCompleted { interview_id, call_attempt_id: None },
        }
    }

    fn outbox_row(&self) -> OutboxRow {
        OutboxRow {
            id: OutboxId::new(self.ids.uuid()),
            at: AT,
            company_id: self.company.id,
            candidate_id: None,
            effect: Effect::OwnerOnboarding,
        }
    }

    fn reply(&self, candidate_id: Option<CandidateId>) -> Reply {
        Reply {
            key: ReplyKey(unlike_any(&KeyId::new(self.ids.uuid()))),
            status: 201,
            headers: Vec::new(),
            body: TRACES.join(" ").into_bytes(),
            body_hash: [4; 32],
            at: AT,
            company_id: Some(self.company.id),
            candidate_id,
        }
    }
}

/// Thirty-two bytes that are this id's alone.
fn unlike_any(id: &KeyId) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[16..].copy_from_slice(id.bytes());
    bytes
}

fn about_the_person() -> Option<Metadata> {
    Metadata::check(&serde_json::json!({ "mail": TRACES[2], "family": TRACES[1] })).ok()
}

/// Somebody, with all that hangs on them.
#[derive(Debug, Clone)]
struct Person {
    candidate: Candidate,
    interview: Interview,
    attempts: Vec<CallAttempt>,
    lease: Lease,
    decisions: Vec<Decision>,
    event: Event,
    reply: Reply,
}

impl Person {
    fn write(&self, txn: &mut Txn) -> Result<(), Error> {
        store::insert(txn, &self.candidate)?;
        store::insert(txn, &self.interview)?;
        self.attempts.iter().try_for_each(|attempt| store::insert(txn, attempt))?;
        store::insert(txn, &self.lease)?;
        self.decisions.iter().try_for_each(|decision| store::insert(txn, decision))?;
        store::event::append(txn, self.event.clone())?;
        store::insert(txn, &self.reply)
    }
}

/// Commits what must succeed.
pub(crate) async fn commit(store: &Store, work: impl Fn(&mut Txn) -> Result<(), Error> + Send + 'static) {
    let work = move |txn: &mut Txn| -> Result<(), Abort<()>> { Ok(work(txn)?) };
    store.commit(work).await.expect("commits");
}

/// Rows by table and key.
pub(crate) type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Every row of a store by table and key, but for the number of the last event, which never goes back.
pub(crate) fn dump(read: &impl Read) -> Rows {
    let mut rows = BTreeMap::new();
    for table in Table::ALL {
        for row in read.scan(table, (Bound::Unbounded, Bound::Unbounded), Direction::Forward).expect("reads")
        {
            let (key, value) = row.expect("reads");
            if let Some((list, keys)) = shared_list(table, &key, &value) {
                rows.entry((table.name(), list)).or_insert_with(Vec::new).extend(keys);
            } else if (table, key.as_slice()) != (Table::Event, [0xFF; 8].as_slice()) {
                rows.insert((table.name(), key), value);
            }
        }
    }
    rows
}

/// The lists of companies of an ATS, of decisions of a slot, and of those that failed, by their numbers in the file, and
/// the bytes of what all members of each share.
const SHARED_LISTS: [(u8, usize); 3] = [(5, 0), (60, 1), (61, 0)];

/// A row of a list that companies share: how it lies depends on who was in it once, so that what counts is which
/// records it has. Gives the list, and the records of this row.
fn shared_list(table: Table, key: &[u8], value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, value_bytes) = SHARED_LISTS.into_iter().find(|(tag, _)| key.get(16) == Some(tag))?;
    let (list, rest) = (table == Table::Index).then(|| key.split_at_checked(17 + value_bytes))??;
    let keys = match rest {
        // The head: how many there are in all, the first that may be in it, and those that are.
        [0xFF] => value.get(24..)?,
        _ => value,
    };
    Some((list.to_vec(), keys.to_vec()))
}

/// Rows in which something of a person can be read, however it is written.
pub(crate) fn traces(read: &impl Read) -> Vec<String> {
    let wanted = TRACES.map(|trace| trace.to_lowercase().into_bytes());
    let mut found = Vec::new();
    for ((table, key), value) in dump(read) {
        let bytes = [key.clone(), value].concat().to_ascii_lowercase();
        let has = |trace: &&Vec<u8>| bytes.windows(trace.len()).any(|window| window == trace.as_slice());
        if let Some(trace) = wanted.iter().find(has) {
            found.push(format!("{table} {key:?}: {}", String::from_utf8_lossy(trace)));
        }
    }
    found
}
