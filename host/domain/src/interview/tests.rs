use uuid::Uuid;

use super::*;

fn job(number: u128) -> JobId {
    JobId::new(Uuid::from_u128(number))
}

fn existing(jobs: &[u128]) -> RequestedCandidate<'static> {
    RequestedCandidate::Existing { job_ids: jobs.iter().copied().map(job).collect() }
}

fn inline(job_id: Option<u128>, jobs: &[u128]) -> RequestedCandidate<'static> {
    RequestedCandidate::Inline { job_id: job_id.map(job), job_ids: jobs.iter().copied().map(job).collect() }
}

fn choose(
    inline_job: bool,
    job_id: Option<u128>,
    candidate: &RequestedCandidate<'_>,
) -> Result<JobChoice, Vec<String>> {
    let request =
        JobRequest { has_inline_job: inline_job, job_id: job_id.map(job), candidate: candidate.clone() };
    choose_job(&request).map_err(|problems| problems.list().iter().map(|one| one.path.clone()).collect())
}

#[test]
fn which_job() {
    let named = |number| Ok(JobChoice::Named(job(number)));
    for (inline_job, job_id, candidate, expected) in [
        // Nothing named.
        (false, None, existing(&[]), Ok(JobChoice::AskPolicy)),
        (false, None, existing(&[1]), Ok(JobChoice::AskPolicy)),
        (false, None, existing(&[1, 2]), Ok(JobChoice::AskPolicy)),
        (false, None, inline(None, &[]), Ok(JobChoice::AskPolicy)),
        (false, None, inline(None, &[1, 2]), Ok(JobChoice::AskPolicy)),
        // By the candidate.
        (false, None, inline(Some(1), &[]), named(1)),
        (false, None, inline(None, &[1]), named(1)),
        (false, None, inline(None, &[1, 1]), named(1)),
        (false, None, inline(Some(2), &[1, 2]), named(2)),
        (false, None, inline(Some(3), &[1]), named(1)),
        (false, None, inline(Some(3), &[1, 2]), Ok(JobChoice::AskPolicy)),
        // Explicitly.
        (false, Some(1), existing(&[2, 1]), named(1)),
        (false, Some(1), inline(None, &[]), named(1)),
        (false, Some(1), inline(None, &[2]), named(1)),
        (false, Some(1), RequestedCandidate::Unknown, named(1)),
        // Inline.
        (true, None, existing(&[1]), Ok(JobChoice::Inline)),
        (true, None, inline(None, &[1]), Ok(JobChoice::Inline)),
    ] {
        assert_eq!(choose(inline_job, job_id, &candidate), expected, "{inline_job} {job_id:?} {candidate:?}");
    }
}

#[test]
fn what_does_not_go_together_is_named() {
    for (inline_job, job_id, candidate, expected) in [
        (true, Some(1), existing(&[1]), &["job", "jobId"][..]),
        (true, Some(1), existing(&[2]), &["job", "jobId"]),
        (false, Some(1), existing(&[]), &["jobId"]),
        (false, Some(1), existing(&[2, 3]), &["jobId"]),
        (true, None, inline(Some(1), &[]), &["candidate.jobId"]),
        (false, Some(1), inline(Some(1), &[]), &["candidate.jobId"]),
        (false, Some(1), inline(Some(1), &[1]), &["candidate.jobId"]),
        (true, Some(1), inline(Some(1), &[]), &["job", "jobId", "candidate.jobId"]),
    ] {
        let expected = Err(expected.iter().map(|path| (*path).to_owned()).collect());
        assert_eq!(choose(inline_job, job_id, &candidate), expected, "{inline_job} {job_id:?} {candidate:?}");
    }
}

#[test]
fn the_named_job_becomes_an_assignment() {
    let jobs = |numbers: &[u128]| numbers.iter().copied().map(job).collect::<Vec<_>>();
    for (candidate, job_id, expected) in [
        (existing(&[2, 1]), None, jobs(&[2, 1])),
        (existing(&[2, 1]), Some(3), jobs(&[2, 1, 3])),
        (inline(None, &[]), Some(1), jobs(&[1])),
        (inline(None, &[2]), Some(1), jobs(&[2, 1])),
        (inline(Some(3), &[]), None, jobs(&[3])),
        (inline(Some(3), &[1, 2]), None, jobs(&[1, 2])),
        (inline(None, &[1, 2]), Some(2), jobs(&[1, 2])),
        (RequestedCandidate::Unknown, None, vec![]),
    ] {
        assert_eq!(candidate.assignments_with(job_id.map(job)), expected, "{candidate:?} {job_id:?}");
    }
}

#[test]
fn the_statuses_are_the_contracts() {
    let words: Vec<_> = InterviewStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(words, ["UNDEFINED", "SCHEDULED", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]);
}
