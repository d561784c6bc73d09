//! Spans: what a trace shows of a request, of a question that a policy is asked, and of what a worker does.
//!
//! Unless somebody exports them ([`switch_on`]) nobody makes any: each function here then gives the span that is none,
//! for the price of one look at one word. No line of the log shows a span ([`TARGET`]). Must never stand in one: an
//! address, a name, a path, a query, what a policy saw or said; only ids, templates, numbers and words of closed lists.

use std::fmt::Display;
use std::sync::OnceLock;

use hyper::HeaderMap;
use switchboard_domain::decision::{AskedOutcome, Decision, Slot};
use tracing::Span;
use tracing::field::{Empty, display};

/// By this, those who export spans tell ours from any other, and the log leaves them out.
pub const TARGET: &str = "switchboard::span";

/// Makes a request's span part of the trace that its sender began, if the headers name one.
pub type Adopt = fn(&Span, &HeaderMap);

/// Set once, before the first request; what is not set costs a request nothing.
static ADOPT: OnceLock<Adopt> = OnceLock::new();

/// From now on spans are made: somebody exports them.
pub fn switch_on(adopt: Adopt) {
    ADOPT.get_or_init(|| adopt);
}

fn is_on() -> bool {
    ADOPT.get().is_some()
}

/// A request on either listener, from its head to its answer. The attributes of HTTP are OpenTelemetry's, those of
/// ours are named as in the log's line of the request.
#[must_use]
pub fn request(listener: &'static str, method: &'static str, request_id: &str, headers: &HeaderMap) -> Span {
    let Some(adopt) = ADOPT.get() else { return Span::none() };
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        switchboard.listener = listener,
        switchboard.request_id = request_id,
        switchboard.key_id = Empty,
        switchboard.company_id = Empty,
    );
    adopt(&span, headers);
    span
}

/// Names a request by its route's template, once that is known. To be called before anything is asked on its behalf:
/// a span that has children can no more be named.
pub fn routed(span: &Span, method: &'static str, template: &'static str) {
    if !span.is_disabled() {
        span.record("otel.name", display(format_args!("{method} {template}")));
        span.record("http.route", template);
    }
}

/// What is known of a request when it is answered.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Of the answer.
    pub status: u16,
    /// Whose request it was.
    pub key_id: Option<&'a str>,
    /// Whose company it was about.
    pub company_id: Option<&'a str>,
}

/// Notes the answer of a request.
pub fn answered(span: &Span, answered: Answered<'_>) {
    if span.is_disabled() {
        return;
    }
    let Answered { status, key_id, company_id } = answered;
    // The exporter takes signed numbers as such, and others for texts.
    span.record("http.response.status_code", i64::from(status));
    span.record("switchboard.key_id", key_id);
    span.record("switchboard.company_id", company_id);
    // What the sender did wrong is no fault of the server (OpenTelemetry's rule for servers).
    if 500 <= status {
        span.record("otel.status_code", "ERROR");
    }
}

/// A question that a policy is asked, failure ladder included; a child of what it is asked for.
#[must_use]
pub fn question(slot: Slot) -> Span {
    if !is_on() {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "question",
        otel.name = format_args!("ask {}", slot.policy),
        otel.status_code = Empty,
        switchboard.slot = %slot,
        switchboard.policy = slot.policy.as_str(),
        switchboard.release_id = Empty,
        switchboard.decision_id = Empty,
        switchboard.outcome = Empty,
        switchboard.failure = Empty,
        switchboard.fuel = Empty,
        switchboard.degraded = Empty,
    )
}

/// Notes how a question ended. The decision has its id here whether it is recorded or not: what was asked on facts that
/// moved meanwhile is asked again.
pub fn decided(span: &Span, decision: &Decision, outcome: &'static str) {
    if span.is_disabled() {
        return;
    }
    let first = decision.asked.first();
    let release = decision.answered_by.or(first.map(|asked| asked.release_id));
    let failure = first.and_then(|asked| match &asked.outcome {
        AskedOutcome::Failed(kind, _) => Some(kind.as_str()),
        AskedOutcome::Answered(_) => None,
    });
    span.record("switchboard.release_id", release.map(display));
    span.record("switchboard.decision_id", display(decision.id));
    span.record("switchboard.outcome", outcome);
    span.record("switchboard.failure", failure);
    let fuel = decision.asked.iter().map(|asked| asked.fuel_used).sum::<u64>();
    span.record("switchboard.fuel", i64::try_from(fuel).unwrap_or(i64::MAX));
    span.record("switchboard.degraded", decision.is_degraded());
    if failure.is_some() {
        span.record("otel.status_code", "ERROR");
    }
}

/// What is done about one thing, by a worker or at the end of a request: a trace of its own, or a part of the
/// request's.
#[must_use]
pub fn operation(name: &'static str, about: impl Display) -> Span {
    if !is_on() {
        return Span::none();
    }
    tracing::info_span!(target: TARGET, "operation", otel.name = name, switchboard.about = %about)
}
