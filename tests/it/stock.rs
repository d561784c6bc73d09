//! One resource of each noun in a company, and where it is.

use serde_json::{Value, json};
use switchboard_tests::{Furnished, TestHost};

/// A company with one of everything; ids are text, as partners see them.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    pub(crate) here: Furnished,
    job: String,
    candidate: String,
    agent: String,
    interview: String,
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
        let interview = make("/interviews", body).await;
        Self { here, job, candidate, agent, interview }
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
            other => panic!("say here which resource `{other}` is about"),
        };
        template.replace("{id}", id)
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
