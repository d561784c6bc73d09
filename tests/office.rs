//! What calls need: a company with a phone agent, people who can be called, and a dialler with its key.

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Store, Txn};
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::id::{CallAttemptId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};

use crate::client::{Answer, Client};
use crate::host::{Furnished, TestHost};

/// A moment as it is written.
#[must_use]
pub fn moment(text: &str) -> Timestamp {
    WrittenTime::parse(text)
        .ok()
        .and_then(|time| time.instant())
        .unwrap_or_else(|| panic!("no moment: {text}"))
}

/// A number in Slovakia, where the test company is too.
pub const BRATISLAVA: &str = "+421901234567";

/// A company that calls people, and who dials for it.
#[derive(Debug)]
pub struct Office {
    /// The ATS, the company, their keys.
    pub here: Furnished,
    /// A partner with the company's key.
    pub partner: Client,
    /// The dialler of the whole installation.
    pub dialler: Dialler,
    /// A phone agent whose interviews need no job.
    pub agent_id: String,
}

/// An interview whose call is scheduled, with as much of both as a path needs.
#[derive(Debug, Clone)]
pub struct Planned {
    /// `{ "id": … }`
    pub interview: Value,
    /// `{ "id": … }`
    pub attempt: Value,
}

/// Copies of an interview and of its one call, straight into a store: a call at each of these moments. All of them
/// are about the same person.
///
/// # Panics
/// The interview has no scheduled call.
pub async fn copies(store: &Store, ids: &Ids, made: &Value, moments: &[Timestamp]) -> Vec<Planned> {
    let snapshot = store.snapshot().expect("a snapshot");
    let interview_id: InterviewId = id(made).parse().expect("an id");
    let interview: Interview = store::get(&snapshot, &interview_id).expect("a store").expect("the interview");
    let attempts = store::interview::attempts(&snapshot, interview_id).expect("a store");
    let attempt = attempts.first().cloned().expect("a scheduled call");
    let copy = |at: &Timestamp| {
        let interview_id = InterviewId::new(ids.uuid());
        let interview = Interview { id: interview_id, scheduled_at: *at, ..interview.clone() };
        let id = CallAttemptId::new(ids.uuid());
        (interview, CallAttempt { id, interview_id, scheduled_at: *at, ..attempt.clone() })
    };
    let copies: Vec<(Interview, CallAttempt)> = moments.iter().map(copy).collect();
    for some in copies.chunks(COPIES_AT_ONCE) {
        let some = some.to_vec();
        let work = move |txn: &mut Txn| {
            for (interview, attempt) in &some {
                store::insert(txn, interview)?;
                store::insert(txn, attempt)?;
            }
            Ok::<_, Abort<Rejection>>(())
        };
        store.commit(work).await.expect("a commit");
    }
    let planned = |(interview, attempt): (Interview, CallAttempt)| Planned {
        interview: json!({ "id": interview.id.to_string() }),
        attempt: json!({ "id": attempt.id.to_string() }),
    };
    copies.into_iter().map(planned).collect()
}

/// A commit's rows are bounded.
const COPIES_AT_ONCE: usize = 250;

/// A telephony worker, as far as HTTP goes.
#[derive(Debug)]
pub struct Dialler(pub Client);

impl Office {
    /// In a new ATS.
    pub async fn new(host: &TestHost) -> Self {
        Self::of(host, host.furnish().await).await
    }

    /// In a company that is there.
    pub async fn of(host: &TestHost, here: Furnished) -> Self {
        let mut partner = host.partner(&here.company_key);
        let agent = json!({
            "name": "First contact", "type": "PHONE", "focus": "GENERIC", "language": "SK", "duration": 15,
            "companyPhoneNumberId": here.phone_number_id,
        });
        let agent_id = made(&partner.post("/agents", &agent).await.expect(201));
        let dialler = Dialler::new(host, Value::Null).await;
        Self { here, partner, dialler, agent_id }
    }

    /// Somebody with this number.
    pub async fn candidate(&mut self, number: &str) -> String {
        let body = json!({
            "firstName": "Jana", "lastName": "Nováková", "phoneNumber": number, "gdprExpiryDate": "2199-12-31",
        });
        made(&self.partner.post("/candidates", &body).await.expect(201))
    }

    /// An interview of a new person with a number in Bratislava; `more` over the usual body.
    pub async fn interview(&mut self, more: Value) -> Value {
        let candidate_id = self.candidate(BRATISLAVA).await;
        let mut body = json!({ "candidateId": candidate_id, "agentId": self.agent_id });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.partner.post("/interviews", &body).await.expect(201)
    }

    /// The interview as it is now.
    pub async fn look(&mut self, interview: &Value) -> Value {
        self.partner.get(&format!("/interviews/{}", id(interview))).await.expect(200)
    }

