//! Every refusal, mapped once to status, code, message and details. The partner reads what to send instead;
//! the log's text is a separate field and never leaves.

use hyper::StatusCode;
use hyper::header::{ALLOW, CONNECTION, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use switchboard_domain::call_window::WindowVerdict;
use switchboard_domain::decision::PolicyName;
use switchboard_domain::key::Scope;
use switchboard_domain::problem::{FieldProblem, Flaw, FlawKind, Problems};
use switchboard_domain::rejection::{PolicyRefusal, Rejection};
use switchboard_domain::time::Timestamp;

use super::reply::Reply;
use super::request::RequestId;
use crate::app::access::Denied;
use crate::app::{self, Told};

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub enum Failure {
    /// The rules say no.
    Rejected(Rejection),
    /// The rules say no, by the failure ladder of this policy.
    Degraded(Rejection, PolicyName),
    /// HTTP itself says no.
    Found(Problem),
    /// Our fault. The text is for the log.
    Internal(String),
    /// Not now: overloaded or draining.
    Unavailable {
        /// When to try again.
        retry_after_seconds: u32,
        /// For the log.
        why: String,
    },
}

/// What HTTP itself finds wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No such path.
    RouteNotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed {
        /// The `Allow` header.
        allow: String,
    },
    /// Missing, malformed, unknown, revoked, from a wrong address: one text for all.
    BadKey,
    /// Expired.
    ExpiredKey,
    /// The key lacks a scope.
    MissingScope(Scope),
    /// The route is the diallers', and the key is none of theirs.
    NoWorker,
    /// The key has no request left.
    RateLimited {
        /// Seconds until it has.
        retry_after_seconds: i64,
    },
    /// The address has asked too much, whatever its keys.
    AddressLimited {
        /// Seconds until it may ask again.
        retry_after_seconds: i64,
    },
    /// More is at work than can be answered soon.
    Overloaded {
        /// What there was no room in; for the metrics.
        reason: &'static str,
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// `after` is malformed.
    InvalidCursor,
    /// The body's media type is not ours.
    UnsupportedMediaType,
    /// The operator's token is missing or wrong.
    BadToken,
    /// An operator's wish that the state does not allow, with the sentence that says why.
    Refused(String),
    /// A component that is not admitted, with every reason.
    PluginRefused(Vec<String>),
    /// The body is too large.
    BodyTooLarge {
        /// What is read at most.
        max_bytes: usize,
    },
    /// The body did not come in time; the connection is closed.
    BodyTooSlow,
    /// The body broke off or was framed wrongly.
    BodyUnreadable,
    /// The body is not JSON.
    InvalidJson {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What was found there.
        message: String,
    },
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Found(problem)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Self::Found(Problem::BadKey),
            Denied::Expired => Self::Found(Problem::ExpiredKey),
            Denied::Suspended { at, reason } => {
                Self::Rejected(Rejection::KeySuspended { suspended_at: at, reason })
            }
        }
    }
}

/// Says that the failure ladder answered.
const POLICY_DEGRADED: HeaderName = HeaderName::from_static("x-policy-degraded");

/// When to try a write again that found the queue full: it drains in far less.
const OVERLOADED_RETRY_AFTER_SECONDS: u32 = 1;

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        match Told::from(error) {
            Told::Rejected(rejection) => Self::Rejected(rejection),
            Told::Degraded(rejection, policy) => Self::Degraded(rejection, policy),
            Told::Refused(sentence) => Self::Found(Problem::Refused(sentence)),
            Told::PluginRefused(reasons) => Self::Found(Problem::PluginRefused(reasons)),
            Told::Unavailable(why) => {
                Self::Unavailable { retry_after_seconds: OVERLOADED_RETRY_AFTER_SECONDS, why }
            }
            Told::Internal(why) => Self::Internal(why),
        }
    }
}

/// Refuses a request with bad values in path or query; a bad `after` alone has its own code.
///
/// # Errors
/// Unless nothing is wrong.
pub fn refuse(problems: Problems) -> Result<(), Failure> {
    match problems.list() {
        [] => Ok(()),
        [only] if only.path == "after" => Err(Problem::InvalidCursor.into()),
        _ => Err(Rejection::Invalid(problems).into()),
    }
}

