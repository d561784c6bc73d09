//! Interviews: look – ask – commit in full.
//!
//! The look is one function that runs twice: on a snapshot before the policy is asked, and inside the commit.
//! What the commit stores rests on the second look alone; the policy's verdict is used only if the facts that it
//! saw are still the facts (invariant 2).

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::agent::{Agent, AgentType};
use switchboard_domain::ats::Ats;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::call_window::{Judged, WhenFacts, WindowVerdict, judge};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::{
    CallAttemptId, CompanyId, DecisionId, EventId, InterviewId, JobId,
};
use switchboard_domain::interview::{
    DecidedBy, Interview, InterviewInput, InterviewStatus, JobChoice, JobRequest, Named, RequestedCandidate,
    choose_job,
};
use switchboard_domain::job::Job;
use switchboard_domain::job_resolution::{AssignedJob, Facts, Verdict};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::{PolicyRefusal, Rejection};
use switchboard_domain::release::OnFailure;
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::candidate::NamedJob;
use crate::app::{App, Committed, Error, Rendered, Write, agent, candidate, job, reach};
use crate::policy::{Line, Outcome};
use crate::store::interview::InterviewFilter;
use crate::store::{self, Abort, CommitError, Page, PageRequest, Read, Txn};

/// How long a request waits for the whole failure ladder: the longest time limit that a release can have, and
/// a second for those who answer in its place.
const DECISION_DEADLINE: Duration = Duration::from_secs(6);

/// How often the policy is asked again because the facts moved. Each round is a lost race against another
/// writer of the same candidate; nobody loses so many by chance.
const ASKED_MAX: usize = 5;

/// An interview with its call attempts, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct WithAttempts {
    /// The record.
    pub interview: Interview,
    /// Empty for ONLINE interviews and tests.
    pub attempts: Vec<CallAttempt>,
}

/// What an interview would be.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// When it would take place.
    pub scheduled_at: Timestamp,
    /// How that time was judged.
    pub verdict: WindowVerdict,
    /// What it would be for. An inline job has no id yet.
    pub job_id: Option<JobId>,
}

/// Makes an interview, and what was described inline with it: all or nothing.
///
/// # Errors
/// What the contract §6 says, or the policy says no, or the facts keep moving (409).
pub async fn create(
    app: &App,
    caller: &Caller,
    company_id: CompanyId,
    input: InterviewInput,
    write: Write,
    render: impl Fn(&WithAttempts) -> Rendered + Send + Sync + 'static,
) -> Result<Rendered, Error> {
    let plan = Arc::new(Plan::new(app, caller, company_id, input, write.now)?);
    let line = app.fleet().line(plan.slot());
    let render = Arc::new(render);
    for _ in 0..ASKED_MAX {
        let looked = look(&app.snapshot()?, &plan)?;
        let asked = match looked.facts {
            Some(facts) => Some(Arc::new(ask(app, &plan, &line, facts).await?)),
            None => None,
        };
        app.mind_the_gap().await;
        let (plan, render, said) = (Arc::clone(&plan), Arc::clone(&render), asked.clone());
        let work = move |txn: &mut Txn| make(txn, &plan, said.as_deref(), &*render);
        match app.commit(&write, work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => {}
            Err(error) => return Err(error.into()),
            Ok(reply) => return Ok(reply),
        }
    }
    Err(Rejection::Conflict.into())
}

