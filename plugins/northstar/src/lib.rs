//! Northstar's customers rank their requisitions: of several active jobs the one with the highest priority is
//! meant.

use switchboard_sdk::job_resolution::{
    AgentFocus, AssignedJob, Decision, Facts, MetadataValue, Policy, Refusal,
};

/// Where Northstar writes the rank of a requisition: a whole number, higher is more urgent.
const PRIORITY: &str = "/requisitionPriority";

/// The rule.
#[derive(Debug)]
pub struct Northstar;

switchboard_sdk::export_job_resolution!(Northstar);

impl Policy for Northstar {
    type Settings = ();

    fn decide(facts: Facts, _settings: ()) -> Decision {
        if facts.agent_focus == AgentFocus::Generic {
            return Decision::NoJob;
        }
        let active: Vec<&AssignedJob> = facts.active_jobs().collect();
        match active.as_slice() {
            [] => Decision::Refuse(Refusal::JobRequired),
            [only] => Decision::Job(only.id.clone()),
            several => match most_urgent(several) {
                Some(job) => Decision::Job(job.id.clone()),
                None => Decision::Refuse(Refusal::Rejected(format!(
                    "the candidate has {} open jobs and none has a whole number as metadata.requisitionPriority; \
                     set one, or name the job with jobId",
                    several.len()
                ))),
            },
        }
    }
}

/// The highest priority; of equal ones the newest job; of jobs made at once the one assigned last.
fn most_urgent<'a>(jobs: &[&'a AssignedJob]) -> Option<&'a AssignedJob> {
    let ranked = jobs.iter().filter_map(|job| {
        let priority = job.metadata_at(PRIORITY).and_then(MetadataValue::as_integer)?;
        Some((priority, *job))
    });
    // Of equal elements `max_by_key` takes the last one.
    ranked.max_by_key(|(priority, job)| (*priority, job.created_at_ms)).map(|(_, job)| job)
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::job_resolution::{AgentType, JobStatus, MetadataEntry};

    use super::*;

    fn job(id: &str, created_at_ms: i64, priority: Option<MetadataValue>) -> AssignedJob {
        let entry = |value| MetadataEntry { pointer: PRIORITY.to_owned(), value };
        AssignedJob {
            id: id.to_owned(),
            status: JobStatus::Open,
            created_at_ms,
            title: None,
            metadata: priority.into_iter().map(entry).collect(),
        }
    }

    fn ranked(id: &str, created_at_ms: i64, priority: i64) -> AssignedJob {
        job(id, created_at_ms, Some(MetadataValue::Integer(priority)))
    }

    fn closed(job: AssignedJob) -> AssignedJob {
        AssignedJob { status: JobStatus::Closed, ..job }
    }

    fn decide(agent_focus: AgentFocus, assigned_jobs: Vec<AssignedJob>) -> Decision {
        let facts = Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            candidate_id: None,
            agent_type: AgentType::Phone,
            agent_focus,
            agent_language: "EN".to_owned(),
            is_test: false,
            scheduled_at_ms: 0,
            assigned_jobs,
            candidate_metadata: None,
        };
        Northstar::decide(facts, ())
    }

    fn chosen(assigned_jobs: Vec<AssignedJob>) -> Option<String> {
        match decide(AgentFocus::Screening, assigned_jobs) {
            Decision::Job(id) => Some(id),
            Decision::NoJob | Decision::Refuse(_) => None,
        }
    }

    #[test]
    fn the_highest_priority_wins() {
        assert_eq!(
            chosen(vec![ranked("a", 3, 1), ranked("b", 1, 9), ranked("c", 2, -5)]).as_deref(),
            Some("b")
        );
        assert_eq!(chosen(vec![ranked("a", 1, i64::MIN), job("b", 2, None)]).as_deref(), Some("a"));
    }

    #[test]
    fn ties_go_to_the_newest_then_to_the_last_assigned() {
        assert_eq!(chosen(vec![ranked("a", 2, 1), ranked("b", 1, 1)]).as_deref(), Some("a"));
        assert_eq!(chosen(vec![ranked("a", 1, 1), ranked("b", 1, 1)]).as_deref(), Some("b"));
    }

    #[test]
    fn closed_jobs_do_not_count() {
        assert_eq!(
            chosen(vec![closed(ranked("a", 1, 9)), ranked("b", 1, 1), ranked("c", 1, 0)]).as_deref(),
            Some("b")
        );
        let all_closed = vec![closed(ranked("a", 1, 9))];
        assert_eq!(decide(AgentFocus::Outreach, all_closed), Decision::Refuse(Refusal::JobRequired));
    }

    #[test]
    fn an_only_job_needs_no_priority() {
        assert_eq!(chosen(vec![job("a", 1, None)]).as_deref(), Some("a"));
    }

    #[test]
    fn several_jobs_without_a_priority_are_refused_with_a_reason() {
        let text = MetadataValue::Text("9".to_owned());
        let decision = decide(AgentFocus::Screening, vec![job("a", 1, None), job("b", 1, Some(text))]);
        let Decision::Refuse(Refusal::Rejected(reason)) = decision else { panic!("{decision:?}") };
        assert!(reason.contains("requisitionPriority") && reason.chars().count() <= 500, "{reason}");
    }

    #[test]
    fn a_generic_conversation_has_no_job() {
        assert_eq!(decide(AgentFocus::Generic, vec![ranked("a", 1, 9)]), Decision::NoJob);
    }
}
