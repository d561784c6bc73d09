//! Jobs that are not the candidate's, closed ones, answers that are too long.

use switchboard_sdk::job_resolution::{AssignedJob, Decision, Facts, JobStatus, Policy, Refusal};

use crate::{Hostile, MIB, Settings, nobody_knows};

impl Policy for Hostile {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        match settings.act_on(&facts.company_id, "answer-first") {
            "wrong-job" => Decision::Job("00000000-0000-7000-8000-000000000000".to_owned()),
            "closed-job" => closed(&facts),
            "huge-output" => Decision::Refuse(Refusal::JobAmbiguous(vec!["x".repeat(MIB); 8])),
            "bad-reason" => Decision::Refuse(Refusal::Rejected("no \0 reason\n".repeat(100))),
            "ambiguous-strangers" => Decision::Refuse(Refusal::JobAmbiguous(vec!["not-an-id".to_owned(); 2])),
            "answer-first" => answer(facts.active_jobs().next()),
            "answer-newest" => answer(facts.active_jobs().max_by_key(|job| job.created_at_ms)),
            "job-required" => Decision::Refuse(Refusal::JobRequired),
            "reject" => Decision::Refuse(Refusal::Rejected("hostile on purpose".to_owned())),
            "no-job" => Decision::NoJob,
            act => nobody_knows(act),
        }
    }
}

fn answer(job: Option<&AssignedJob>) -> Decision {
    job.map_or(Decision::NoJob, |job| Decision::Job(job.id.clone()))
}

fn closed(facts: &Facts) -> Decision {
    answer(facts.assigned_jobs.iter().find(|job| job.status == JobStatus::Closed))
}