/// Judges and decides as [`create`] does, and stores nothing.
///
/// # Errors
/// As [`create`]. A time outside of the call window is no error here: the verdict says so.
pub async fn dry_run(
    app: &App,
    caller: &Caller,
    company_id: CompanyId,
    input: InterviewInput,
    now: Timestamp,
) -> Result<DryRun, Error> {
    let plan = Plan::new(app, caller, company_id, input, now)?;
    let looked = match look(&app.snapshot()?, &plan) {
        Err(Error::Rejected(Rejection::OutsideCallWindow(verdict))) => {
            return Ok(DryRun { scheduled_at: verdict.instant, verdict: *verdict, job_id: None });
        }
        looked => looked?,
    };
    let mut job_id = looked.named_job();
    if let Some(facts) = looked.facts {
        let line = app.fleet().line(plan.slot());
        let deadline = tokio::time::Instant::now() + DECISION_DEADLINE;
        let outcome = line.resolve_job(&facts, deadline).await;
        job_id = settled(&plan, &outcome)?;
    }
    Ok(DryRun { scheduled_at: looked.judged.scheduled_at, verdict: looked.judged.verdict, job_id })
}

/// One interview in reach.
///
/// # Errors
/// See [`reach`].
pub fn get(
    app: &App,
    caller: &Caller,
    named: Option<CompanyId>,
    id: InterviewId,
) -> Result<WithAttempts, Error> {
    let snapshot = app.snapshot()?;
    let company_id = reach::company_id(&snapshot, caller, named)?;
    let interview = reach::resource::<Interview>(&snapshot, caller, company_id, &id)?;
    Ok(with_attempts(&snapshot, interview)?)
}

/// Interviews of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read.
pub fn list(
    app: &App,
    company_id: CompanyId,
    filter: &InterviewFilter,
    page: &PageRequest,
) -> Result<Page<WithAttempts>, Error> {
    let snapshot = app.snapshot()?;
    let page = store::interview::list(&snapshot, company_id, filter, page)?;
    let items = page.items.into_iter().map(|interview| with_attempts(&snapshot, interview));
    Ok(Page { items: items.collect::<Result<_, _>>()?, total: page.total, next: page.next })
}

fn with_attempts(read: &impl Read, interview: Interview) -> Result<WithAttempts, store::Error> {
    let attempts = match interview.agent.agent_type {
        AgentType::Phone => store::interview::attempts(read, interview.id)?,
        AgentType::Online => Vec::new(),
    };
    Ok(WithAttempts { interview, attempts })
}

/// A request, and the ids of all that it may make: fixed once, so that looking again gives the same.
#[derive(Debug)]
struct Plan {
    ats: Ats,
    company_id: CompanyId,
    now: Timestamp,
    is_test: bool,
    input: InterviewInput,
    interview_id: InterviewId,
    attempt_id: CallAttemptId,
    event_id: EventId,
    new_candidate: Option<Candidate>,
    new_agent: Option<Agent>,
    new_job: Option<Job>,
}

/// What a look found; everything about the request that can be refused has been.
struct Looked {
    candidate: Candidate,
    agent: Agent,
    choice: JobChoice,
    new_job_id: Option<JobId>,
    judged: Judged,
    /// There when the policy decides.
    facts: Option<Facts>,
}

/// What the policy said on which facts.
#[derive(Debug)]
struct Said {
    facts: Facts,
    job_id: Option<JobId>,
    decision: Decision,
    is_degraded: bool,
}

