//! The look: everything about a request that depends on stored records, on a snapshot or inside a commit.

use switchboard_domain::agent::Agent;
use switchboard_domain::ats::Ats;
use switchboard_domain::bounds::JOB_IDS_COUNT;
use switchboard_domain::call_scheduling;
use switchboard_domain::call_window::{Judged, WindowVerdict, moved_inside};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CallAttemptId, CandidateId, CompanyId, EventId, InterviewId, JobId};
use switchboard_domain::interview::{
    InterviewInput, JobChoice, JobRequest, Named, RequestedCandidate, choose_job,
};
use switchboard_domain::job::Job;
use switchboard_domain::job_resolution::{AssignedJob, Facts};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use super::when::Occasion;
use crate::app::access::Caller;
use crate::app::{App, Error, agent, billing, candidate, job, removal};
use crate::store::{self, Read};

/// A request, and the ids of all that it may make: fixed once, so that looking again gives the same.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ats_id: AtsId,
    pub(super) company_id: CompanyId,
    pub(super) now: Timestamp,
    pub(super) is_test: bool,
    pub(super) input: InterviewInput,
    pub(super) interview_id: InterviewId,
    pub(super) attempt_id: CallAttemptId,
    pub(super) event_id: EventId,
    /// In boxes: few requests describe what they need, and a plan is moved more often than these are made.
    pub(super) new_candidate: Option<Box<Candidate>>,
    pub(super) new_agent: Option<Box<Agent>>,
    pub(super) new_job: Option<Box<Job>>,
}

/// What a look found; everything about the request that can be refused has been.
pub(super) struct Looked {
    pub(super) ats: Ats,
    pub(super) company: Company,
    pub(super) candidate: Candidate,
    pub(super) agent: Agent,
    pub(super) choice: JobChoice,
    pub(super) new_job_id: Option<JobId>,
    pub(super) judged: Judged,
    /// There when the policy decides when the first call is.
    pub(super) call_facts: Option<call_scheduling::Facts>,
    /// There when the policy decides which job it is.
    pub(super) job_facts: Option<Facts>,
}

impl Plan {
    pub(super) fn new(
        app: &App,
        caller: &Caller,
        company_id: CompanyId,
        input: InterviewInput,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let ats_id = caller.ats_id().ok_or(Rejection::AccessDenied)?;
        let new_candidate = match &input.candidate {
            Named::New(new) => {
                let jobs = new.named_jobs().into_iter().map(|(_, id)| id);
                Some(Box::new(candidate::new(app, company_id, new.draft.clone(), jobs, now)))
            }
            Named::Existing(_) => None,
        };
        let new_agent = match &input.agent {
            Named::New(draft) => Some(Box::new(agent::new(app, company_id, (**draft).clone(), now))),
            Named::Existing(_) => None,
        };
        let new_job = match &input.job {
            Some(Named::New(draft)) => Some(Box::new(job::new(app, company_id, (**draft).clone(), now))),
            Some(Named::Existing(_)) | None => None,
        };
        Ok(Self {
            ats_id,
            company_id,
            now,
            is_test: input.is_test,
            input,
            interview_id: InterviewId::new(app.ids().uuid()),
            attempt_id: CallAttemptId::new(app.ids().uuid()),
            event_id: EventId::new(app.ids().uuid()),
            new_candidate,
            new_agent,
            new_job,
        })
    }
}

impl Looked {
    /// The candidate, unless the request creates them.
    pub(super) fn known_candidate(&self, plan: &Plan) -> Option<CandidateId> {
        plan.new_candidate.is_none().then_some(self.candidate.id)
    }

    /// How the time was judged, for a dry run.
    pub(super) fn verdict(&self, plan: &Plan) -> Result<WindowVerdict, Rejection> {
        let facts = occasion(plan, &self.ats, &self.company, &self.candidate, &self.agent).facts()?;
        Ok(self.judged.told(&facts))
    }

    pub(super) fn named_job(&self) -> Option<JobId> {
        match self.choice {
            JobChoice::Inline => self.new_job_id,
            JobChoice::Named(id) => Some(id),
            JobChoice::AskPolicy => None,
        }
    }
}

