//! What the demo puts into its server: an ATS with one company, three jobs, three candidates, eight agents.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::client::Server;
use crate::cli::failure::Failure;
use crate::cli::request::{Body, Request};

/// From the range that the North American numbering plan keeps for fiction.
const COMPANY_NUMBER: &str = "+12025550123";

/// Jobs with the priority that the northstar plugin looks at.
const JOBS: [(&str, u32); 3] =
    [("Warehouse associate", 10), ("Forklift driver", 30), ("Shift supervisor", 20)];

/// Candidates with how many of the jobs they are assigned to.
const CANDIDATES: [(&str, &str, usize); 3] = [("Ada", "One", 1), ("Nora", "None", 0), ("Theo", "Three", 3)];

/// Every focus of an agent, with the name that it gets here.
const FOCUSES: [(&str, &str); 4] = [
    ("GENERIC", "First contact"),
    ("SCREENING", "Screening"),
    ("OUTREACH", "Outreach"),
    ("LANGUAGE_TEST", "Language test"),
];

/// What was made.
#[derive(Debug)]
pub(super) struct Furnished {
    pub(super) url: String,
    pub(super) ats_id: String,
    pub(super) company_id: String,
    pub(super) ats_key: String,
    pub(super) company_key: String,
    /// The simulated dialler's.
    pub(super) worker_key: String,
    /// In the order of `JOBS`.
    pub(super) job_ids: Vec<String>,
    /// Assigned to one job, to none, to three.
    pub(super) candidate_ids: Vec<String>,
    /// `PHONE SCREENING` and so on, with the id.
    pub(super) agents: Vec<(String, String)>,
}

impl Furnished {
    /// The id of an agent of this type and focus.
    pub(super) fn agent(&self, words: &str) -> &str {
        self.agents.iter().find(|(name, _)| name == words).map_or("", |(_, id)| id)
    }
}

/// Makes everything through the admin API and then as a partner.
pub(super) async fn furnish(listen: SocketAddr, admin: &Server) -> Result<Furnished, Failure> {
    let ats = json!({"name": format!("Northstar demo {}", std::process::id()), "mode": "test"});
    let ats_id = text(&admin.send(&post(&["ats"], ats)).await?, "id")?;
    let ats_key = key(admin, json!({"kind": "ats", "atsId": ats_id, "name": "Demo ATS"})).await?;
    let url = format!("http://{listen}");
    let partner = Partner { server: Server::at(&url, &ats_key)?, company_id: None };
    let company_id = partner.create("company", company()).await?;
    let number = json!({"companyId": company_id, "number": COMPANY_NUMBER});
    let number_id = text(&admin.send(&post(&["phone-numbers"], number)).await?, "id")?;
    let company_key =
        key(admin, json!({"kind": "company", "companyId": company_id, "name": "Demo company"})).await?;
    let worker_key = key(admin, json!({"kind": "worker", "atsId": ats_id, "name": "Demo dialler"})).await?;
    let partner = Partner { company_id: Some(company_id.clone()), ..partner };
    let job_ids = jobs(&partner).await?;
    let candidate_ids = candidates(&partner, &job_ids).await?;
    let agents = agents(&partner, &number_id).await?;
    Ok(Furnished {
        url,
        ats_id,
        company_id,
        ats_key,
        company_key,
        worker_key,
        job_ids,
        candidate_ids,
        agents,
    })
}

fn company() -> Value {
    json!({
        "name": "Acme Logistics",
        "industry": "Logistics",
        "location": {"city": "New York", "countryCode": "US"},
        "settings": {
            "timezone": "America/New_York",
            "locale": "en-US",
            "callWindow": {"start": "08:00", "end": "20:00", "days": ["MON", "TUE", "WED", "THU", "FRI", "SAT"]},
        },
    })
}

async fn jobs(partner: &Partner) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for (title, priority) in JOBS {
        let job = json!({
            "title": title,
            "description": format!("{title} at Acme Logistics, full time, starting soon."),
            "contractType": "FULL_TIME",
            "location": {"workMode": "ONSITE", "city": "New York", "countryCode": "US"},
            "metadata": {"requisitionPriority": priority},
        });
        ids.push(partner.create("jobs", job).await?);
    }
    Ok(ids)
}

async fn candidates(partner: &Partner, job_ids: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for (index, (first_name, last_name, assignments)) in CANDIDATES.into_iter().enumerate() {
        let mut candidate = json!({
            "firstName": first_name,
            "lastName": last_name,
            "email": format!("{}@example.com", first_name.to_lowercase()),
            "phoneNumber": format!("+1202555014{index}"),
            // Far enough in the future for any dev clock.
            "gdprExpiryDate": "2199-12-31",
        });
        if assignments > 0 {
            candidate["jobIds"] = json!(job_ids.iter().take(assignments).collect::<Vec<_>>());
        }
        ids.push(partner.create("candidates", candidate).await?);
    }
    Ok(ids)
}

async fn agents(partner: &Partner, number_id: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut agents = Vec::new();
    for agent_type in ["PHONE", "ONLINE"] {
        for (focus, name) in FOCUSES {
            let mut agent = json!({
                "name": format!("{name} ({})", agent_type.to_lowercase()),
                "type": agent_type,
                "focus": focus,
                "language": "EN",
                "duration": 15,
            });
            if focus == "LANGUAGE_TEST" {
                agent["cefrLevel"] = json!("B2");
            }
            if agent_type == "PHONE" {
                agent["companyPhoneNumberId"] = json!(number_id);
            }
            agents.push((format!("{agent_type} {focus}"), partner.create("agents", agent).await?));
        }
    }
    Ok(agents)
}

async fn key(admin: &Server, body: Value) -> Result<String, Failure> {
    text(&admin.send(&post(&["keys"], body)).await?, "key")
}

/// The partners' API, with its envelope.
struct Partner {
    server: Server,
    company_id: Option<String>,
}

impl Partner {
    /// Makes one and gives its id.
    async fn create(&self, noun: &str, body: Value) -> Result<String, Failure> {
        let request = post(&[noun], body).query(&[("companyId", self.company_id.as_deref())]);
        let answer = self.server.send(&request).await?;
        text(&answer["data"], "id")
    }
}

fn post(segments: &[&str], body: Value) -> Request {
    Request { body: Body::Json(body), ..Request::new(Method::POST, segments) }
}

fn text(value: &Value, field: &str) -> Result<String, Failure> {
    value[field]
        .as_str()
        .map(ToOwned::to_owned)
        .ok_or_else(|| Failure::Refused(format!("the server's answer has no `{field}`")))
}
