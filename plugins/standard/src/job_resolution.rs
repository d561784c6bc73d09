//! A generic conversation needs no job; any other takes the candidate's only active job, and guesses nothing.

use switchboard_sdk::job_resolution::{AgentFocus, Decision, Facts, Policy, Refusal};

use crate::Standard;

impl Policy for Standard {
    type Settings = ();

    fn decide(facts: Facts, _settings: ()) -> Decision {
        if facts.agent_focus == AgentFocus::Generic {
            return Decision::NoJob;
        }
        let mut active: Vec<String> = facts.active_jobs().map(|job| job.id.clone()).collect();
        match active.len() {
            0 => Decision::Refuse(Refusal::JobRequired),
            1 => Decision::Job(active.remove(0)),
            _ => Decision::Refuse(Refusal::JobAmbiguous(active)),
        }
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::job_resolution::{AgentType, AssignedJob, JobStatus, validate_settings};

    use super::*;

    fn facts(agent_focus: AgentFocus, jobs: &[(&str, JobStatus)]) -> Facts {
        let job = |&(id, status): &(&str, JobStatus)| AssignedJob {
            id: id.to_owned(),
            status,
            created_at_ms: 0,
            title: None,
            metadata: vec![],
        };
        Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            candidate_id: None,
            agent_type: AgentType::Phone,
            agent_focus,
            agent_language: "EN".to_owned(),
            is_test: false,
            scheduled_at_ms: 0,
            assigned_jobs: jobs.iter().map(job).collect(),
            candidate_metadata: None,
        }
    }

    #[test]
    fn the_only_active_job_is_taken() {
        use JobStatus::{Closed, Open};
        let job = |id: &str| Decision::Job(id.to_owned());
        let ambiguous = Decision::Refuse(Refusal::JobAmbiguous(vec!["a".to_owned(), "c".to_owned()]));
        let cases: [(&[(&str, JobStatus)], Decision); 5] = [
            (&[], Decision::Refuse(Refusal::JobRequired)),
            (&[("a", Closed)], Decision::Refuse(Refusal::JobRequired)),
            (&[("a", Open)], job("a")),
            (&[("a", Closed), ("b", Open)], job("b")),
            (&[("a", Open), ("b", Closed), ("c", Open)], ambiguous),
        ];
        for focus in [AgentFocus::Screening, AgentFocus::Outreach, AgentFocus::LanguageTest] {
            for (jobs, expected) in &cases {
                assert_eq!(Standard::decide(facts(focus, jobs), ()), *expected, "{focus:?} {jobs:?}");
            }
        }
    }

    #[test]
    fn a_generic_conversation_has_no_job() {
        for jobs in [&[][..], &[("a", JobStatus::Open)]] {
            assert_eq!(Standard::decide(facts(AgentFocus::Generic, jobs), ()), Decision::NoJob);
        }
    }

    #[test]
    fn there_is_nothing_to_set() {
        assert_eq!(validate_settings::<Standard>("{}"), Ok(()));
        assert_eq!(validate_settings::<Standard>(r#"{"a":1}"#).expect_err("refused")[0].pointer, "/a");
    }
}
