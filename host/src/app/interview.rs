//! Interviews: look – ask – commit in full.
//!
//! The look is one function that runs twice: on a snapshot before the policy is asked, and inside the commit.
//! What the commit stores rests on the second look alone; the policy's verdict is used only if the facts that it
//! saw are still the facts (invariant 2).

mod change;
mod decided;
mod look;
mod make;
mod when;

use std::sync::Arc;

use switchboard_domain::agent::AgentType;
use switchboard_domain::analysis::Analysis;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::call_window::WindowVerdict;
use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::interview::{Interview, InterviewInput, JobChoice};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use self::decided::Lines;
use self::look::Plan;
use self::make::make;

use crate::app::access::Caller;
use crate::app::decision::ASKED_MAX;
use crate::app::walk::Whose;
use crate::app::{App, Error, Rendered, Write};
pub use crate::store::interview::InterviewFilter;
use crate::store::{self, CommitError, Page, PageRequest, Read, Snapshot, Txn};

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
    let ats_id = plan.ats_id;
    let mut lines = Lines::of(app, ats_id);
    let render = Arc::new(render);
    let mut unused = Arc::default();
    for _ in 0..ASKED_MAX {
        let (_, decided) = lines.ask(app, &plan, false).await?;
        app.mind_the_gap().await;
        let decided = Arc::new(decided);
        let (plan, render, said) = (Arc::clone(&plan), Arc::clone(&render), Arc::clone(&decided));
        let work = move |txn: &mut Txn| make(txn, &plan, &said, &*render);
        match app.commit(&write, work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => {
                unused = decided;
                // Safe mode alone takes another release in the middle of a request.
                if lines.are_overruled(app, ats_id).await? {
                    lines = Lines::of(app, ats_id);
                }
            }
            Err(error) => {
                app.record(decided.unused()).await?;
                return Err(error.into());
            }
            Ok(reply) => return Ok(reply),
        }
    }
    app.record(unused.unused()).await?;
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
    let asked = Lines::of(app, plan.ats_id).ask(app, &plan, true).await;
    let (looked, decided) = match asked {
        Err(Error::Rejected(Rejection::OutsideCallWindow(verdict))) => {
            return Ok(DryRun { scheduled_at: verdict.instant, verdict: *verdict, job_id: None });
        }
        asked => asked?,
    };
    let job_id = match looked.choice {
        JobChoice::Named(id) => Some(id),
        // An inline job is not made, so nobody could look its id up.
        JobChoice::Inline => None,
        JobChoice::AskPolicy => decided.job().flatten(),
    };
    let verdict = looked.verdict(&plan)?;
    Ok(DryRun { scheduled_at: looked.judged.scheduled_at, verdict, job_id })
}

/// Interviews of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read, or too much waits to be walked for.
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &InterviewFilter,
    page: &PageRequest,
) -> Result<Page<WithAttempts>, Error> {
    let walk = |snapshot: &Snapshot| store::interview::walk(snapshot, company_id, filter, page);
    let show = |snapshot: &Snapshot, page: Page<Interview>| {
        page.try_map(|interview| with_attempts(snapshot, interview))
    };
    app.read_page(Whose::Company(company_id), walk, show).await
}

fn with_attempts(read: &impl Read, interview: Interview) -> Result<WithAttempts, store::Error> {
    let attempts = match interview.agent.agent_type {
        AgentType::Phone => store::interview::attempts(read, interview.id)?,
        AgentType::Online => Vec::new(),
    };
    let analysis = store::analysis::of(read, interview.id)?;
    Ok(WithAttempts { interview, attempts, analysis })
}
