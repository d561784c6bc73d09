//! What the policies say of a new interview: when its first call is, where nobody named a time; then, at that time,
//! which job it is for, where nobody named one.

use std::sync::Arc;

use switchboard_domain::call_scheduling;
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::id::{AtsId, DecisionId, JobId};
use switchboard_domain::interview::{DecidedBy, Interview};
use switchboard_domain::job_resolution::Verdict;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Asker;
use switchboard_domain::time::Timestamp;
use tokio::time::Instant;

use super::look::{Looked, Plan, look};
use crate::app::decision::{self, Ending, Question, Said};
use crate::app::{App, Error};
use crate::policy::{CallScheduling, JobResolution, Line};

/// The lines of one request: taken once, and asked until one moment.
pub(super) struct Lines {
    call: Arc<Line>,
    job: Arc<Line>,
    deadline: Instant,
}

/// What was decided. Absent is what nobody had to ask.
#[derive(Debug, Default)]
pub(super) struct Decided {
    call: Option<Said<CallScheduling>>,
    job: Option<(Option<JobId>, Said<JobResolution>)>,
}

impl Lines {
    pub(super) fn of(app: &App, ats_id: AtsId) -> Self {
        Self {
            call: decision::line::<CallScheduling>(app, ats_id),
            job: decision::line::<JobResolution>(app, ats_id),
            deadline: decision::deadline(),
        }
    }

    /// After a conflict: whether safe mode answers now in place of one of them. Waits for a swap under way.
    pub(super) async fn are_overruled(&self, app: &App, ats_id: AtsId) -> Result<bool, Error> {
        for policy in [PolicyName::CallScheduling, PolicyName::JobResolution] {
            if app.is_overruled(Slot { ats_id: Some(ats_id), policy }).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks, and asks whoever is to decide. A dry run records nothing.
    pub(super) async fn ask(&self, app: &App, plan: &Plan, is_dry: bool) -> Result<(Looked, Decided), Error> {
        let mut decided = Decided::default();
        let mut looked = look(&app.snapshot()?, plan, None)?;
        if let Some(facts) = looked.call_facts.take() {
            let candidate_id = looked.known_candidate(plan);
            let question = Question { facts, candidate_id, asker: Asker::Partner };
            let said = decision::ask::<CallScheduling>(app, &self.call, question, self.deadline).await;
            if let Some(rejection) = call_refused(&said) {
                return Err(decided.refuse(app, &said, rejection, is_dry).await);
            }
            decided.call = Some(said);
            looked = look(&app.snapshot()?, plan, decided.call_at())?;
        }
        if let Some(facts) = looked.job_facts.take() {
            let question = Question { candidate_id: facts.candidate_id, facts, asker: Asker::Partner };
            let said = decision::ask::<JobResolution>(app, &self.job, question, self.deadline).await;
            match settled(&said) {
                Ok(job_id) => decided.job = Some((job_id, said)),
                Err(rejection) => return Err(decided.refuse(app, &said, rejection, is_dry).await),
            }
        }
        Ok((looked, decided))
    }
}

impl Decided {
    /// What a refusal tells; the decisions before it are recorded with the one that led to it.
    async fn refuse<P: crate::policy::Policy>(
        &self,
        app: &App,
        said: &Said<P>,
        rejection: Rejection,
        is_dry: bool,
    ) -> Error {
        if is_dry {
            return said.told(rejection);
        }
        if let Err(error) = app.record(self.unused()).await {
            return error;
        }
        decision::refuse(app, said, rejection).await
    }

    /// When the policy wants the first call; to be moved into the window.
    pub(super) fn call_at(&self) -> Option<Timestamp> {
        match &self.call.as_ref()?.ending {
            Ending::Decided(call_scheduling::Verdict::Call { at, .. }) => Some(*at),
            Ending::Decided(call_scheduling::Verdict::GiveUp { .. }) | Ending::Held | Ending::Unavailable => {
                None
            }
        }
    }

    /// Which decision plans the first call; absent where a partner named its time.
    pub(super) fn call_decision(&self) -> Option<DecisionId> {
        Some(self.call.as_ref()?.decision.id)
    }

    /// Nobody has said when the first call is: the question is stored in its place.
    pub(super) fn is_call_held(&self) -> bool {
        self.call.as_ref().is_some_and(|said| said.ending == Ending::Held)
    }

    /// The job, if it was asked for.
    pub(super) fn job(&self) -> Option<Option<JobId>> {
        self.job.as_ref().map(|(job_id, _)| *job_id)
    }

    /// Whether all of it holds for what the commit found (invariant 2).
    pub(super) fn holds_for(&self, looked: &Looked) -> bool {
        let call_holds = match (&looked.call_facts, &self.call) {
            (Some(facts), Some(said)) => said.holds_for(facts),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let job_holds = match (&looked.job_facts, &self.job) {
            (Some(facts), Some((_, said))) => said.holds_for(facts),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        call_holds && job_holds
    }

    /// What the interview keeps of it.
    pub(super) fn decided_by(&self) -> Vec<DecidedBy> {
        let call = self.call.as_ref().map(Said::decided_by);
        call.into_iter().chain(self.job.as_ref().map(|(_, said)| said.decided_by())).collect()
    }

    /// The records, where no interview came of them.
    pub(super) fn unused(&self) -> Vec<Decision> {
        self.decisions().cloned().collect()
    }

    /// The records, of an interview that was made: about its candidate, who may have been made with it.
    pub(super) fn decisions_of(&self, interview: &Interview) -> Vec<Decision> {
        let used = |decision: &Decision| Decision {
            candidate_id: Some(interview.candidate_id),
            interview_id: Some(interview.id),
            ..decision.clone()
        };
        self.decisions().map(used).collect()
    }

    fn decisions(&self) -> impl Iterator<Item = &Decision> {
        let call = self.call.as_ref().map(|said| &said.decision);
        call.into_iter().chain(self.job.as_ref().map(|(_, said)| &said.decision))
    }

    /// `X-Policy-Degraded`, with every policy that its failure ladder answered for.
    pub(super) fn degraded_header(&self) -> Option<(String, String)> {
        let call = self.call.as_ref().and_then(Said::degraded_header);
        let job = self.job.as_ref().and_then(|(_, said)| said.degraded_header());
        match (call, job) {
            (Some((name, call)), Some((_, job))) => Some((name, format!("{call}, {job}"))),
            (call, job) => call.or(job),
        }
    }
}

fn call_refused(said: &Said<CallScheduling>) -> Option<Rejection> {
    match &said.ending {
        Ending::Decided(call_scheduling::Verdict::Call { .. }) | Ending::Held => None,
        Ending::Decided(call_scheduling::Verdict::GiveUp { reason }) => Some(said.refusal(reason)),
        Ending::Unavailable => Some(said.unavailable()),
    }
}

/// The job that the policy settled on, or the partner's refusal.
fn settled(said: &Said<JobResolution>) -> Result<Option<JobId>, Rejection> {
    match &said.ending {
        Ending::Decided(Verdict::Job(job_id)) => Ok(*job_id),
        Ending::Decided(Verdict::JobRequired) => Err(Rejection::JobRequired),
        Ending::Decided(Verdict::JobAmbiguous(jobs)) => Err(Rejection::JobAmbiguous(jobs.clone())),
        Ending::Decided(Verdict::Rejected(reason)) => Err(said.refusal(reason)),
        // An interview cannot wait for its job.
        Ending::Held | Ending::Unavailable => Err(said.unavailable()),
    }
}
