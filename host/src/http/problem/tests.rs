use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::{DecisionId, JobId, ReleaseId};
use switchboard_domain::rejection::PolicyRefusal;

use super::*;
use crate::clock::Clock;
use crate::http::request::RequestIds;
use crate::ids::Ids;

const NOW: Timestamp = Timestamp::from_unix_millis(0);

fn answered(failure: impl Into<Failure>) -> (u16, Value, Reply) {
    let ids = Ids::seeded(Clock::system(), 1);
    let request_id = RequestIds::new(&ids).of(&hyper::HeaderMap::new());
    let reply = failure.into().into_reply(NOW, &request_id);
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((&body["success"], &body["data"]), (&json!(false), &Value::Null));
    (reply.status.as_u16(), body["error"].clone(), reply)
}

fn invalid_with(flaws: Vec<(&str, Flaw)>) -> Rejection {
    let mut problems = Problems::default();
    for (path, flaw) in flaws {
        problems.add(path, flaw);
    }
    Rejection::Invalid(problems)
}

#[test]
fn the_kinds_of_the_problems_decide_the_code() {
    let (missing, date, other) =
        (Flaw::missing(), Flaw::unreadable_date("week dates, at character 5"), Flaw::invalid("is wrong"));
    for (flaws, code) in [
        (vec![("a", missing.clone()), ("b.c", missing.clone())], "MISSING_REQUIRED_FIELD"),
        (vec![("a", date.clone())], "INVALID_DATE"),
        (vec![("a", other.clone())], "VALIDATION_ERROR"),
        (vec![("a", missing), ("b", date.clone())], "VALIDATION_ERROR"),
        (vec![("a", date), ("b", other)], "VALIDATION_ERROR"),
    ] {
        let count = flaws.len();
        let (status, error, _) = answered(invalid_with(flaws));
        assert_eq!((status, error["code"].as_str()), (400, Some(code)));
        assert_eq!(error["details"]["fields"].as_array().unwrap().len(), count);
        let reason = (code == "INVALID_DATE").then_some("week dates, at character 5");
        assert_eq!(error["details"]["reason"].as_str(), reason);
    }
}