/// Contract §1, "Order of checks", from the ids named in the body to the call window.
/// `call_at` is when the policy wants the first call, once it was asked.
pub(super) fn look(read: &impl Read, plan: &Plan, call_at: Option<Timestamp>) -> Result<Looked, Error> {
    let company = store::get::<Company>(read, &plan.company_id)?;
    let company = company.ok_or_else(|| Rejection::not_found("Company", plan.company_id))?;
    let ats = store::get::<Ats>(read, &plan.ats_id)?.ok_or(Rejection::AccessDenied)?;
    let mut problems = Problems::default();
    let candidate = look_candidate(read, plan, &mut problems)?;
    let agent = look_agent(read, plan, &mut problems)?;
    let job_id = look_job(read, plan, &mut problems)?;
    let choice = choose(plan, candidate.as_ref(), job_id, &mut problems);
    if let Some(candidate) = &candidate {
        check_assignments(plan, candidate, job_id, &mut problems);
    }
    let (Some(candidate), Some(agent), Some(choice), true) = (candidate, agent, choice, problems.is_empty())
    else {
        return Err(Rejection::Invalid(problems).into());
    };
    if !plan.is_test && billing::is_limit_reached(read, &company, plan.now)? {
        return Err(Rejection::BillingLimitExceeded.into());
    }
    let occasion = occasion(plan, &ats, &company, &candidate, &agent);
    let (judged, call_facts) = when(plan, &occasion, &agent, call_at)?;
    let job_facts = match choice {
        JobChoice::AskPolicy => Some(facts(read, plan, &candidate, &agent, judged.scheduled_at)?),
        JobChoice::Inline | JobChoice::Named(_) => None,
    };
    let new_job_id = plan.new_job.as_ref().map(|job| job.id);
    Ok(Looked { ats, company, candidate, agent, choice, new_job_id, judged, call_facts, job_facts })
}

fn occasion<'a>(
    plan: &Plan,
    ats: &'a Ats,
    company: &'a Company,
    candidate: &'a Candidate,
    agent: &Agent,
) -> Occasion<'a> {
    let agent_type = agent.body.agent_type;
    Occasion { now: plan.now, is_test: plan.is_test, agent_type, ats, company, candidate }
}

fn look_candidate(
    read: &impl Read,
    plan: &Plan,
    problems: &mut Problems,
) -> Result<Option<Candidate>, store::Error> {
    match &plan.input.candidate {
        Named::Existing(id) => {
            let found = store::get::<Candidate>(read, id)?;
            let found = found.filter(|candidate| candidate.company_id == plan.company_id);
            if found.is_none() {
                problems.add("candidateId", Flaw::invalid("is not a candidate of this company"));
            }
            found.map(|candidate| removal::settled(read, candidate)).transpose()
        }
        Named::New(new) => {
            let jobs = new.named_jobs().into_iter();
            let jobs: Vec<_> = jobs.map(|(path, id)| (format!("candidate.{path}"), id)).collect();
            candidate::check_jobs(read, plan.company_id, &jobs, problems)?;
            Ok(plan.new_candidate.as_deref().cloned())
        }
    }
}

fn look_agent(read: &impl Read, plan: &Plan, problems: &mut Problems) -> Result<Option<Agent>, store::Error> {
    match (&plan.input.agent, &plan.new_agent) {
        (Named::Existing(id), _) => {
            let found = store::get::<Agent>(read, id)?.filter(|agent| agent.company_id == plan.company_id);
            if found.is_none() {
                problems.add("agentId", Flaw::invalid("is not an agent of this company"));
            }
            Ok(found)
        }
        (Named::New(_), new) => {
            if let Some(agent) = new {
                agent::check_number(read, agent, "agent.companyPhoneNumberId", problems)?;
            }
            Ok(new.as_deref().cloned())
        }
    }
}

fn look_job(read: &impl Read, plan: &Plan, problems: &mut Problems) -> Result<Option<JobId>, store::Error> {
    let Some(Named::Existing(id)) = &plan.input.job else { return Ok(None) };
    candidate::check_jobs(read, plan.company_id, &[("jobId".to_owned(), *id)], problems)?;
    Ok(Some(*id))
}