impl Plan {
    fn new(
        app: &App,
        caller: &Caller,
        company_id: CompanyId,
        input: InterviewInput,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let ats = caller.ats.clone().ok_or(Rejection::AccessDenied)?;
        let new_candidate = match &input.candidate {
            Named::New(new) => {
                let jobs = new.named_jobs().into_iter().map(|(_, id)| id);
                Some(candidate::new(app, company_id, new.draft.clone(), jobs, now))
            }
            Named::Existing(_) => None,
        };
        let new_agent = match &input.agent {
            Named::New(draft) => Some(agent::new(app, company_id, (**draft).clone(), now)),
            Named::Existing(_) => None,
        };
        let new_job = match &input.job {
            Some(Named::New(draft)) => Some(job::new(app, company_id, (**draft).clone(), now)),
            Some(Named::Existing(_)) | None => None,
        };
        Ok(Self {
            ats,
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

    fn slot(&self) -> Slot {
        Slot { ats_id: Some(self.ats.id), policy: PolicyName::JobResolution }
    }
}

impl Looked {
    fn named_job(&self) -> Option<JobId> {
        match self.choice {
            JobChoice::Inline => self.new_job_id,
            JobChoice::Named(id) => Some(id),
            JobChoice::AskPolicy => None,
        }
    }
}

/// Contract §1, "Order of checks", from the ids named in the body to the call window.
fn look(read: &impl Read, plan: &Plan) -> Result<Looked, Error> {
    let company = store::get::<Company>(read, &plan.company_id)?;
    let company = company.ok_or_else(|| Rejection::not_found("Company", plan.company_id))?;
    let mut problems = Problems::default();
    let candidate = look_candidate(read, plan, &mut problems)?;
    let agent = look_agent(read, plan, &mut problems)?;
    let job_id = look_job(read, plan, &mut problems)?;
    let choice = choose(plan, candidate.as_ref(), job_id, &mut problems);
    let (Some(candidate), Some(agent), Some(choice), true) = (candidate, agent, choice, problems.is_empty())
    else {
        return Err(Rejection::Invalid(problems).into());
    };
    let judged = when(plan, &company, &candidate, &agent)?;
    let facts = match choice {
        JobChoice::AskPolicy => Some(facts(read, plan, &candidate, &agent, judged.scheduled_at)?),
        JobChoice::Inline | JobChoice::Named(_) => None,
    };
    let new_job_id = plan.new_job.as_ref().map(|job| job.id);
    Ok(Looked { candidate, agent, choice, new_job_id, judged, facts })
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
            Ok(found)
        }
        Named::New(new) => {
            let jobs = new.named_jobs().into_iter();
            let jobs: Vec<NamedJob> =
                jobs.map(|(path, id)| NamedJob { path: format!("candidate.{path}"), id }).collect();
            candidate::check_jobs(read, plan.company_id, &jobs, problems)?;
            Ok(plan.new_candidate.clone())
        }
    }
}

fn look_agent(
    read: &impl Read,
    plan: &Plan,
    problems: &mut Problems,
) -> Result<Option<Agent>, store::Error> {
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
            Ok(new.clone())
        }
    }
}