#[test]
fn each_refusal_has_its_status_code_and_details() {
    let decision_id = DecisionId::from_bytes([1; 16]);
    let refusal = PolicyRefusal {
        policy: PolicyName::JobResolution,
        plugin: "northstar".to_owned(),
        release: ReleaseId::from_bytes([2; 16]),
        reason: "no priority".to_owned(),
        decision_id: Some(decision_id),
    };
    let unavailable =
        Rejection::PolicyUnavailable { policy: PolicyName::Billing, decision_id: Some(decision_id) };
    let suspended = Denied::Suspended { at: NOW, reason: "unpaid".to_owned() };
    let cases: Vec<(Failure, u16, &str, &[&str])> = vec![
        (Rejection::JobRequired.into(), 400, "JOB_REQUIRED", &["field"]),
        (
            Rejection::JobAmbiguous(vec![(JobId::from_bytes([3; 16]), "T".to_owned())]).into(),
            400,
            "JOB_AMBIGUOUS",
            &["field", "jobs"],
        ),
        (Rejection::not_found("Job", "x").into(), 404, "RESOURCE_NOT_FOUND", &["resourceType", "resourceId"]),
        (Rejection::AccessDenied.into(), 403, "RESOURCE_ACCESS_DENIED", &[]),
        (Rejection::Conflict.into(), 409, "RESOURCE_CONFLICT", &[]),
        (Rejection::PreconditionFailed.into(), 412, "PRECONDITION_FAILED", &[]),
        (
            Rejection::InvalidState { status: "FAILED", allowed: vec!["SCHEDULED"] }.into(),
            400,
            "INVALID_STATE_TRANSITION",
            &["status", "allowed"],
        ),
        (Rejection::BillingLimitExceeded.into(), 402, "BILLING_LIMIT_EXCEEDED", &[]),
        (Rejection::IdempotencyInProgress.into(), 409, "IDEMPOTENCY_IN_PROGRESS", &[]),
        (Rejection::IdempotencyKeyReused.into(), 422, "IDEMPOTENCY_KEY_REUSED", &[]),
        (
            Rejection::PolicyRejected(Box::new(refusal)).into(),
            422,
            "POLICY_REJECTED",
            &["policy", "plugin", "release", "reason", "decisionId"],
        ),
        (unavailable.into(), 503, "POLICY_UNAVAILABLE", &["policy", "decisionId"]),
        (suspended.into(), 401, "API_KEY_SUSPENDED", &["suspendedAt", "reason"]),
        (Problem::RouteNotFound.into(), 404, "ROUTE_NOT_FOUND", &[]),
        (Problem::MissingScope(Scope::ReadJobs).into(), 403, "INSUFFICIENT_PERMISSIONS", &["requiredScope"]),
        (Problem::InvalidCursor.into(), 400, "INVALID_CURSOR", &[]),
        (Problem::UnsupportedMediaType.into(), 415, "UNSUPPORTED_MEDIA_TYPE", &[]),
        (Problem::BodyTooLarge { max_bytes: 9 }.into(), 413, "BODY_TOO_LARGE", &["maxBytes"]),
    ];
    for (failure, status, code, details) in cases {
        let (found_status, error, _) = answered(failure);
        assert_eq!((found_status, error["code"].as_str()), (status, Some(code)));
        assert!(!error["message"].as_str().unwrap().is_empty());
        let mut names: Vec<&str> = error["details"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut details = details.to_vec();
        names.sort_unstable();
        details.sort_unstable();
        assert_eq!(names, details, "{code}");
    }
}

#[test]
fn headers_that_belong_to_a_status() {
    let (status, _, reply) = answered(Problem::MethodNotAllowed { allow: "GET, HEAD, OPTIONS".to_owned() });
    assert_eq!((status, reply.headers[ALLOW].to_str().ok()), (405, Some("GET, HEAD, OPTIONS")));
    let (status, error, reply) = answered(Problem::RateLimited { retry_after_seconds: 7 });
    assert_eq!((status, &error["details"]["retryAfter"]), (429, &json!(7)));
    assert_eq!(reply.headers[RETRY_AFTER], "7");
    let busy = Failure::Unavailable { retry_after_seconds: 2, why: "the writer's queue is full".to_owned() };
    let (status, _, reply) = answered(busy);
    assert_eq!((status, &reply.headers[RETRY_AFTER]), (503, &hyper::header::HeaderValue::from_static("2")));
    let undecided = Rejection::PolicyUnavailable { policy: PolicyName::JobResolution, decision_id: None };
    let (status, _, reply) = answered(undecided);
    assert_eq!((status, &reply.headers[RETRY_AFTER]), (503, &hyper::header::HeaderValue::from_static("5")));
}

#[test]
fn one_text_for_every_bad_key_and_another_for_an_expired_one() {
    let (_, unknown, _) = answered(Denied::Unknown);
    let (_, missing, _) = answered(Problem::BadKey);
    let (_, expired, _) = answered(Denied::Expired);
    assert_eq!(unknown, missing);
    assert_eq!(expired["code"], unknown["code"]);
    assert_ne!(expired["message"], unknown["message"]);
}

#[test]
fn what_is_ours_stays_ours() {
    for failure in [
        Failure::Internal("/var/lib/switchboard.redb: disk full".to_owned()),
        Failure::Unavailable { retry_after_seconds: 1, why: "/var/lib/switchboard.redb".to_owned() },
    ] {
        let (_, error, _) = answered(failure);
        assert!(!error.to_string().contains("/var/lib"), "{error}");
    }
}

#[test]
fn a_bad_cursor_alone_has_its_own_code() {
    let refused = |paths: &[&str]| {
        let mut problems = Problems::default();
        paths.iter().for_each(|path| problems.add(*path, Flaw::invalid("is wrong")));
        refuse(problems).map_err(|failure| answered(failure).1["code"].clone())
    };
    assert_eq!(refused(&[]), Ok(()));
    assert_eq!(refused(&["after"]), Err(json!("INVALID_CURSOR")));
    assert_eq!(refused(&["page"]), Err(json!("VALIDATION_ERROR")));
    assert_eq!(refused(&["after", "page"]), Err(json!("VALIDATION_ERROR")));
}