impl Failure {
    /// One bad value, at its path.
    #[must_use]
    pub fn field(path: &str, flaw: Flaw) -> Self {
        Self::Rejected(Rejection::field(path, flaw))
    }

    /// The answer. What only operators may read is logged here, once.
    #[must_use]
    pub fn into_reply(self, now: Timestamp, request_id: &RequestId) -> Reply {
        match self {
            Self::Rejected(rejection) => rejected(rejection).into_reply(now),
            Self::Degraded(rejection, policy) => {
                rejected(rejection).into_reply(now).with(POLICY_DEGRADED, policy.as_str())
            }
            Self::Found(problem) => found(problem, now),
            Self::Internal(error) => {
                tracing::error!(request_id = request_id.as_str(), error, "request failed");
                internal().into_reply(now)
            }
            Self::Unavailable { retry_after_seconds, why } => {
                tracing::warn!(request_id = request_id.as_str(), why, "request refused for now");
                unavailable(retry_after_seconds, now)
            }
        }
    }
}

/// What a partner is told.
struct Answer {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Value,
}

impl Answer {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: json!({}) }
    }

    fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }

    fn into_reply(self, now: Timestamp) -> Reply {
        Reply::error(self.status, self.code, &self.message, &self.details, now)
    }
}

fn internal() -> Answer {
    let text = "Something went wrong on our side. Send the request id with your question.";
    Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", text)
}

fn unavailable(retry_after_seconds: u32, now: Timestamp) -> Reply {
    let text = "The service cannot take this request right now. Send it again after Retry-After.";
    Answer::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", text)
        .into_reply(now)
        .with(RETRY_AFTER, &retry_after_seconds.to_string())
}

fn too_many(text: &str, retry_after_seconds: i64, now: Timestamp) -> Reply {
    let text = format!("{text}. Send again in {retry_after_seconds} seconds.");
    Answer::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", text)
        .details(json!({ "retryAfter": retry_after_seconds }))
        .into_reply(now)
        .with(RETRY_AFTER, &retry_after_seconds.to_string())
}

