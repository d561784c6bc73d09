//! Fills a server with scheduled attempts of a hundred companies, straight into the store: those that the claims
//! will take, which are due, and so many others on the days to come.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::Running;
use switchboard::ids::Ids;
use switchboard::store;
use switchboard_domain::agent::Agent;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, PhoneNumberId};
use switchboard_domain::interview::Interview;
use switchboard_domain::phone_number::CompanyPhoneNumber;
use switchboard_domain::time::Timestamp;
use switchboard_tests::Client;

use crate::furnish::insert;

const COMPANIES: usize = 100;

/// More than all rounds take.
const DUE: usize = 30_000;

/// What is inserted between two looks at the clock of a person who waits.
const AT_ONCE: usize = 20_000;

/// Calls to come are spread over so long.
const AHEAD: Duration = Duration::from_secs(25 * 86_400);

/// A company that calls people at any hour.
#[derive(Clone)]
struct Caller {
    company: Company,
    number: CompanyPhoneNumber,
    agent: Agent,
    candidate: Candidate,
    interview: Interview,
    attempt: CallAttempt,
}

/// The keys of a worker that may take every call, and of one that may take none.
pub(crate) async fn fill(running: &Running, ids: &Ids, attempts: usize) -> Value {
    let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
    let first = first(running, &mut operator).await;
    let mut callers = vec![first.clone()];
    callers.extend((1..COMPANIES).map(|_| first.copy(ids)));
    let others = &callers[1..];
    insert(running, others.iter().map(|caller| caller.company.clone()).collect()).await;
    insert(running, others.iter().map(|caller| caller.number.clone()).collect()).await;
    insert(running, others.iter().map(|caller| caller.agent.clone()).collect()).await;
    insert(running, others.iter().map(|caller| caller.candidate.clone()).collect()).await;
    let now = running.app().now();
    for from in (0..DUE + attempts).step_by(AT_ONCE) {
        let of_part = (from..(DUE + attempts).min(from + AT_ONCE)).map(|place| {
            let caller = &callers[place % COMPANIES];
            let ahead = u32::try_from(place.saturating_sub(DUE)).expect("a small number");
            let step = AHEAD / u32::try_from(attempts).expect("a small number");
            // An hour after the fill at the earliest: none of them comes due while claims are measured.
            let later = Duration::from_secs(3_600) + step * ahead;
            caller.call(ids, if place < DUE { now } else { now.plus(later) })
        });
        let (interviews, attempts) = of_part.unzip();
        insert(running, interviews).await;
        insert(running, attempts).await;
    }
    let idle = operator.post("/ats", &json!({ "name": "Idle" })).await.json();
    let worker = operator.post("/keys", &json!({ "kind": "worker" })).await.json();
    let idle = operator.post("/keys", &json!({ "kind": "worker", "atsId": idle["id"] })).await.json();
    json!({ "worker": worker["key"], "idle": idle["key"] })
}

async fn first(running: &Running, operator: &mut Client) -> Caller {
    let ats = operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
    let key = operator.post("/keys", &json!({ "kind": "ats", "atsId": ats["id"] })).await.json();
    let mut partner = Client::new(running.listen, key["key"].as_str());
    let days = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let company = json!({
        "name": "Acme",
        "settings": { "callWindow": { "start": "00:00", "end": "24:00", "days": days } },
    });
    let company = partner.post("/company", &company).await.expect(201);
    let of = format!("?companyId={}", text(&company["id"]));
    let path = format!("/companies/{}", text(&company["id"]));
    let changed = operator.patch(&path, &json!({ "callsAtOnce": 1_000 })).await;
    assert!(changed.is_success(), "{}", changed.status);
    let number = json!({ "companyId": company["id"], "number": "+421900000001" });
    let number = operator.post("/phone-numbers", &number).await.json();
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
    let later = running.app().now().plus(Duration::from_secs(3_600));
    let interview = json!({
        "candidateId": candidate["id"], "agentId": agent["id"], "scheduledAt": later.to_string(),
    });
    let interview = partner.post(&format!("/interviews{of}"), &interview).await.expect(201);
    let snapshot = running.app().store().snapshot().expect("a snapshot");
    let interview_id: InterviewId = id(&interview);
    let attempts = store::interview::attempts(&snapshot, interview_id).expect("a store");
    Caller {
        company: store::get(&snapshot, &id::<CompanyId>(&company)).expect("a store").expect("the company"),
        number: store::get(&snapshot, &id::<PhoneNumberId>(&number)).expect("a store").expect("the number"),
        agent: store::get(&snapshot, &id::<AgentId>(&agent)).expect("a store").expect("the agent"),
        candidate: store::get(&snapshot, &id::<CandidateId>(&candidate))
            .expect("a store")
            .expect("the candidate"),
        interview: store::get(&snapshot, &interview_id).expect("a store").expect("the interview"),
        attempt: attempts.into_iter().next().expect("its call"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn id<T: std::str::FromStr>(of: &Value) -> T {
    text(&of["id"]).parse().unwrap_or_else(|_| panic!("no id: {of}"))
}

impl Caller {
    fn copy(&self, ids: &Ids) -> Self {
        let mut copy = self.clone();
        copy.company.id = CompanyId::new(ids.uuid());
        copy.number.id = PhoneNumberId::new(ids.uuid());
        copy.number.company_id = copy.company.id;
        copy.agent.id = AgentId::new(ids.uuid());
        copy.agent.company_id = copy.company.id;
        copy.agent.body.company_phone_number_id = Some(copy.number.id);
        copy.candidate.id = CandidateId::new(ids.uuid());
        copy.candidate.company_id = copy.company.id;
        copy.interview.company_id = copy.company.id;
        copy.interview.candidate_id = copy.candidate.id;
        copy.interview.agent_id = copy.agent.id;
        copy.interview.agent = copy.agent.body.clone();
        copy.attempt.company_id = copy.company.id;
        copy
    }

    /// A call of this company, scheduled then.
    fn call(&self, ids: &Ids, at: Timestamp) -> (Interview, CallAttempt) {
        let interview_id = InterviewId::new(ids.uuid());
        let id = CallAttemptId::new(ids.uuid());
        let interview = Interview { id: interview_id, scheduled_at: at, ..self.interview.clone() };
        (interview, CallAttempt { id, interview_id, scheduled_at: at, ..self.attempt.clone() })
    }
}
