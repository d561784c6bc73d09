//! Entries for fuzzing what partners send: bodies, paths with queries, header values. Each takes any bytes and
//! panics where a promise is broken.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::OnceLock;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use serde_json::Value;
use switchboard_domain::agent::{Agent, AgentFocus, AgentType};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::{CandidateId, JobId, ReleaseId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::job::Job;
use switchboard_domain::key::{Scope, parse_network};
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use super::auth::{bearer, peer_address};
use super::page::{Cursor, Listing};
use super::problem::refuse;
use super::query::Query;
use super::request::{RequestId, RequestIds, parse_json};
use super::route::{self, Recognised};
use super::{Failure, agent, analysis, candidate, company, condition, interview, job};
use crate::clock::Clock;
use crate::ids::Ids;

/// 2026-04-02T10:00:00Z
const NOW: Timestamp = Timestamp::from_unix_millis(1_775_124_000_000);
/// An answer names every bad field, and an array that is too long once; so it cannot grow with the body without
/// bound, but a path repeats the names around it.
const ANSWER_BYTES_PER_BODY_BYTE: usize = 64;
const ANSWER_BYTES_MIN: usize = 64 << 10;

/// Records that a change is read against.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) company: Company,
    pub(crate) job: Job,
    pub(crate) candidate: Candidate,
    pub(crate) agent: Agent,
    pub(crate) interview: Interview,
}

/// A body, read as each of the nouns that partners send, and as a change of each.
pub(crate) fn body(data: &[u8], kept: &Kept) {
    let value = match parse_json(data) {
        Ok(value) => value,
        Err(problem) => return is_answer(data.len(), problem.into()),
    };
    judge(data.len(), analysis::read(&value));
    judge(data.len(), company::read(&value));
    judge(data.len(), job::read(&value));
    judge(data.len(), candidate::read(&value, NOW));
    judge(data.len(), agent::read(&value));
    judge(data.len(), interview::read(&value, NOW));
    judge(data.len(), company::read_change(&kept.company, &value));
    judge(data.len(), job::read_change(&kept.job.body, &value));
    judge(data.len(), candidate::read_change(&kept.candidate, &value, NOW));
    judge(data.len(), agent::read_change(&kept.agent.body, &value));
    judge(data.len(), interview::read_change(&kept.interview, &value));
}

fn judge<T>(body_bytes: usize, outcome: Result<T, Problems>) {
    let Err(problems) = outcome else { return };
    assert!(!problems.is_empty(), "refused without a reason");
    for problem in problems.list() {
        assert!(!problem.path.is_empty() && !problem.flaw.message.is_empty(), "{problem:?}");
    }
    is_answer(body_bytes, Rejection::Invalid(problems).into());
}

/// A failure becomes an envelope of a bounded size, which is never a 500.
fn is_answer(sent_bytes: usize, failure: Failure) {
    let reply = failure.into_reply(NOW, request_id());
    assert!(reply.status.is_client_error(), "{}", reply.status);
    let most = ANSWER_BYTES_MIN + ANSWER_BYTES_PER_BODY_BYTE * sent_bytes;
    assert!(reply.body.len() <= most, "{} bytes for a body of {sent_bytes}", reply.body.len());
    let envelope: Value = serde_json::from_slice(&reply.body).expect("an answer is JSON");
    assert_eq!(envelope["success"], false, "{envelope}");
    assert!(envelope["error"]["code"].is_string(), "{envelope}");
}

fn request_id() -> &'static RequestId {
    static ID: OnceLock<RequestId> = OnceLock::new();
    ID.get_or_init(|| RequestIds::new(&Ids::seeded(Clock::steerable(NOW), 1)).of(&HeaderMap::new()))
}

/// A request's target: a path, and a query read by each reader of one.
pub fn request_target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, raw_query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    if let Recognised::Found(found, ids) = route::recognise(&Method::GET, path) {
        let template = found.entry().template;
        assert_eq!(ids.id.is_some(), template.contains("{id}"), "{path:?}");
        assert_eq!(ids.attempt_id.is_some(), template.contains("{attemptId}"), "{path:?}");
        let under_version = route::recognise(&Method::GET, &format!("/v1{path}"));
        let is_same = matches!(under_version, Recognised::Found(again, _) if again == found);
        // A path that names the version already has no second one.
        assert!(is_same || path.starts_with("/v1") || path.starts_with("/%"), "{path:?}");
    }
    let query = Query::parse(raw_query);
    let mut problems = Problems::default();
    let listing = Listing::read(&query, &mut problems);
    assert!((1..=100).contains(&listing.limit) && listing.page >= 1 || listing.after.is_some(), "{text:?}");
    let _: Option<CandidateId> = query.id("candidateId", &mut problems);
    let _: Option<JobId> = query.id("jobId", &mut problems);
    query.read("status", &mut problems, InterviewStatus::parse);
    query.read("type", &mut problems, AgentType::parse);
    query.read("focus", &mut problems, AgentFocus::parse);
    let _ = query.search(&mut problems).finds(&[text]);
    query.flag("dryRun", &mut problems);
    if let Err(failure) = refuse(problems) {
        is_answer(data.len(), failure);
    }
}

/// What names and proves who asks, and where a list goes on: header values, ids, cursors, networks.
pub fn credential(data: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(data) {
        headers(&value);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(cursor) = Cursor::parse(text) {
        assert_eq!(cursor.to_string(), text);
    }
    reads_back::<JobId>(text);
    reads_back::<ReleaseId>(text);
    if let Ok(scope) = Scope::parse(text) {
        assert_eq!(scope.as_str(), text);
    }
    if let Ok(network) = parse_network(text) {
        assert_eq!(parse_network(&network.to_string()), Ok(network), "{text:?}");
    }
}

fn headers(value: &HeaderValue) {
    let mut headers = HeaderMap::new();
    for name in ["authorization", "x-forwarded-for", "x-request-id", "if-match", "if-none-match"] {
        headers.insert(HeaderName::from_static(name), value.clone());
    }
    if let Some(secret) = bearer(&headers) {
        assert!(!secret.is_empty() && !secret.contains(' '), "{secret:?}");
        headers.append(AUTHORIZATION, value.clone());
        assert_eq!(bearer(&headers), None, "two headers name nobody");
    }
    let etag = condition::etag(1, b"{}");
    let _ = condition::IfMatch::of(&headers).allows(|| etag.clone());
    let _ = condition::has_already(&headers, &etag);
    let socket = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let nobody: [IpNet; 0] = [];
    assert_eq!(peer_address(socket, &headers, &nobody), socket, "nobody is believed unless trusted");
    let _ = peer_address(socket, &headers, &[IpNet::from(socket), "10.0.0.0/8".parse().expect("a network")]);
    let kept = RequestIds::new(&Ids::seeded(Clock::steerable(NOW), 1)).of(&headers);
    assert!((1..=128).contains(&kept.as_str().len()), "{kept}");
}

/// An id that is read says in its one form what it is.
fn reads_back<T: FromStr + ToString + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(id) = text.parse::<T>() {
        assert_eq!(id.to_string().parse::<T>().ok(), Some(id), "{text:?}");
    }
}
