//! One resource of each noun in a company, and where it is.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Dialler, Furnished, Office, TestHost};

/// A company with one of everything; ids are text, as partners see them.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    pub(crate) here: Furnished,
    job: String,
    candidate: String,
    agent: String,
    interview: String,
    /// A phone interview, and its call, which is not due for a long time.
    calling: (String, String),
    /// A decision on which the interview rests.
    decision: String,
    /// A call that a dialler has in hand, and its interview.
    called: (String, String),
}

impl Stock {
    /// In a company of a new ATS.
    pub(crate) async fn new(host: &TestHost) -> Self {
        Self::of(host, host.furnish().await).await
    }

    /// In a company that is there.
    pub(crate) async fn of(host: &TestHost, here: Furnished) -> Self {
        let mut company = host.partner(&here.company_key);
        let mut make = async |path: &str, body: Value| {
            let made = company.post(path, &body).await.expect(201);
            made["id"].as_str().expect("an id").to_owned()
        };
        let job = make("/jobs", new("/jobs", &here)).await;
        let candidate = make("/candidates", new("/candidates", &here)).await;
        let agent = make("/agents", new("/agents", &here)).await;
        let body = json!({ "candidateId": candidate, "agentId": agent, "metadata": { "round": 1 } });
        // First, while nothing else is due.
        let (calling, called) = calls(host, &here).await;
        let interview = make("/interviews", body).await;
        let made = company.get(&format!("/interviews/{interview}")).await.expect(200);
        let decision = made["decisions"]["job-resolution"].as_str().expect("an id").to_owned();
        Self { here, job, candidate, agent, interview, decision, calling, called }
    }

    /// Where this company's resource of a route is. Every route with an id has its line here: one without does not
    /// get past this test.
    pub(crate) fn path(&self, template: &str) -> String {
        let id = match template {
            "/company/{id}" => &self.here.company_id,
            "/jobs/{id}" => &self.job,
            "/candidates/{id}" | "/candidates/{id}/interviews" | "/candidates/{id}/analyses" => {
                &self.candidate
            }
            "/agents/{id}" => &self.agent,
            "/interviews/{id}" => &self.interview,
            "/interviews/{id}/analysis-pdf" | "/worker/interviews/{id}/analysis" => &self.called.0,
            "/decisions/{id}" => &self.decision,
            "/worker/interviews/{id}/start" | "/worker/interviews/{id}/complete" => &self.interview,
            "/interviews/{id}/call-attempts" | "/interviews/{id}/call-attempts/{attemptId}" => {
                &self.calling.0
            }
            "/worker/call-attempts/{id}/heartbeat" | "/worker/call-attempts/{id}/complete" => &self.called.1,
            other => panic!("say here which resource `{other}` is about"),
        };
        template.replace("{id}", id).replace("{attemptId}", &self.calling.1)
    }

    /// Every single resource, with a change that it can take.
    pub(crate) fn single(&self) -> [(String, Value); 5] {
        [
            (self.path("/company/{id}"), json!({ "size": "51-200" })),
            (self.path("/jobs/{id}"), json!({ "status": "CLOSED" })),
            (self.path("/candidates/{id}"), json!({ "status": "ACCEPTED" })),
            (self.path("/agents/{id}"), json!({ "duration": 20 })),
            (self.path("/interviews/{id}"), json!({ "metadata": { "round": 2 } })),
        ]
    }
}

/// The body of a new resource; an interview's candidate and agent are made with it.
pub(crate) fn new(path: &str, here: &Furnished) -> Value {
    match path {
        "/company" => json!({ "name": "Acme" }),
        "/jobs" => json!({ "title": "Driver", "description": "Drives a forklift." }),
        "/candidates" => json!({
            "firstName": "Jana", "lastName": "N", "email": "j@post.example", "phoneNumber": "+421901234567",
            "gdprExpiryDate": "2027-01-01",
        }),
        "/agents" => json!({
            "name": "Check", "type": "PHONE", "focus": "GENERIC", "language": "EN", "duration": 15,
            "companyPhoneNumberId": here.phone_number_id,
        }),
        "/interviews" => {
            json!({ "candidate": new("/candidates", here), "agent": new("/agents", here) })
        }
        other => panic!("say here what a new resource at `{other}` is made of"),
    }
}

/// A phone interview whose call waits, and one whose call is in progress and has an analysis already; each with its
/// call.
async fn calls(host: &TestHost, here: &Furnished) -> ((String, String), (String, String)) {
    let mut office = Office::of(host, here.clone()).await;
    let waits = office.interview(json!({ "scheduledAt": host.in_future(Duration::from_secs(86_400)) })).await;
    let now = host.now().to_string();
    let made = office.interview(json!({ "scheduledAt": now })).await;
    let mut dialler = Dialler::new(host, json!(here.ats_id)).await;
    let claimed = dialler.claim_with(json!({ "leaseSeconds": 900 })).await;
    let path = format!("/worker/interviews/{}/analysis", id(&made));
    let analysis = json!({ "general": {
        "overallRating": 80, "companyFitRating": "HIGH", "education": "BACHELOR_LEVEL",
        "experience": "ONE_TO_3_YEARS", "strongPoints": [], "weakPoints": [], "evaluation": [], "status": "COMPLETED",
    } });
    let _ = dialler.0.post(&path, &analysis).await.expect(200);
    let waiting = (id(&waits), id(&waits["callAttempts"][0]));
    (waiting, (id(&made), id(&claimed[0])))
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id: {resource}")).to_owned()
}