/// A job that the interview links to the candidate must leave them within the bound of assignments (§4).
fn check_assignments(plan: &Plan, candidate: &Candidate, job_id: Option<JobId>, problems: &mut Problems) {
    let linked = plan.new_job.as_ref().map(|job| job.id).or(job_id);
    let assigned = requested_candidate(plan, Some(candidate)).assignments_with(linked);
    if *JOB_IDS_COUNT.end() < assigned.len() {
        let path = if plan.new_job.is_some() { "job" } else { "jobId" };
        let message = format!("would give the candidate more than {} jobs", JOB_IDS_COUNT.end());
        problems.add(path, Flaw::invalid(message));
    }
}

/// The rule is the domain's; here its input is put together.
fn choose(
    plan: &Plan,
    candidate: Option<&Candidate>,
    job_id: Option<JobId>,
    problems: &mut Problems,
) -> Option<JobChoice> {
    let request = JobRequest {
        has_inline_job: plan.new_job.is_some(),
        job_id,
        candidate: requested_candidate(plan, candidate),
    };
    match choose_job(&request) {
        Ok(choice) => Some(choice),
        Err(found) => {
            for problem in found.list() {
                problems.add(problem.path.clone(), problem.flaw.clone());
            }
            None
        }
    }
}

pub(super) fn requested_candidate<'a>(
    plan: &'a Plan,
    candidate: Option<&'a Candidate>,
) -> RequestedCandidate<'a> {
    match (&plan.input.candidate, candidate) {
        (Named::New(new), _) => {
            RequestedCandidate::Inline { job_id: new.job_id, job_ids: (&new.job_ids).into() }
        }
        (Named::Existing(_), Some(found)) => {
            RequestedCandidate::Existing { job_ids: (&found.job_ids).into() }
        }
        (Named::Existing(_), None) => RequestedCandidate::Unknown,
    }
}

/// Where no time was named for a call, the policy decides when it is, and the window holds all the same.
fn when(
    plan: &Plan,
    occasion: &Occasion<'_>,
    agent: &Agent,
    call_at: Option<Timestamp>,
) -> Result<(Judged, Option<call_scheduling::Facts>), Rejection> {
    let facts = occasion.facts()?;
    if plan.input.written_time.is_some() || !facts.window_applies {
        return Ok((occasion.judge(plan.input.written_time.as_ref())?, None));
    }
    let judged = moved_inside(call_at.unwrap_or(plan.now), &facts);
    let facts = call_scheduling::Facts {
        now: plan.now,
        ats_id: plan.ats_id,
        company_id: plan.company_id,
        interview_id: plan.interview_id,
        agent_focus: agent.body.focus,
        agent_duration_minutes: agent.body.duration_minutes,
        retry_number: 0,
        history: Vec::new(),
        window: occasion.company.settings.call_window.clone(),
        zones: facts.zones(plan.now),
    };
    Ok((judged, Some(facts)))
}

fn facts(
    read: &impl Read,
    plan: &Plan,
    candidate: &Candidate,
    agent: &Agent,
    scheduled_at: Timestamp,
) -> Result<Facts, store::Error> {
    let mut assigned_jobs = Vec::with_capacity(candidate.job_ids.len());
    for id in &candidate.job_ids {
        if let Some(job) = store::get::<Job>(read, id)? {
            assigned_jobs.push(AssignedJob {
                id: job.id,
                status: job.body.status,
                created_at: job.created_at,
                title: job.body.title,
                metadata: job.body.metadata,
            });
        }
    }
    Ok(Facts {
        now: plan.now,
        ats_id: plan.ats_id,
        company_id: plan.company_id,
        candidate_id: plan.new_candidate.is_none().then_some(candidate.id),
        agent_type: agent.body.agent_type,
        agent_focus: agent.body.focus,
        agent_language: agent.body.language,
        is_test: plan.is_test,
        scheduled_at,
        assigned_jobs,
        candidate_metadata: candidate.body.metadata.clone(),
    })
}
