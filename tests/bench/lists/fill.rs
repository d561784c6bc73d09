//! Fills a server with a list, straight into the store: an office as partners make it, then copies
//! of its records, with names that differ as people's names do.

use serde_json::{Value, json};
use switchboard::Running;
use switchboard::ids::Ids;
use switchboard_domain::agent::{Agent, AgentFocus, AgentType};
use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::company::Company;
use switchboard_domain::id::{AgentId, AtsId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::job::{Job, JobStatus};
use switchboard_domain::text::EmailAddress;
use switchboard_tests::Client;

use crate::furnish::{Office, first_office, insert, unlimited_key};

/// Records of the other ATS at the most; it asks for a deep page too.
pub(crate) const OTHER: usize = 20_000;

/// What is inserted between two looks at the clock of a person who waits.
const AT_ONCE: usize = 20_000;

const FIRST: [&str; 20] = [
    "Jana", "Eva", "Jan", "Petr", "Anna", "Jakub", "Marie", "Tomáš", "Lucie", "Martin", "Zuzana", "Pavel",
    "Věra", "Michal", "Ivana", "Jiří", "Alena", "Ondřej", "Klára", "Šimon",
];
const LAST: [&str; 16] = [
    "Nováková",
    "Svobodová",
    "Novotný",
    "Dvořák",
    "Černá",
    "Procházka",
    "Kučera",
    "Veselá",
    "Horák",
    "Němcová",
    "Pokorný",
    "Marek",
    "Pospíšil",
    "Hájková",
    "Jelínek",
    "Král",
];
const TITLES: [&str; 4] = ["Driver, night shift", "Warehouse operative", "Driver for parcels", "Night guard"];

/// So many records of every list have the word `rare`.
const RARE: usize = 40;

/// What the parent needs to know of a server that has a list of so many records of this noun, and another ATS with
/// one of its own.
pub(crate) async fn fill(running: &Running, ids: &Ids, noun: &str, records: usize) -> Value {
    let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
    let first = one(running, ids, &mut operator, noun, records).await;
    let other = one(running, ids, &mut operator, noun, OTHER.min(records)).await;
    json!({ "listen": running.listen.to_string(), "first": first, "other": other })
}

/// An ATS with a company and so many records.
async fn one(running: &Running, ids: &Ids, operator: &mut Client, noun: &str, records: usize) -> Value {
    let ats = operator.post("/ats", &json!({ "name": format!("{} {noun}", ids.uuid()) })).await.json();
    let key = unlimited_key(operator, json!({ "kind": "ats", "atsId": ats["id"] })).await;
    let mut partner = Client::new(running.listen, Some(&key));
    let office = first_office(running, &mut partner).await;
    let mut interviewed = None;
    match noun {
        "companies" => {
            let ats_id: AtsId = ats["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let company = |_| Company { id: CompanyId::new(ids.uuid()), ats_id, ..office.company.clone() };
            in_parts(running, records, company).await;
        }
        "jobs" => in_parts(running, records, |place| job(&office, ids, place, records)).await,
        "candidates" => in_parts(running, records, |place| candidate(&office, ids, place, records)).await,
        "agents" => in_parts(running, records, |place| agent(&office, ids, place)).await,
        "interviews" => {
            let body = json!({ "candidateId": office.candidate.id.to_string(), "agentId": office.agent.id.to_string() });
            let path = format!("/interviews?companyId={}", office.company.id);
            let made = partner.post(&path, &body).await.expect(201);
            let id: InterviewId = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let snapshot = running.app().store().snapshot().expect("a snapshot");
            let first = switchboard::store::get(&snapshot, &id).expect("a store").expect("the interview");
            interviewed = Some(office.candidate.id);
            in_parts(running, records, |place| interview(&first, ids, place)).await;
        }
        _ => panic!("no such list: {noun}"),
    }
    json!({
        "records": records,
        "key": key,
        "companyId": if noun == "companies" { Value::Null } else { json!(office.company.id.to_string()) },
        "ids": {
            "job": office.job.id.to_string(),
            "agent": office.agent.id.to_string(),
            "candidate": interviewed.unwrap_or(office.candidate.id).to_string(),
        },
    })
}

async fn in_parts<R>(running: &Running, records: usize, make: impl Fn(usize) -> R)
where
    R: switchboard::store::Record + Clone + Send + Sync + 'static,
{
    for from in (0..records).step_by(AT_ONCE) {
        insert(running, (from..records.min(from + AT_ONCE)).map(&make).collect()).await;
    }
}

/// Whether this one is rare: evenly spread, so that newer and older ones are met.
fn is_rare(place: usize, records: usize) -> bool {
    place.is_multiple_of((records / RARE).max(1))
}

fn job(office: &Office, ids: &Ids, place: usize, records: usize) -> Job {
    let mut job = office.job.clone();
    job.id = JobId::new(ids.uuid());
    job.body.status = if place.is_multiple_of(2) { JobStatus::Open } else { JobStatus::Closed };
    job.body.title =
        format!("{} {}", TITLES[place / 2 % 4], if is_rare(place, records) { "rare" } else { "usual" });
    job
}

fn candidate(office: &Office, ids: &Ids, place: usize, records: usize) -> Candidate {
    let mut candidate = office.candidate.clone();
    candidate.id = CandidateId::new(ids.uuid());
    candidate.status = [CandidateStatus::Applied, CandidateStatus::Rejected][place % 2];
    candidate.job_ids.truncate(usize::from(place % 4 < 2));
    let (first, last) = (FIRST[place / 4 % 20], LAST[place / 80 % 16]);
    first.clone_into(&mut candidate.body.first_name);
    last.clone_into(&mut candidate.body.last_name);
    let provider = ["example.com", "post.example", "mail.example"][place % 3];
    let name = if is_rare(place, records) { "rare" } else { "of" };
    let email = format!("{}.{name}{place}@{provider}", first.to_lowercase());
    let ascii: String = email.chars().filter(char::is_ascii).collect();
    candidate.body.email = Some(EmailAddress::parse(&ascii).expect("an address"));
    candidate
}

fn agent(office: &Office, ids: &Ids, place: usize) -> Agent {
    let mut agent = office.agent.clone();
    agent.id = AgentId::new(ids.uuid());
    agent.body.agent_type = [AgentType::Online, AgentType::Phone][place % 2];
    agent.body.focus = [AgentFocus::Generic, AgentFocus::Screening][place / 2 % 2];
    agent
}

fn interview(first: &Interview, ids: &Ids, place: usize) -> Interview {
    let mut interview = first.clone();
    interview.id = InterviewId::new(ids.uuid());
    interview.status = [InterviewStatus::Completed, InterviewStatus::Cancelled][place % 2];
    interview
}