fn look_job(
    read: &impl Read,
    plan: &Plan,
    problems: &mut Problems,
) -> Result<Option<JobId>, store::Error> {
    let Some(Named::Existing(id)) = &plan.input.job else { return Ok(None) };
    let named = NamedJob { path: "jobId".to_owned(), id: *id };
    candidate::check_jobs(read, plan.company_id, std::slice::from_ref(&named), problems)?;
    Ok(Some(*id))
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

fn requested_candidate(plan: &Plan, candidate: Option<&Candidate>) -> RequestedCandidate {
    match (&plan.input.candidate, candidate) {
        (Named::New(new), _) => {
            RequestedCandidate::Inline { job_id: new.job_id, job_ids: new.job_ids.clone() }
        }
        (Named::Existing(_), Some(found)) => {
            RequestedCandidate::Existing { job_ids: found.job_ids.clone() }
        }
        (Named::Existing(_), None) => RequestedCandidate::Unknown,
    }
}

/// Contract §6, "When"; a PHONE interview needs a number to call.
fn when(plan: &Plan, company: &Company, candidate: &Candidate, agent: &Agent) -> Result<Judged, Error> {
    let is_phone = agent.body.agent_type == AgentType::Phone;
    let number = candidate.body.phone_number.as_ref();
    if is_phone && number.is_none() {
        return Err(Rejection::field("candidate.phoneNumber", Flaw::missing()).into());
    }
    let facts = WhenFacts {
        now: plan.now,
        phone_zones: number.filter(|_| is_phone).map_or(&[], |number| number.zones()),
        company_zone: company.settings.timezone,
        window: &company.settings.call_window,
        zulu_is_offset: plan.ats.zulu_is_offset,
        window_applies: is_phone && !plan.is_test,
    };
    judge(plan.input.written_time.as_ref(), &facts).map_err(|refusal| refusal.at("scheduledAt").into())
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
        ats_id: plan.ats.id,
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

/// Asks the slot's release, and records what led to a refusal.
async fn ask(app: &App, plan: &Plan, line: &Line, facts: Facts) -> Result<Said, Error> {
    let deadline = tokio::time::Instant::now() + DECISION_DEADLINE;
    let outcome = line.resolve_job(&facts, deadline).await;
    let decision = Decision {
        id: DecisionId::new(app.ids().uuid()),
        at: plan.now,
        slot: plan.slot(),
        company_id: plan.company_id,
        candidate_id: facts.candidate_id,
        policy_version: outcome.policy_version.clone(),
        facts: outcome.facts.clone(),
        asked: outcome.asked.clone(),
        answered_by: outcome.answered_by,
    };
    match settled(plan, &outcome) {
        Ok(job_id) => Ok(Said { facts, job_id, decision, is_degraded: outcome.degraded }),
        Err(mut rejection) => {
            rejection.name_decision(decision.id);
            app.record(vec![decision]).await?;
            if outcome.degraded {
                return Err(Error::RejectedDegraded(rejection, PolicyName::JobResolution));
            }
            Err(rejection.into())
        }
    }
}

/// The job that the policy settled on, or the partner's refusal.
fn settled(plan: &Plan, outcome: &Outcome) -> Result<Option<JobId>, Rejection> {
    let policy = PolicyName::JobResolution;
    match (&outcome.verdict, outcome.answered_by) {
        (Some(Verdict::Job(job_id)), _) => Ok(*job_id),
        (Some(Verdict::JobRequired), _) => Err(Rejection::JobRequired),
        (Some(Verdict::JobAmbiguous(jobs)), _) => Err(Rejection::JobAmbiguous(jobs.clone())),
        (Some(Verdict::Rejected(reason)), Some(release)) => {
            Err(Rejection::PolicyRejected(Box::new(PolicyRefusal {
                policy,
                plugin: outcome.plugin.clone(),
                release,
                reason: reason.clone(),
                // Replaced by the recorded decision's id, where there is a record.
                decision_id: DecisionId::new(uuid::Uuid::nil()),
            })))
        }
        (Some(Verdict::Rejected(_)) | None, _) => {
            if outcome.on_failure == OnFailure::Hold {
                tracing::warn!(event = "decision.unheld", slot = %plan.slot(), "an interview cannot wait for its job");
            }
            Err(Rejection::PolicyUnavailable { policy, decision_id: None })
        }
    }
}

/// The commit: looks again, and stores what holds.
fn make(
    txn: &mut Txn,
    plan: &Plan,
    said: Option<&Said>,
    render: &(impl Fn(&WithAttempts) -> Rendered + ?Sized),
) -> Result<Committed, Abort<Rejection>> {
    let looked = look(txn, plan).map_err(refused)?;
    let is_fresh = match (&looked.facts, said) {
        (Some(facts), Some(said)) => said.facts.same_but_now(facts),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !is_fresh {
        return Err(Abort::Refused(Rejection::Conflict));
    }
    let job_id = said.map_or_else(|| looked.named_job(), |said| said.job_id);
    store_inline(txn, plan, &looked, job_id)?;
    let made = record(plan, &looked, job_id, said);
    store::insert(txn, &made.interview)?;
    for attempt in &made.attempts {
        store::insert(txn, attempt)?;
    }
    let candidate_id = made.interview.candidate_id;
    let mut reply = render(&made);
    let mut decisions = Vec::new();
    if let Some(said) = said {
        decisions.push(Decision { candidate_id: Some(candidate_id), ..said.decision.clone() });
        if said.is_degraded {
            reply.headers.push(degraded_header(PolicyName::JobResolution));
        }
    }
    Ok(Committed {
        reply,
        events: event(plan, &made).into_iter().collect(),
        outbox: Vec::new(),
        decisions,
        company_id: plan.company_id,
        candidate_id: Some(candidate_id),
    })
}

/// `X-Policy-Degraded: <policy>`
pub(crate) fn degraded_header(policy: PolicyName) -> (String, String) {
    ("X-Policy-Degraded".to_owned(), policy.as_str().to_owned())
}

fn refused(error: Error) -> Abort<Rejection> {
    match error {
        Error::Rejected(rejection) | Error::RejectedDegraded(rejection, _) => Abort::Refused(rejection),
        Error::Store(error) => Abort::Store(error),
        // A look does nothing else; it is tried again like any other change underneath.
        Error::Refused(_) | Error::Policy(_) | Error::Internal(_) => Abort::Refused(Rejection::Conflict),
    }
}

/// Inline resources become ordinary ones, and the candidate is linked to an inline job.
fn store_inline(
    txn: &mut Txn,
    plan: &Plan,
    looked: &Looked,
    job_id: Option<JobId>,
) -> Result<(), Abort<Rejection>> {
    if let Some(job) = &plan.new_job {
        store::insert(txn, job)?;
    }
    if let Some(agent) = &plan.new_agent {
        store::insert(txn, agent)?;
    }
    let named = looked.named_job().and(job_id);
    let assigned = requested_candidate(plan, Some(&looked.candidate)).assignments_with(named);
    let mut candidate = looked.candidate.clone();
    let is_linked = candidate.job_ids == assigned;
    candidate.job_ids = assigned;
    if plan.new_candidate.is_some() {
        store::insert(txn, &candidate)?;
    } else if !is_linked {
        candidate.revision += 1;
        candidate.updated_at = plan.now;
        store::update(txn, &candidate)?;
    }
    Ok(())
}

fn record(plan: &Plan, looked: &Looked, job_id: Option<JobId>, said: Option<&Said>) -> WithAttempts {
    let status = if plan.is_test { InterviewStatus::Completed } else { InterviewStatus::Scheduled };
    let interview = Interview {
        id: plan.interview_id,
        company_id: plan.company_id,
        candidate_id: looked.candidate.id,
        agent_id: looked.agent.id,
        revision: 1,
        job_id,
        status,
        scheduled_at: looked.judged.scheduled_at,
        duration_minutes: None,
        finished_at: plan.is_test.then_some(plan.now),
        metadata: plan.input.metadata.clone(),
        is_test: plan.is_test,
        agent: looked.agent.body.clone(),
        decisions: said
            .map(|said| DecidedBy { policy: PolicyName::JobResolution, decision_id: said.decision.id })
            .into_iter()
            .collect(),
        created_at: plan.now,
        updated_at: plan.now,
    };
    let is_called = looked.agent.body.agent_type == AgentType::Phone && !plan.is_test;
    let attempt = is_called.then(|| CallAttempt {
        id: plan.attempt_id,
        interview_id: plan.interview_id,
        revision: 1,
        status: CallAttemptStatus::Scheduled,
        reason_code: None,
        notes: None,
        retry_number: 0,
        recording_url: None,
        duration_seconds: None,
        scheduled_at: looked.judged.scheduled_at,
        judged_in: looked.judged.judged_in.clone(),
        called_at: None,
    });
    WithAttempts { interview, attempts: attempt.into_iter().collect() }
}

fn event(plan: &Plan, made: &WithAttempts) -> Option<Event> {
    let interview_id = plan.interview_id;
    let kind = match made.attempts.first() {
        Some(attempt) => EventKind::CallAttemptScheduled { interview_id, call_attempt_id: attempt.id },
        None if plan.is_test => EventKind::InterviewCompleted { interview_id },
        None => return None,
    };
    Some(Event {
        id: plan.event_id,
        sequence: 0,
        at: plan.now,
        ats_id: plan.ats.id,
        company_id: plan.company_id,
        candidate_id: Some(made.interview.candidate_id),
        is_test: plan.is_test,
        kind,
    })
}