fn rejected(rejection: Rejection) -> Answer {
    use StatusCode as S;
    match rejection {
        Rejection::Invalid(problems) => invalid(&problems),
        Rejection::OutsideCallWindow(verdict) => outside_call_window(&verdict),
        Rejection::JobRequired => {
            let text = "The candidate has no active job. Send `jobId` or `job`, or assign the candidate to an open job.";
            Answer::new(S::BAD_REQUEST, "JOB_REQUIRED", text).details(json!({ "field": "jobId" }))
        }
        Rejection::JobAmbiguous(jobs) => {
            let jobs: Vec<Value> =
                jobs.iter().map(|(id, title)| json!({ "id": id.to_string(), "title": title })).collect();
            let text = "The candidate has several active jobs. Send the one that is meant as `jobId`.";
            Answer::new(S::BAD_REQUEST, "JOB_AMBIGUOUS", text)
                .details(json!({ "field": "jobId", "jobs": jobs }))
        }
        Rejection::NotFound { resource_type, resource_id } => {
            Answer::new(S::NOT_FOUND, "RESOURCE_NOT_FOUND", format!("{resource_type} not found."))
                .details(json!({ "resourceType": resource_type, "resourceId": resource_id }))
        }
        Rejection::AccessDenied => {
            Answer::new(S::FORBIDDEN, "RESOURCE_ACCESS_DENIED", "This API key does not reach that resource.")
        }
        Rejection::UnsupportedForOnline => {
            let text = "An ONLINE interview calls no phone and has no call attempts.";
            Answer::new(S::BAD_REQUEST, "UNSUPPORTED_FOR_ONLINE", text)
        }
        Rejection::LeaseLost => {
            let text = "This lease does not hold: it ran out, was ended otherwise, or the token is another one. Drop the call.";
            Answer::new(S::CONFLICT, "LEASE_LOST", text)
        }
        Rejection::Conflict => {
            let text = "What this request stands on was changed at the same time. Send it again.";
            Answer::new(S::CONFLICT, "RESOURCE_CONFLICT", text)
        }
        Rejection::InvalidState { status, allowed } => {
            let text = match allowed.as_slice() {
                [] => format!("Its status is {status}, for ever."),
                allowed => format!("Its status is {status}; this needs {}.", allowed.join(" or ")),
            };
            Answer::new(S::BAD_REQUEST, "INVALID_STATE_TRANSITION", text)
                .details(json!({ "status": status, "allowed": allowed }))
        }
        Rejection::PreconditionFailed => {
            let text = "`If-Match` names no ETag that the resource has now. Read it again, decide anew, and send \
                        its present ETag.";
            Answer::new(S::PRECONDITION_FAILED, "PRECONDITION_FAILED", text)
        }
        Rejection::BillingLimitExceeded => {
            let text = "The company's usage limit of this month is reached.";
            Answer::new(S::PAYMENT_REQUIRED, "BILLING_LIMIT_EXCEEDED", text)
        }
        Rejection::IdempotencyInProgress => {
            let text = "The first request with this Idempotency-Key is still running. Send it again later.";
            Answer::new(S::CONFLICT, "IDEMPOTENCY_IN_PROGRESS", text)
        }
        Rejection::IdempotencyKeyReused => {
            let text = "This Idempotency-Key was used with another body. Send a new one.";
            Answer::new(S::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", text)
        }
        Rejection::PolicyRejected(refusal) => policy_rejected(&refusal),
        Rejection::PolicyUnavailable { policy, decision_id } => {
            let mut details = json!({ "policy": policy.as_str() });
            if let Some(id) = decision_id {
                details["decisionId"] = id.to_string().into();
            }
            let text = format!("The {policy} policy could not decide. Send the request again later.");
            Answer::new(S::SERVICE_UNAVAILABLE, "POLICY_UNAVAILABLE", text).details(details)
        }
        Rejection::KeySuspended { suspended_at, reason } => {
            Answer::new(S::UNAUTHORIZED, "API_KEY_SUSPENDED", "This API key is suspended.")
                .details(json!({ "suspendedAt": suspended_at.to_string(), "reason": reason }))
        }
    }
}

fn outside_call_window(verdict: &WindowVerdict) -> Answer {
    let window = &verdict.call_window;
    let mut details = json!({
        "localTime": verdict.local_time,
        "timeZone": verdict.time_zone,
        "timeZoneSource": verdict.time_zone_source.as_str(),
        "callWindow": { "start": window.start(), "end": window.end(), "days": window.days() },
        "nextAllowedAt": verdict.next_allowed_at,
    });
    if !verdict.ambiguous_zones.is_empty() {
        let zones = verdict.ambiguous_zones.iter().map(|zone| zone.name());
        details["ambiguousZones"] = zones.collect::<Vec<_>>().into();
    }
    let text = format!(
        "{} in {} is outside of the call window. The next allowed time is {}.",
        verdict.local_time, verdict.time_zone, verdict.next_allowed_at
    );
    Answer::new(StatusCode::BAD_REQUEST, "OUTSIDE_CALL_WINDOW", text).details(details)
}

fn policy_rejected(refusal: &PolicyRefusal) -> Answer {
    let text = format!("The {} policy refused the operation: {}", refusal.policy, refusal.reason);
    let mut details = json!({
        "policy": refusal.policy.as_str(),
        "plugin": refusal.plugin,
        "release": refusal.release.to_string(),
        "reason": refusal.reason,
    });
    if let Some(id) = refusal.decision_id {
        details["decisionId"] = id.to_string().into();
    }
    Answer::new(StatusCode::UNPROCESSABLE_ENTITY, "POLICY_REJECTED", text).details(details)
}

fn invalid(problems: &Problems) -> Answer {
    let list = problems.list();
    let fields: Vec<Value> = list
        .iter()
        .map(|FieldProblem { path, flaw }| json!({ "path": path, "message": flaw.message }))
        .collect();
    let paths: Vec<&str> = list.iter().map(|problem| problem.path.as_str()).collect();
    let paths = paths.join(", ");
    let reasons: Vec<&str> = list
        .iter()
        .filter_map(|problem| match &problem.flaw.kind {
            FlawKind::UnreadableDate { reason } => Some(reason.as_str()),
            FlawKind::Missing | FlawKind::Invalid => None,
        })
        .collect();
    let told = |code, text: &str| Answer::new(StatusCode::BAD_REQUEST, code, format!("{text}: {paths}"));
    if list.iter().all(|problem| problem.flaw.kind == FlawKind::Missing) {
        told("MISSING_REQUIRED_FIELD", "Required and not sent").details(json!({ "fields": fields }))
    } else if reasons.len() == list.len() {
        told("INVALID_DATE", "Not a date that can be read")
            .details(json!({ "fields": fields, "reason": reasons.join("; ") }))
    } else {
        told("VALIDATION_ERROR", "Wrong values").details(json!({ "fields": fields }))
    }
}

/// What stands for a scope where none would help.
const WORKER: &str = "worker";

fn found(problem: Problem, now: Timestamp) -> Reply {
    use StatusCode as S;
    let told = |status, code, text: &str| Answer::new(status, code, text).into_reply(now);
    match problem {
        Problem::RouteNotFound => told(S::NOT_FOUND, "ROUTE_NOT_FOUND", "There is no such route."),
        Problem::MethodNotAllowed { allow } => {
            let text = format!("This path allows {allow}.");
            told(S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", &text).with(ALLOW, &allow)
        }
        Problem::BadKey => {
            let text = "No valid API key. Send `Authorization: Bearer <key>`.";
            told(S::UNAUTHORIZED, "INVALID_API_KEY", text).with(WWW_AUTHENTICATE, "Bearer")
        }
        Problem::ExpiredKey => {
            told(S::UNAUTHORIZED, "INVALID_API_KEY", "This API key has expired. Use a current one.")
                .with(WWW_AUTHENTICATE, "Bearer")
        }
        Problem::MissingScope(scope) => {
            let text = format!("This API key lacks the scope {scope}.");
            Answer::new(S::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", text)
                .details(json!({ "requiredScope": scope.to_string() }))
                .into_reply(now)
        }
        Problem::NoWorker => {
            let text = "This route is for diallers: it takes an API key of the kind worker.";
            Answer::new(S::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", text)
                .details(json!({ "requiredScope": WORKER }))
                .into_reply(now)
        }
        Problem::RateLimited { retry_after_seconds } => {
            too_many("Too many requests", retry_after_seconds, now)
        }
        Problem::AddressLimited { retry_after_seconds } => {
            too_many("Too many requests from this address", retry_after_seconds, now)
        }
        Problem::Overloaded { retry_after_seconds, .. } => unavailable(retry_after_seconds, now),
        Problem::InvalidCursor => {
            let text = "`after` must be the nextCursor of an earlier answer, unchanged.";
            told(S::BAD_REQUEST, "INVALID_CURSOR", text)
        }
        Problem::UnsupportedMediaType => {
            let text = "The body must be application/json in UTF-8.";
            told(S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", text)
        }
        Problem::BadToken => {
            let text = "Send `Authorization: Bearer <token>` with the token of admin.json.";
            told(S::UNAUTHORIZED, "INVALID_TOKEN", text).with(WWW_AUTHENTICATE, "Bearer")
        }
        Problem::Refused(sentence) => told(S::CONFLICT, "REFUSED", &sentence),
        Problem::PluginRefused(reasons) => {
            Answer::new(S::UNPROCESSABLE_ENTITY, "PLUGIN_REFUSED", reasons.join(" "))
                .details(json!({ "reasons": reasons }))
                .into_reply(now)
        }
        Problem::BodyTooLarge { max_bytes } => {
            let text = format!("The body may have {max_bytes} bytes.");
            Answer::new(S::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", text)
                .details(json!({ "maxBytes": max_bytes }))
                .into_reply(now)
        }
        Problem::BodyTooSlow => {
            told(S::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "The body did not arrive in time.")
                .with(CONNECTION, "close")
        }
        Problem::BodyUnreadable => {
            told(S::BAD_REQUEST, "INVALID_JSON", "The body could not be read to its end.")
                .with(CONNECTION, "close")
        }
        Problem::InvalidJson { line, column, message } => {
            let text = format!("The body is not JSON: {message} (line {line}, column {column}).");
            Answer::new(S::BAD_REQUEST, "INVALID_JSON", text)
                .details(json!({ "line": line, "column": column }))
                .into_reply(now)
        }
    }
}

#[cfg(test)]
mod tests;
