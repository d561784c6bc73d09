//! Every refusal, mapped once to code, message and details; the code's table has its status. The partner reads
//! what to send instead; the log's text is a separate field and never leaves.

mod code;
pub mod details;
mod example;

use hyper::header::{ALLOW, CONNECTION, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::{Value, json};
use switchboard_domain::call_window::WindowVerdict;
use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::JobId;
use switchboard_domain::key::Scope;
use switchboard_domain::problem::{Flaw, FlawKind, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

pub use self::code::Code;
pub(super) use self::example::example;

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

/// How to authenticate, for `WWW-Authenticate`.
const BEARER: &str = "Bearer";

/// Says that the failure ladder answered.
const POLICY_DEGRADED: HeaderName = HeaderName::from_static("x-policy-degraded");

/// When to try a write again that found the queue full: it drains in far less.
const OVERLOADED_RETRY_AFTER_SECONDS: u32 = 1;

/// When to try again what a policy could not decide: a passing failure is over, and a release that keeps failing has
/// been probed again once or twice.
const POLICY_RETRY_AFTER_SECONDS: u32 = 5;

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
            Self::Rejected(rejection) => rejected(rejection, now),
            Self::Degraded(rejection, policy) => {
                rejected(rejection, now).with(POLICY_DEGRADED, policy.as_str())
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
    code: Code,
    message: String,
    details: Value,
}

impl Answer {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: json!({}) }
    }

    fn details(self, details: impl Serialize) -> Self {
        // A struct of texts, numbers and lists always becomes JSON.
        Self { details: serde_json::to_value(details).unwrap_or_else(|_| json!({})), ..self }
    }

    fn into_reply(self, now: Timestamp) -> Reply {
        Reply::error(self.code.status(), self.code.as_str(), &self.message, &self.details, now)
    }
}

fn internal() -> Answer {
    let text = "Something went wrong on our side. Send the request id with your question.";
    Answer::new(Code::InternalError, text)
}

fn unavailable(retry_after_seconds: u32, now: Timestamp) -> Reply {
    let text = "The service cannot take this request right now. Send it again after Retry-After.";
    Answer::new(Code::Unavailable, text).into_reply(now).with(RETRY_AFTER, &retry_after_seconds.to_string())
}

fn too_many(text: &str, retry_after_seconds: i64, now: Timestamp) -> Reply {
    let text = format!("{text}. Send again in {retry_after_seconds} seconds.");
    Answer::new(Code::RateLimitExceeded, text)
        .details(details::RetryDelay { retry_after: retry_after_seconds })
        .into_reply(now)
        .with(RETRY_AFTER, &retry_after_seconds.to_string())
}

fn rejected(rejection: Rejection, now: Timestamp) -> Reply {
    let header = match rejection {
        Rejection::KeySuspended { .. } => Some((WWW_AUTHENTICATE, BEARER.to_owned())),
        Rejection::PolicyUnavailable { .. } => Some((RETRY_AFTER, POLICY_RETRY_AFTER_SECONDS.to_string())),
        _ => None,
    };
    let reply = verdict(rejection).into_reply(now);
    header.into_iter().fold(reply, |reply, (name, value)| reply.with(name, &value))
}

fn verdict(rejection: Rejection) -> Answer {
    match rejection {
        Rejection::Invalid(problems) => invalid(&problems),
        Rejection::OutsideCallWindow(verdict) => outside_call_window(&verdict),
        Rejection::JobRequired => {
            let text = "The candidate has no active job. Send `jobId` or `job`, or assign the candidate to an open job.";
            Answer::new(Code::JobRequired, text).details(details::FieldToSend { field: "jobId" })
        }
        Rejection::JobAmbiguous(jobs) => {
            let title = |(id, title): &(JobId, String)| details::JobTitle {
                id: id.to_string(),
                title: title.clone(),
            };
            let jobs = jobs.iter().map(title).collect();
            let text = "The candidate has several active jobs. Send the one that is meant as `jobId`.";
            Answer::new(Code::JobAmbiguous, text).details(details::JobChoice { field: "jobId", jobs })
        }
        Rejection::NotFound { resource_type, resource_id } => {
            Answer::new(Code::ResourceNotFound, format!("{resource_type} not found."))
                .details(details::MissingResource { resource_type, resource_id })
        }
        Rejection::AccessDenied => {
            Answer::new(Code::ResourceAccessDenied, "This API key does not reach that resource.")
        }
        Rejection::UnsupportedForOnline => {
            let text = "An ONLINE interview calls no phone and has no call attempts.";
            Answer::new(Code::UnsupportedForOnline, text)
        }
        Rejection::LeaseLost => {
            let text = "This lease does not hold: it ran out, was ended otherwise, or the token is another one. Drop the call.";
            Answer::new(Code::LeaseLost, text)
        }
        Rejection::Conflict => {
            let text = "What this request stands on was changed at the same time. Send it again.";
            Answer::new(Code::ResourceConflict, text)
        }
        Rejection::InvalidState { status, allowed } => {
            let text = match allowed.as_slice() {
                [] => format!("Its status is {status}, for ever."),
                allowed => format!("Its status is {status}; this needs {}.", allowed.join(" or ")),
            };
            Answer::new(Code::InvalidStateTransition, text)
                .details(details::StateTransition { status, allowed })
        }
        Rejection::PreconditionFailed => {
            let text = "`If-Match` names no ETag that the resource has now. Read it again, decide anew, and send \
                        its present ETag.";
            Answer::new(Code::PreconditionFailed, text)
        }
        Rejection::BillingLimitExceeded => {
            Answer::new(Code::BillingLimitExceeded, "The company's usage limit of this month is reached.")
        }
        Rejection::IdempotencyInProgress => {
            let text = "The first request with this Idempotency-Key is still running. Send it again later.";
            Answer::new(Code::IdempotencyInProgress, text)
        }
        Rejection::IdempotencyKeyReused => {
            let text = "This Idempotency-Key was used with another body. Send a new one.";
            Answer::new(Code::IdempotencyKeyReused, text)
        }
        Rejection::PolicyRejected(refusal) => {
            let text = format!("The {} policy refused the operation: {}", refusal.policy, refusal.reason);
            Answer::new(Code::PolicyRejected, text).details(details::PolicyVerdict::of(&refusal))
        }
        Rejection::PolicyUnavailable { policy, decision_id } => {
            let decision_id = decision_id.map(|id| id.to_string());
            let text =
                format!("The {policy} policy could not decide. Send the request again after Retry-After.");
            Answer::new(Code::PolicyUnavailable, text)
                .details(details::PolicyFailure { policy: policy.as_str(), decision_id })
        }
        Rejection::KeySuspended { suspended_at, reason } => {
            Answer::new(Code::ApiKeySuspended, "This API key is suspended.")
                .details(details::KeySuspension { suspended_at: suspended_at.to_string(), reason })
        }
    }
}

