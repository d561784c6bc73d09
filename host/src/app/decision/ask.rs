//! Asking a policy: the same way for a request and for a worker, with the record that belongs to it.
//!
//! Asking stores nothing. Whoever asks commits the record together with what rests on it ([`record`]), after looking
//! again ([`Said::holds_for`]), or records it alone with a refusal ([`refuse`]). Must never happen here: asking inside a
//! commit.

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::decision::{Decision, Facts as _, Slot};
use switchboard_domain::id::{AtsId, CandidateId, DecisionId};
use switchboard_domain::interview::DecidedBy;
use switchboard_domain::rejection::{PolicyRefusal, Rejection};
use switchboard_domain::release::{Asker, OnFailure, Unanswered};
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::{App, Error, safe_mode};
use crate::policy::{Line, Policy};
use crate::span;
use crate::store::{self, Abort, Txn};

/// How long an operation waits for the whole failure ladder: the longest time limit that a release can have, and
/// a second for those who answer in its place.
const PATIENCE: Duration = Duration::from_secs(6);

/// How often a policy is asked for one operation because the facts moved. Each round is a lost race against another
/// writer of the same records; nobody loses so many by chance.
pub const ASKED_MAX: usize = 5;

/// What a policy is asked.
#[derive(Debug)]
pub struct Question<P: Policy> {
    /// Gathered by the look, and again inside the commit.
    pub facts: P::Facts,
    /// Whom it is about, so that the record goes when they go. Absent while the request creates them: the commit then
    /// adds it.
    pub candidate_id: Option<CandidateId>,
    /// Whether somebody waits who can be refused.
    pub asker: Asker,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending<V> {
    /// A checked answer.
    Decided(V),
    /// Nobody answered, and the effect waits: it is kept, visible, and decided later.
    Held,
    /// Nobody answered, and the partner is to be told so ([`Said::unavailable`]).
    Unavailable,
}

impl<V> Ending<V> {
    /// In traces.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Decided(_) => "decided",
            Self::Held => "held",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What a policy said, on which facts, and the record of it.
#[derive(Debug)]
pub struct Said<P: Policy> {
    /// What it was asked on.
    pub facts: P::Facts,
    /// The end of it.
    pub ending: Ending<P::Verdict>,
    /// To be committed with what rests on it.
    pub decision: Decision,
    /// Answered by the failure ladder instead of the active release, or not at all.
    pub is_degraded: bool,
    /// Name of the plugin that answered, else of the active one.
    plugin: String,
}

/// What answers for an ATS, to be taken once per operation: a swap affects the next one.
#[must_use]
pub fn line<P: Policy>(app: &App, ats_id: AtsId) -> Arc<Line> {
    app.fleet().line(Slot { ats_id: Some(ats_id), policy: P::NAME })
}

/// Until when an operation that begins now may ask, all of its questions together.
#[must_use]
pub fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// Asks the line of the facts' ATS. Stores nothing.
pub async fn ask<P: Policy>(app: &App, line: &Line, question: Question<P>, deadline: Instant) -> Said<P> {
    let Question { facts, candidate_id, asker } = question;
    let slot = Slot { ats_id: Some(facts.ats_id()), policy: P::NAME };
    let span = span::question(slot);
    let outcome = line.ask::<P>(&facts, deadline).instrument(span.clone()).await;
    let ending = match outcome.verdict {
        Some(verdict) => Ending::Decided(verdict),
        None => match outcome.on_failure.unanswered(P::NAME, asker) {
            Unanswered::Held => Ending::Held,
            Unanswered::Refused => Ending::Unavailable,
        },
    };
    if outcome.on_failure == OnFailure::Hold && ending == Ending::Unavailable {
        tracing::warn!(event = "decision.unheld", %slot, "what this policy decides cannot wait");
    }
    let decision = Decision {
        id: DecisionId::new(app.ids().uuid()),
        at: facts.now(),
        slot,
        company_id: facts.company_id(),
        candidate_id,
        policy_version: outcome.policy_version,
        facts: outcome.facts,
        asked: outcome.asked,
        answered_by: outcome.answered_by,
        interview_id: None,
    };
    span::decided(&span, &decision, ending.as_str());
    Said { facts, ending, decision, is_degraded: outcome.degraded, plugin: outcome.plugin }
}

/// Inside a commit: records a decision that something rests on.
///
/// # Errors
/// `Conflict`: safe mode came on since it was taken (`safe_mode::check`).
pub fn record(txn: &mut Txn, decision: &Decision) -> Result<(), Abort<Rejection>> {
    safe_mode::check(txn, decision)?;
    Ok(store::insert(txn, decision)?)
}

/// Records the decision that led to a refusal, and nothing else of the request. Gives what the caller is told.
pub async fn refuse<P: Policy>(app: &App, said: &Said<P>, mut rejection: Rejection) -> Error {
    rejection.name_decision(said.decision.id);
    match app.record(vec![said.decision.clone()]).await {
        Ok(()) => said.told(rejection),
        Err(error) => error,
    }
}

impl<P: Policy> Said<P> {
    /// Whether it still holds: the facts that the commit gathered are those that were asked on, but for the moment
    /// (invariant 2).
    #[must_use]
    pub fn holds_for(&self, later: &P::Facts) -> bool {
        self.facts.same_but_now(later)
    }

    /// What an interview keeps of it.
    #[must_use]
    pub fn decided_by(&self) -> DecidedBy {
        DecidedBy { policy: P::NAME, decision_id: self.decision.id }
    }

    /// `POLICY_REJECTED`, in the plugin's words.
    #[must_use]
    pub fn refusal(&self, reason: &str) -> Rejection {
        let Some(release) = self.decision.answered_by else { return self.unavailable() };
        Rejection::PolicyRejected(Box::new(PolicyRefusal {
            policy: P::NAME,
            plugin: self.plugin.clone(),
            release,
            reason: reason.to_owned(),
            // Named where it is recorded.
            decision_id: None,
        }))
    }

    /// `POLICY_UNAVAILABLE`
    #[must_use]
    pub fn unavailable(&self) -> Rejection {
        Rejection::PolicyUnavailable { policy: P::NAME, decision_id: None }
    }

    /// The rejection as the caller is told it: with the mark of a degraded answer, if it is one.
    #[must_use]
    pub fn told(&self, rejection: Rejection) -> Error {
        if self.is_degraded { Error::RejectedDegraded(rejection, P::NAME) } else { rejection.into() }
    }

    /// `X-Policy-Degraded`, if the answer is one of the failure ladder.
    #[must_use]
    pub fn degraded_header(&self) -> Option<(String, String)> {
        self.is_degraded.then(|| ("X-Policy-Degraded".to_owned(), P::NAME.as_str().to_owned()))
    }
}
