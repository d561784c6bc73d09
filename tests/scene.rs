//! What a decision about an interview's job needs: an ATS with a company, an agent, jobs and candidates.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::host::{Furnished, TestHost};

/// An ATS with a company and a screening agent, which phones nobody.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The ATS, the company, their keys.
    pub furnished: Furnished,
    /// An ONLINE agent with the focus SCREENING: its interviews need a job.
    pub agent_id: String,
}

impl Scene {
    /// A new ATS with all of it.
    pub async fn new(host: &TestHost) -> Self {
        Self::of(host, host.furnish().await).await
    }

    /// The same in a company that is there.
    pub async fn of(host: &TestHost, furnished: Furnished) -> Self {
        let body = json!({
            "name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15,
        });
        let agent = host.partner(&furnished.company_key).post("/agents", &body).await.expect(201);
        Self { furnished, agent_id: id(&agent) }
    }

    /// Its slot for `job-resolution`.
    #[must_use]
    pub fn slot(&self) -> String {
        format!("{}/job-resolution", self.furnished.ats_id)
    }

    /// A partner with the company's key.
    #[must_use]
    pub fn partner(&self, host: &TestHost) -> Client {
        host.partner(&self.furnished.company_key)
    }

    /// An open job; returns its id.
    pub async fn job(&self, host: &TestHost, title: &str, metadata: Value) -> String {
        let mut body = json!({ "title": title, "description": format!("{title}, starting soon.") });
        if !metadata.is_null() {
            body["metadata"] = metadata;
        }
        id(&self.partner(host).post("/jobs", &body).await.expect(201))
    }

    /// Open jobs with these ranks; returns their ids.
    pub async fn ranked_jobs(&self, host: &TestHost, ranks: &[i64]) -> Vec<String> {
        let mut jobs = Vec::new();
        for rank in ranks {
            let metadata = json!({ "requisitionPriority": rank });
            jobs.push(self.job(host, &format!("Job of rank {rank}"), metadata).await);
        }
        jobs
    }

    /// A candidate who is assigned to these jobs; returns the id.
    pub async fn candidate(&self, host: &TestHost, jobs: &[String]) -> String {
        let mut body = json!({
            "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
            "gdprExpiryDate": "2199-12-31", "metadata": { "source": "a secret fair" },
        });
        if !jobs.is_empty() {
            body["jobIds"] = json!(jobs);
        }
        id(&self.partner(host).post("/candidates", &body).await.expect(201))
    }

    /// The body of an interview without a job.
    #[must_use]
    pub fn interview(&self, candidate_id: &str) -> Value {
        json!({ "candidateId": candidate_id, "agentId": self.agent_id })
    }

    /// Posts an interview without a job.
    pub async fn post(&self, host: &TestHost, candidate_id: &str) -> Answer {
        self.partner(host).post("/interviews", &self.interview(candidate_id)).await
    }

    /// Pushes a built plugin, makes a release of it and activates it in this ATS's slot; returns its id.
    pub async fn run(&self, host: &TestHost, plugin: &str, more: Value) -> String {
        if plugin != "standard" {
            assert_eq!(host.push(plugin).await.status, 201);
        }
        let release = host.release(&self.slot(), plugin, more).await;
        host.activate(&release).await;
        release
    }

    /// `slot show`.
    pub async fn show_slot(&self, host: &TestHost) -> Value {
        host.operate("GET", &format!("/slots/{}", self.slot()), Value::Null).await
    }

    /// The newest recorded decision of this ATS's slot.
    pub async fn newest_decision(&self, host: &TestHost) -> Value {
        let path = format!("/decisions?slot={}&limit=1", self.slot());
        let decisions = host.operate("GET", &path, Value::Null).await;
        decisions.get(0).unwrap_or_else(|| panic!("no decision of {}", self.slot())).clone()
    }
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id: {resource}")).to_owned()
}