    /// `DELETE /interviews/{id}`
    pub async fn delete(&mut self, interview: &Value) {
        let path = format!("/interviews/{}", id(interview));
        let answer = self.partner.send("DELETE", &path, &[], Bytes::new()).await;
        assert_eq!(answer.expect(200), true);
    }

    /// `POST …/call-attempts`
    pub async fn post_attempt(&mut self, interview: &Value, body: Value) -> Answer {
        self.partner.post(&format!("/interviews/{}/call-attempts", id(interview)), &body).await
    }

    /// `PATCH …/call-attempts/{attemptId}`
    pub async fn patch_attempt(&mut self, interview: &Value, attempt: &Value, body: Value) -> Answer {
        let path = format!("/interviews/{}/call-attempts/{}", id(interview), id(attempt));
        self.partner.send("PATCH", &path, &[], Bytes::from(body.to_string())).await
    }

    /// `DELETE …/call-attempts/{attemptId}`
    pub async fn delete_attempt(&mut self, interview: &Value, attempt: &Value) -> Answer {
        let path = format!("/interviews/{}/call-attempts/{}", id(interview), id(attempt));
        self.partner.send("DELETE", &path, &[], Bytes::new()).await
    }
}

impl Dialler {
    /// With a key of its own; `of` may name an ATS.
    pub async fn new(host: &TestHost, of: Value) -> Self {
        let mut body = json!({ "kind": "worker" });
        if !of.is_null() {
            body["atsId"] = of;
        }
        Self(host.partner(&host.key(body).await))
    }

    /// Due attempts, at most so many; none is waited for.
    pub async fn claim(&mut self, max: usize) -> Vec<Value> {
        self.claim_with(json!({ "max": max })).await
    }

    /// The only one that is due.
    pub async fn claim_one(&mut self) -> Value {
        let mut claimed = self.claim(2).await;
        assert_eq!(claimed.len(), 1, "{claimed:#?}");
        claimed.remove(0)
    }

    /// What this body claims.
    pub async fn claim_with(&mut self, body: Value) -> Vec<Value> {
        let claimed = self.0.post("/worker/call-attempts/claim", &body).await.expect(200);
        claimed["attempts"].as_array().expect("attempts").clone()
    }

    /// `heartbeat`
    pub async fn beat(&mut self, claimed: &Value, more: Value) -> Answer {
        self.say("heartbeat", claimed, more).await
    }

    /// `complete` with this outcome, after 65 seconds of conversation unless it failed.
    pub async fn complete(&mut self, claimed: &Value, outcome: &str) -> Answer {
        let seconds = if outcome == "COMPLETED" { 65 } else { 0 };
        self.complete_with(claimed, json!({ "outcome": outcome, "durationSeconds": seconds })).await
    }

    /// `complete` with this body beside the token.
    pub async fn complete_with(&mut self, claimed: &Value, more: Value) -> Answer {
        self.say("complete", claimed, more).await
    }

    async fn say(&mut self, what: &str, claimed: &Value, more: Value) -> Answer {
        let mut body = json!({ "leaseToken": claimed["leaseToken"] });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.0.post(&format!("/worker/call-attempts/{}/{what}", id(claimed)), &body).await
    }
}

/// Reads an event log from the store, oldest first: the name of each event behind this one.
#[must_use]
pub fn events(host: &TestHost, after: u64) -> (Vec<String>, u64) {
    use switchboard_domain::event::EventKind as E;
    let snapshot = host.running().app().store().snapshot().expect("a snapshot");
    let events = store::event::after(&snapshot, after, 100_000).expect("events");
    let last = events.last().map_or(after, |event| event.sequence);
    let name = |kind: &E| match kind {
        E::CallAttemptScheduled { .. } => "call_attempt.scheduled",
        E::CallAttemptStarted { .. } => "call_attempt.started",
        E::CallAttemptCompleted { .. } => "call_attempt.completed",
        E::CallAttemptFailed { .. } => "call_attempt.failed",
        E::CallAttemptCancelled { .. } => "call_attempt.cancelled",
        E::InterviewStarted { .. } => "interview.started",
        E::InterviewCompleted { .. } => "interview.completed",
        E::InterviewFailed { .. } => "interview.failed",
        E::AnalysisCompleted { .. } => "analysis.completed",
        E::AnalysisFailed { .. } => "analysis.failed",
        E::CompanyOwnerAssigned { .. } => "company.owner_assigned",
        E::CompanyOwnerInvited { .. } => "company.owner_invited",
    };
    (events.iter().map(|event| name(&event.kind).to_owned()).collect(), last)
}

/// Nothing in the store contradicts itself.
#[track_caller]
pub fn assert_sound(host: &TestHost) {
    let snapshot = host.running().app().store().snapshot().expect("a snapshot");
    let problems = store::check(&snapshot).expect("a walk");
    assert!(problems.is_empty(), "{problems:#?}");
}

fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id: {resource}"))
}

fn made(resource: &Value) -> String {
    id(resource).to_owned()
}
