//! One answer of each code, made by what makes the real ones: the documents show these, and a code without one
//! does not compile.

use switchboard_domain::call_window::{CallWindow, WindowVerdict, ZoneSource};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::{DecisionId, JobId, ReleaseId};
use switchboard_domain::invitation::InvitationStatus;
use switchboard_domain::key::Scope;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::{PolicyRefusal, Rejection};
use switchboard_domain::time::Timestamp;

use super::{Code, OVERLOADED_RETRY_AFTER_SECONDS, Problem, found, internal, rejected, unavailable};
use crate::http::{BODY_BYTES_MAX, Reply};

/// `2026-04-02T08:00:00.000Z`, the moment of all examples.
const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

/// The answer of failure that the documents show for a code.
pub(in crate::http) fn example(code: Code) -> Reply {
    let http = |problem| found(problem, NOW);
    let rule = |rejection| rejected(rejection, NOW);
    match code {
        Code::ValidationError => rule(invalid(&[
            ("email", Flaw::invalid("must be an e-mail address")),
            ("firstName", Flaw::missing()),
        ])),
        Code::MissingRequiredField => rule(invalid(&[("lastName", Flaw::missing())])),
        Code::InvalidDate => {
            rule(invalid(&[("scheduledAt", Flaw::unreadable_date("a time is missing, at character 11"))]))
        }
        Code::InvalidJson => {
            let message = "trailing comma".to_owned();
            http(Problem::InvalidJson { line: 3, column: 1, message })
        }
        Code::InvalidCursor => http(Problem::InvalidCursor),
        Code::OutsideCallWindow => rule(Rejection::OutsideCallWindow(Box::new(closed_window()))),
        Code::JobRequired => rule(Rejection::JobRequired),
        Code::JobAmbiguous => rule(Rejection::JobAmbiguous(vec![
            (JobId::from_bytes(id(1)), "Forklift driver".to_owned()),
            (JobId::from_bytes(id(10)), "Night-shift loader".to_owned()),
        ])),
        Code::InvalidStateTransition => {
            rule(Rejection::InvalidState { status: "COMPLETED", allowed: vec!["SCHEDULED"] })
        }
        Code::UnsupportedForOnline => rule(Rejection::UnsupportedForOnline),
        Code::InvalidApiKey => http(Problem::BadKey),
        Code::ApiKeySuspended => {
            rule(Rejection::KeySuspended { suspended_at: NOW, reason: "Invoice 17 is unpaid.".to_owned() })
        }
        Code::InvalidToken => http(Problem::BadToken),
        Code::BillingLimitExceeded => rule(Rejection::BillingLimitExceeded),
        Code::InsufficientPermissions => http(Problem::MissingScope(Scope::ReadJobs)),
        Code::ResourceAccessDenied => rule(Rejection::AccessDenied),
        Code::ResourceNotFound => rule(Rejection::not_found("Job", JobId::from_bytes(id(1)))),
        Code::RouteNotFound => http(Problem::RouteNotFound),
        Code::MethodNotAllowed => http(Problem::MethodNotAllowed { allow: "GET, HEAD, OPTIONS".to_owned() }),
        Code::RequestTimeout => http(Problem::BodyTooSlow),
        Code::InvitationGone => rule(Rejection::InvitationGone { status: InvitationStatus::Accepted }),
        Code::PreconditionFailed => rule(Rejection::PreconditionFailed),
        Code::ResourceConflict => rule(Rejection::Conflict),
        Code::IdempotencyInProgress => rule(Rejection::IdempotencyInProgress),
        Code::LeaseLost => rule(Rejection::LeaseLost),
        Code::Refused => http(Problem::Refused("a key with this name exists".to_owned())),
        Code::BodyTooLarge => http(Problem::BodyTooLarge { max_bytes: BODY_BYTES_MAX }),
        Code::UnsupportedMediaType => http(Problem::UnsupportedMediaType),
        Code::PolicyRejected => rule(Rejection::PolicyRejected(Box::new(PolicyRefusal {
            policy: PolicyName::JobResolution,
            plugin: "northstar".to_owned(),
            release: ReleaseId::from_bytes(id(9)),
            reason: "No open job has a requisition priority.".to_owned(),
            decision_id: Some(DecisionId::from_bytes(id(8))),
        }))),
        Code::IdempotencyKeyReused => rule(Rejection::IdempotencyKeyReused),
        Code::PluginRefused => http(Problem::PluginRefused(vec![
            "It imports wasi:clocks/wall-clock: take `now` from the facts instead.".to_owned(),
        ])),
        Code::RateLimitExceeded => http(Problem::RateLimited { retry_after_seconds: 17 }),
        Code::InternalError => internal().into_reply(NOW),
        Code::Unavailable => unavailable(OVERLOADED_RETRY_AFTER_SECONDS, NOW),
        Code::PolicyUnavailable => rule(Rejection::PolicyUnavailable {
            policy: PolicyName::JobResolution,
            decision_id: Some(DecisionId::from_bytes(id(8))),
        }),
    }
}

fn invalid(flaws: &[(&str, Flaw)]) -> Rejection {
    let mut problems = Problems::default();
    flaws.iter().for_each(|(path, flaw)| problems.add(*path, flaw.clone()));
    Rejection::Invalid(problems)
}

/// Half an hour before the window opens.
fn closed_window() -> WindowVerdict {
    WindowVerdict {
        instant: NOW,
        local_time: "2026-04-02T07:30:00".to_owned(),
        time_zone: "Europe/Warsaw".to_owned(),
        time_zone_source: ZoneSource::Phone,
        ambiguous_zones: Vec::new(),
        call_window: CallWindow::default(),
        allowed: false,
        next_allowed_at: "2026-04-02T08:00:00.000+02:00".to_owned(),
    }
}

/// `01960e6a-7c00-7000-8000-…`, as all ids of the examples.
const fn id(number: u8) -> [u8; 16] {
    [0x01, 0x96, 0x0e, 0x6a, 0x7c, 0x00, 0x70, 0x00, 0x80, 0, 0, 0, 0, 0, 0, number]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_code_is_answered_with_itself_and_its_status() {
        for code in Code::ALL {
            let reply = example(*code);
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!((reply.status, body["error"]["code"].as_str()), (code.status(), Some(code.as_str())));
            assert!(body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
            assert!(code.when().ends_with('.') && !code.when().contains("  "), "{}", code.when());
        }
    }
}
