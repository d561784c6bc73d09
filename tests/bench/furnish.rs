//! Fills a server: one company with an agent, a job and a candidate as partners make them, then copies of them,
//! which go straight into the store.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use switchboard::Running;
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Record, Txn};
use switchboard_domain::agent::Agent;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AgentId, CandidateId, CompanyId, JobId};
use switchboard_domain::job::Job;
use switchboard_domain::rejection::Rejection;
use switchboard_tests::Client;

/// So many records go into one commit, whose rows are bounded: a job has some 150, most of them its words.
const AT_ONCE: usize = 100;

/// A company with what an interview needs.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) company: Company,
    pub(crate) agent: Agent,
    pub(crate) job: Job,
    pub(crate) candidate: Candidate,
}

/// What the parent needs to know of a server that has all this now.
pub(crate) async fn furnish(
    running: &Running,
    ids: &Ids,
    companies: usize,
    candidates: usize,
    candidates_path: &Path,
) -> Value {
    let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
    let ats = operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
    let key = unlimited_key(&mut operator, json!({ "kind": "ats", "atsId": ats["id"] })).await;
    let mut partner = Client::new(running.listen, Some(&key));
    let first = first_office(running, &mut partner).await;
    let of_company = json!({ "kind": "company", "companyId": first.company.id.to_string() });
    let company_key = unlimited_key(&mut operator, of_company).await;

    let mut offices = vec![first.clone()];
    offices.extend((1..companies).map(|_| first.copy(ids)));
    insert(running, offices[1..].iter().map(|office| office.company.clone()).collect()).await;
    insert(running, offices[1..].iter().map(|office| office.agent.clone()).collect()).await;
    insert(running, offices[1..].iter().map(|office| office.job.clone()).collect()).await;
    let of_all = (0..candidates).map(|place| offices[place % offices.len()].new_candidate(ids));
    let of_all: Vec<Candidate> = of_all.collect();
    let mut lines = String::new();
    for (place, candidate) in of_all.iter().enumerate() {
        let agent_id = offices[place % offices.len()].agent.id;
        writeln!(lines, "{} {agent_id} {}", candidate.company_id, candidate.id).expect("memory");
    }
    std::fs::write(candidates_path, lines).expect("a file");
    insert(running, of_all).await;
    json!({
        "listen": running.listen.to_string(),
        "admin": running.admin_listen.to_string(),
        "token": running.admin_token,
        "key": key,
        "companyKey": company_key,
        "jobPath": format!("/jobs/{}", first.job.id),
        "candidates": candidates_path.display().to_string(),
    })
}

pub(crate) async fn unlimited_key(operator: &mut Client, mut body: Value) -> String {
    body["ratePerMinute"] = json!(0);
    body["ratePerHour"] = json!(0);
    let made = operator.post("/keys", &body).await.json();
    made["key"].as_str().unwrap_or_else(|| panic!("no key: {made}")).to_owned()
}

pub(crate) async fn first_office(running: &Running, partner: &mut Client) -> Office {
    let company = partner.post("/company", &json!({ "name": "Acme" })).await.expect(201);
    let company_id = company["id"].as_str().expect("an id");
    let mut make = async |noun: &str, body: Value| {
        let made = partner.post(&format!("/{noun}?companyId={company_id}"), &body).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    };
    let agent = json!({
        "name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15,
        "questions": ["Which shifts can you work?", "Do you have a licence for fork-lift trucks?"],
    });
    let agent_id: AgentId = make("agents", agent).await.parse().expect("an id");
    let job = json!({
        "title": "Warehouse operative, night shift",
        "description": "You receive goods, check them against the delivery note and bring them to their place. \
                        Four nights a week, from ten in the evening to six in the morning.",
        "location": { "city": "Bratislava", "countryCode": "SK" },
        "metadata": { "requisition": "R-2041", "requisitionPriority": 3 },
    });
    let job_id: JobId = make("jobs", job).await.parse().expect("an id");
    let candidate = json!({
        "firstName": "Jana", "lastName": "Nováková", "email": "jana.novakova@example.com",
        "gdprExpiryDate": "2199-12-31", "jobIds": [job_id.to_string()],
    });
    let candidate_id: CandidateId = make("candidates", candidate).await.parse().expect("an id");
    let company_id: CompanyId = company_id.parse().expect("an id");
    let snapshot = running.app().store().snapshot().expect("a snapshot");
    Office {
        company: store::get(&snapshot, &company_id).expect("a store").expect("the company"),
        agent: store::get(&snapshot, &agent_id).expect("a store").expect("the agent"),
        job: store::get(&snapshot, &job_id).expect("a store").expect("the job"),
        candidate: store::get(&snapshot, &candidate_id).expect("a store").expect("the candidate"),
    }
}

impl Office {
    pub(crate) fn copy(&self, ids: &Ids) -> Self {
        let mut copy = self.clone();
        copy.company.id = CompanyId::new(ids.uuid());
        copy.agent.id = AgentId::new(ids.uuid());
        copy.agent.company_id = copy.company.id;
        copy.job.id = JobId::new(ids.uuid());
        copy.job.company_id = copy.company.id;
        copy.candidate.company_id = copy.company.id;
        copy.candidate.job_ids = vec![copy.job.id];
        copy
    }

    pub(crate) fn new_candidate(&self, ids: &Ids) -> Candidate {
        Candidate { id: CandidateId::new(ids.uuid()), ..self.candidate.clone() }
    }
}

pub(crate) async fn insert<R: Record + Clone + Send + Sync + 'static>(running: &Running, records: Vec<R>) {
    for some in records.chunks(AT_ONCE) {
        let some = some.to_vec();
        let work = move |txn: &mut Txn| {
            for record in &some {
                store::insert(txn, record)?;
            }
            Ok::<_, Abort<Rejection>>(())
        };
        running.app().store().commit(work).await.expect("a commit");
    }
}
