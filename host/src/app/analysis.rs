//! Analyses: delivered by the dialler's side, shown to partners.

use switchboard_domain::analysis::{Analysis, AnalysisDraft, AnalysisStatus};
use switchboard_domain::call_attempt::CallAttemptStatus;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{AnalysisId, CandidateId, InterviewId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::job::Job;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::event::Teller;
use crate::app::lease::{Reachable, interview_in_reach};
use crate::app::resource::{self, Aim};
use crate::app::walk::Whose;
use crate::app::{App, Error, reach};
use crate::store::{self, Abort, Page, PageRequest, Read, Snapshot, Txn};

/// An analysis with the names that a reader needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was found out.
    pub analysis: Analysis,
    /// In which interview.
    pub interview: Interview,
    /// About whom.
    pub candidate: Candidate,
    /// What for, while the job is there.
    pub job: Option<Job>,
}

/// Takes an analysis, in place of an earlier one of the same interview.
///
/// # Errors
/// The interview or its candidate is not there, it is out of reach, or no conversation has begun.
pub async fn put(
    app: &App,
    caller: &Caller,
    interview_id: InterviewId,
    draft: AnalysisDraft,
    now: Timestamp,
) -> Result<Analysis, Error> {
    let reach = Reachable::of(caller);
    let (id, series) = (AnalysisId::new(app.ids().uuid()), app.ids().series());
    let work = move |txn: &mut Txn| {
        let (interview, company) = interview_in_reach(txn, reach, interview_id)?;
        let ats_id = company.ats_id;
        check_begun(txn, &interview)?;
        // Nothing is noted about somebody who is gone.
        if !store::exists::<Candidate>(txn, &interview.candidate_id)? {
            return Err(Rejection::not_found("Candidate", interview.candidate_id).into());
        }
        let analysis = match store::analysis::of(txn, interview_id)? {
            Some(old) => {
                let revision = old.revision + 1;
                let new = Analysis { body: draft.clone(), revision, updated_at: now, ..old };
                store::update(txn, &new)?;
                new
            }
            None => {
                let new = Analysis {
                    id,
                    interview_id,
                    company_id: interview.company_id,
                    candidate_id: interview.candidate_id,
                    revision: 1,
                    body: draft.clone(),
                    created_at: now,
                    updated_at: now,
                };
                store::insert(txn, &new)?;
                new
            }
        };
        rate(txn, interview.candidate_id, now)?;
        let kind = match analysis.body.status {
            AnalysisStatus::Completed => EventKind::AnalysisCompleted { interview_id },
            AnalysisStatus::Failed => EventKind::AnalysisFailed { interview_id },
        };
        let mut series = series.clone();
        Teller::new(ats_id, now, &mut series).tell(txn, &interview, kind)?;
        Ok::<_, Abort<Rejection>>(analysis)
    };
    Ok(app.store().commit(work).await?)
}

/// There is something to analyse: a conversation that goes on or took place, also where another one is awaited.
fn check_begun(read: &impl Read, interview: &Interview) -> Result<(), Abort<Rejection>> {
    let has_begun = match interview.status {
        InterviewStatus::InProgress | InterviewStatus::Completed | InterviewStatus::Failed => {
            !interview.is_test
        }
        InterviewStatus::Undefined | InterviewStatus::Scheduled | InterviewStatus::Cancelled => false,
    };
    let has_completed = |attempt: &switchboard_domain::call_attempt::CallAttempt| {
        attempt.status == CallAttemptStatus::Completed
    };
    if has_begun || store::interview::attempts(read, interview.id)?.iter().any(has_completed) {
        return Ok(());
    }
    let allowed = [InterviewStatus::InProgress, InterviewStatus::Completed, InterviewStatus::Failed];
    Err(Abort::Refused(Rejection::InvalidState {
        status: interview.status.as_str(),
        allowed: allowed.map(InterviewStatus::as_str).to_vec(),
    }))
}

/// Gives a candidate the rating of the newest analysis, after an analysis came, changed or went.
pub(crate) fn rate(txn: &mut Txn, candidate_id: CandidateId, now: Timestamp) -> Result<(), store::Error> {
    let rating = store::analysis::newest_rating(txn, candidate_id)?;
    let Some(mut candidate) = store::get::<Candidate>(txn, &candidate_id)? else { return Ok(()) };
    if candidate.overall_rating == rating {
        return Ok(());
    }
    candidate.overall_rating = rating;
    candidate.revision += 1;
    candidate.updated_at = candidate.updated_at.max(now);
    store::update(txn, &candidate)
}

/// The analyses about a candidate in reach, newest first.
///
/// # Errors
/// The candidate is not there, or out of reach.
pub async fn list_of_candidate(
    app: &App,
    aim: &Aim<CandidateId>,
    page: &PageRequest,
) -> Result<Page<Analysis>, Error> {
    let candidate = resource::look::<Candidate>(app, aim)?;
    let walk = |_: &Snapshot| Ok(store::analysis::walk(candidate.id, page));
    app.read_page(Whose::Company(candidate.company_id), walk, |_, page| Ok(page)).await
}

/// The analysis of an interview in reach, for people.
///
/// # Errors
/// There is none, or the interview is not there or out of reach.
pub fn report(app: &App, aim: &Aim<InterviewId>) -> Result<Report, Error> {
    let snapshot = app.snapshot()?;
    let interview = reach::aimed::<Interview>(&snapshot, aim)?;
    let id = interview.id;
    let analysis = store::analysis::of(&snapshot, id)?.ok_or_else(|| Rejection::not_found("Analysis", id))?;
    let candidate = store::get::<Candidate>(&snapshot, &interview.candidate_id)?;
    let candidate = candidate.ok_or_else(|| Rejection::not_found("Analysis", id))?;
    let job = match &interview.job_id {
        Some(job_id) => store::get::<Job>(&snapshot, job_id)?,
        None => None,
    };
    Ok(Report { analysis, interview, candidate, job })
}
