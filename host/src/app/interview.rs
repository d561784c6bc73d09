//! Interviews: look – ask – commit in full.
//!
//! The look is one function that runs twice: on a snapshot before the policy is asked, and inside the commit.
//! What the commit stores rests on the second look alone; the policy's verdict is used only if the facts that it
//! saw are still the facts (invariant 2).

mod look;
mod make;

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::agent::AgentType;
use switchboard_domain::analysis::Analysis;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::call_window::WindowVerdict;
use switchboard_domain::decision::{Decision, PolicyName};
use switchboard_domain::id::{CompanyId, DecisionId, InterviewId, JobId};
use switchboard_domain::interview::{Interview, InterviewInput, JobChoice};
use switchboard_domain::job_resolution::{Facts, Verdict};
use switchboard_domain::rejection::{PolicyRefusal, Rejection};
use switchboard_domain::release::OnFailure;
use switchboard_domain::time::Timestamp;

use self::look::{Plan, look};
use self::make::make;
use tokio::time::Instant;

use crate::app::access::Caller;
use crate::app::{App, Error, Rendered, Write, reach};
use crate::policy::{Line, Outcome};
pub use crate::store::interview::InterviewFilter;
use crate::store::{self, CommitError, Page, PageRequest, Read, Txn};

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
    /// Once one was delivered.
    pub analysis: Option<Analysis>,
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
    let deadline = Instant::now() + DECISION_DEADLINE;
    let mut unused = None;
    for _ in 0..ASKED_MAX {
        let looked = look(&app.snapshot()?, &plan)?;
        let asked = match looked.facts {
            Some(facts) => Some(Arc::new(ask(app, &plan, &line, facts, deadline).await?)),
            None => None,
        };
        app.mind_the_gap().await;
        let (plan, render, said) = (Arc::clone(&plan), Arc::clone(&render), asked.clone());
        let work = move |txn: &mut Txn| make(txn, &plan, said.as_deref(), &*render);
        match app.commit(&write, work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => unused = asked,
            Err(error) => {
                app.record(asked.iter().map(|said| said.decision.clone()).collect()).await?;
                return Err(error.into());
            }
            Ok(reply) => return Ok(reply),
        }
    }
    app.record(unused.iter().map(|said| said.decision.clone()).collect()).await?;
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
    let mut job_id = match looked.choice {
        JobChoice::Named(id) => Some(id),
        // An inline job is not made, so nobody could look its id up.
        JobChoice::Inline | JobChoice::AskPolicy => None,
    };
    if let Some(facts) = looked.facts {
        let line = app.fleet().line(plan.slot());
        let outcome = line.resolve_job(&facts, Instant::now() + DECISION_DEADLINE).await;
        job_id = settled(&plan, &outcome).map_err(|rejection| said_no(rejection, &outcome))?;
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
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &InterviewFilter,
    page: &PageRequest,
) -> Result<Page<WithAttempts>, Error> {
    let (filter, page) = (*filter, *page);
    let filters = [
        filter.candidate_id.is_some(),
        filter.agent_id.is_some(),
        filter.job_id.is_some(),
        filter.status.is_some(),
    ];
    let filters = filters.into_iter().filter(|is_set| *is_set).count();
    app.read_page(&page, filters, move |snapshot| {
        let found = store::interview::list(snapshot, company_id, &filter, &page)?;
        let items = found.items.into_iter().map(|interview| with_attempts(snapshot, interview));
        Ok(Page { items: items.collect::<Result<_, _>>()?, total: found.total, next: found.next })
    })
    .await
}

fn with_attempts(read: &impl Read, interview: Interview) -> Result<WithAttempts, store::Error> {
    let attempts = match interview.agent.agent_type {
        AgentType::Phone => store::interview::attempts(read, interview.id)?,
        AgentType::Online => Vec::new(),
    };
    let analysis = store::analysis::of(read, interview.id)?;
    Ok(WithAttempts { interview, attempts, analysis })
}

/// What the policy said on which facts.
#[derive(Debug)]
struct Said {
    facts: Facts,
    job_id: Option<JobId>,
    decision: Decision,
    is_degraded: bool,
}

/// Asks the slot's release, and records what led to a refusal.
async fn ask(app: &App, plan: &Plan, line: &Line, facts: Facts, deadline: Instant) -> Result<Said, Error> {
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
            Err(said_no(rejection, &outcome))
        }
    }
}

fn said_no(rejection: Rejection, outcome: &Outcome) -> Error {
    if outcome.degraded {
        Error::RejectedDegraded(rejection, PolicyName::JobResolution)
    } else {
        rejection.into()
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
                // Named where it is recorded.
                decision_id: None,
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