fn outside_call_window(verdict: &WindowVerdict) -> Answer {
    let text = format!(
        "{} in {} is outside of the call window. The next allowed time is {}.",
        verdict.local_time, verdict.time_zone, verdict.next_allowed_at
    );
    Answer::new(Code::OutsideCallWindow, text).details(details::ClosedWindow::of(verdict))
}

fn invalid(problems: &Problems) -> Answer {
    let list = problems.list();
    let fields = details::FieldError::list(problems);
    let paths: Vec<&str> = list.iter().map(|problem| problem.path.as_str()).collect();
    let paths = paths.join(", ");
    let reasons: Vec<&str> = list
        .iter()
        .filter_map(|problem| match &problem.flaw.kind {
            FlawKind::UnreadableDate { reason } => Some(reason.as_str()),
            FlawKind::Missing | FlawKind::Invalid => None,
        })
        .collect();
    let told = |code, text: &str| Answer::new(code, format!("{text}: {paths}"));
    if list.iter().all(|problem| problem.flaw.kind == FlawKind::Missing) {
        told(Code::MissingRequiredField, "Required and not sent").details(details::FieldErrors { fields })
    } else if reasons.len() == list.len() {
        told(Code::InvalidDate, "Not a date that can be read")
            .details(details::UnreadableDates { fields, reason: reasons.join("; ") })
    } else {
        told(Code::ValidationError, "Wrong values").details(details::FieldErrors { fields })
    }
}

fn found(problem: Problem, now: Timestamp) -> Reply {
    let told = |code, text: &str| Answer::new(code, text).into_reply(now);
    match problem {
        Problem::RouteNotFound => told(Code::RouteNotFound, "There is no such route."),
        Problem::MethodNotAllowed { allow } => {
            let text = format!("This path allows {allow}.");
            told(Code::MethodNotAllowed, &text).with(ALLOW, &allow)
        }
        Problem::BadKey => {
            let text = "No valid API key. Send `Authorization: Bearer <key>`.";
            told(Code::InvalidApiKey, text).with(WWW_AUTHENTICATE, BEARER)
        }
        Problem::ExpiredKey => told(Code::InvalidApiKey, "This API key has expired. Use a current one.")
            .with(WWW_AUTHENTICATE, BEARER),
        Problem::MissingScope(scope) => {
            let text = format!("This API key lacks the scope {scope}.");
            Answer::new(Code::InsufficientPermissions, text)
                .details(details::RequiredScope { required_scope: scope.as_str() })
                .into_reply(now)
        }
        Problem::NoWorker => {
            let text = "This route is for diallers: it takes an API key of the kind worker.";
            Answer::new(Code::InsufficientPermissions, text)
                .details(details::RequiredScope { required_scope: details::WORKER })
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
            told(Code::InvalidCursor, text)
        }
        Problem::UnsupportedMediaType => {
            told(Code::UnsupportedMediaType, "The body must be application/json in UTF-8.")
        }
        Problem::BadToken => {
            let text = "Send `Authorization: Bearer <token>` with the token of admin.json.";
            told(Code::InvalidToken, text).with(WWW_AUTHENTICATE, BEARER)
        }
        Problem::Refused(sentence) => told(Code::Refused, &sentence),
        Problem::PluginRefused(reasons) => Answer::new(Code::PluginRefused, reasons.join(" "))
            .details(details::AdmissionReasons { reasons })
            .into_reply(now),
        Problem::BodyTooLarge { max_bytes } => {
            let text = format!("The body may have {max_bytes} bytes.");
            Answer::new(Code::BodyTooLarge, text).details(details::BodyBound { max_bytes }).into_reply(now)
        }
        Problem::BodyTooSlow => {
            told(Code::RequestTimeout, "The body did not arrive in time.").with(CONNECTION, "close")
        }
        Problem::BodyUnreadable => {
            let text = "The body could not be read to its end.";
            told(Code::InvalidJson, text).with(CONNECTION, "close")
        }
        Problem::InvalidJson { line, column, message } => {
            let text = format!("The body is not JSON: {message} (line {line}, column {column}).");
            Answer::new(Code::InvalidJson, text)
                .details(details::JsonPosition { line: Some(line), column: Some(column) })
                .into_reply(now)
        }
    }
}

#[cfg(test)]
mod tests;
