//! Interviews on the wire: what partners ask and send. What they are shown is the module `view`'s.

mod view;

use hyper::StatusCode;
use serde_json::Value;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::id::{AgentId, CandidateId, CompanyId, JobId};
use switchboard_domain::interview::{Interview, InterviewChange, InterviewInput, InterviewStatus, Named};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::agent::{self, AgentBody};
use super::body::{self, Fields, Read, flag, id, text};
use super::candidate::{self, CandidateBody};
use super::dispatch::{Turn, rendered};
use super::job::{self, InlineJobBody};
use super::page::Listing;
use super::problem::Failure;
use super::query::Query;
use super::resource::{self, Listed, Noun};
use super::{Call, Reply};
use crate::app::interview::{InterviewFilter, WithAttempts};
use crate::app::{self, App, Page, PageRequest};

pub use self::view::{DryRunView, InterviewView, view};

// What partners can ask.

impl Noun for Interview {
    type View<'a> = InterviewView<'a>;

    fn view(found: &WithAttempts) -> InterviewView<'_> {
        view(found)
    }

    fn revision(found: &WithAttempts) -> u64 {
        found.interview.revision
    }

    fn read_change(&self, body: &Value, _now: Timestamp) -> Result<InterviewChange, Problems> {
        read_change(self, body)
    }
}

impl Listed for Interview {
    type Filter = InterviewFilter;

    fn filter(query: &Query, problems: &mut Problems) -> InterviewFilter {
        InterviewFilter {
            candidate_id: query.id("candidateId", problems),
            agent_id: query.id("agentId", problems),
            job_id: query.id("jobId", problems),
            status: query.read("status", problems, InterviewStatus::parse),
        }
    }

    fn page(
        app: &App,
        company_id: CompanyId,
        filter: &InterviewFilter,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<WithAttempts>, app::Error>> + Send {
        app::interview::list(app, company_id, filter, page)
    }
}

pub(crate) async fn create(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let named = call.named_company(&mut problems);
    let is_dry = call.request.query.flag("dryRun", &mut problems);
    let company_id = call.company(app, named, problems)?;
    call.receive().await?;
    let write = match call.turn(app)? {
        Turn::Run(write) => write,
        Turn::Replay(kept) => return Ok(kept),
    };
    let now = write.now;
    let input = read(&call.request.json()?, now).map_err(Rejection::Invalid)?;
    if is_dry {
        let dry = app::interview::dry_run(app, &call.caller, company_id, input, now).await?;
        return Ok(Reply::ok(&DryRunView::of(&dry), now));
    }
    let render =
        move |made: &WithAttempts| rendered(&resource::answer::<Interview>(StatusCode::CREATED, made, now));
    Ok(app::interview::create(app, &call.caller, company_id, input, write, render).await?.into())
}

/// `GET /candidates/{id}/interviews`, the path in a candidate's `links`.
pub(crate) async fn list_of_candidate(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let listing = Listing::read(&call.request.query, &mut problems);
    let aim = resource::aim::<Candidate>(call, problems)?;
    let candidate = app::resource::look::<Candidate>(app, &aim)?;
    let filter = InterviewFilter { candidate_id: Some(candidate.id), ..InterviewFilter::default() };
    resource::listed::<Interview>(app, call, candidate.company_id, &filter, &listing).await
}

// Wire types in.

/// What a new interview is made of: one of `candidateId` and `candidate`, one of `agentId` and `agent`, one
/// of `jobId` and `job` or neither. What is described instead of named is made with the interview, or nothing
/// is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "candidateId": "01960e6a-7c00-7000-8000-000000000002",
    "agentId": "01960e6a-7c00-7000-8000-000000000004",
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
    "scheduledAt": "2026-04-02T14:30:00+02:00",
    "isTest": false,
    "metadata": {"round": 1}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct InterviewBody {
    #[schema(value_type = Option<String>, format = "uuid")]
    candidate_id: Option<CandidateId>,
    candidate: Option<CandidateBody>,
    #[schema(value_type = Option<String>, format = "uuid")]
    agent_id: Option<AgentId>,
    agent: Option<AgentBody>,
    /// One of the candidate's jobs. Without any the ATS's policy decides.
    #[schema(value_type = Option<String>, format = "uuid")]
    job_id: Option<JobId>,
    job: Option<InlineJobBody>,
    /// At most 30 days ahead; at once when not sent. An offset says whose wall clock is meant; without one it
    /// is the candidate's.
    #[schema(example = "2026-04-02T14:30:00+02:00", format = "written-time")]
    scheduled_at: Option<String>,
    /// The older name of `scheduledAt`.
    #[schema(format = "written-time")]
    #[deprecated]
    schedule_time: Option<String>,
    /// Calls nobody and is not billed.
    #[schema(default = false)]
    is_test: Option<bool>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// What is changed of an interview. What is not sent stays.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "scheduledAt": "2026-04-02T09:30:00+02:00",
    "metadata": {"round": 2}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct InterviewPatch {
    /// Another time, by the rules of a new interview's. Only while the interview is SCHEDULED; a phone interview's
    /// SCHEDULED attempt moves along.
    #[schema(value_type = String, required = false, example = "2026-04-02T09:30:00+02:00")]
    scheduled_at: Option<String>,
    /// Replaced whole. At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// Reads the body of a new interview.
///
/// # Errors
/// Every problem of it, those of inline objects included.
pub fn read(body: &Value, now: Timestamp) -> Result<InterviewInput, Problems> {
    body::read(body, |fields| input(fields, now))
}

/// Reads a partial update of an interview. It always has a time, so that none cannot be asked for.
///
/// # Errors
/// Every problem of it.
pub fn read_change(kept: &Interview, body: &Value) -> Result<InterviewChange, Problems> {
    body::read(body, |fields| {
        let as_written = text(WrittenTime::parse);
        let written_time =
            fields.required_or("scheduledAt", Some(&None), |value| as_written(value).map(Some));
        let metadata = fields.optional_or("metadata", kept.metadata.as_ref(), Metadata::check);
        Ok(InterviewChange { written_time: written_time?, metadata: metadata? })
    })
}

fn input(fields: &mut Fields<'_>, now: Timestamp) -> Read<InterviewInput> {
    let candidate = named(fields, "candidateId", "candidate", |inside| candidate::input(inside, now));
    let candidate = candidate.and_then(|named| fields.one_of(["candidateId", "candidate"], named));
    let agent = named(fields, "agentId", "agent", agent::draft);
    let agent = agent.and_then(|named| fields.one_of(["agentId", "agent"], named));
    let job = named(fields, "jobId", "job", job::inline);
    let job_once = candidate_job_alone(fields);
    let written_time = written_time(fields);
    let is_test = fields.optional("isTest", flag);
    let metadata = fields.optional("metadata", Metadata::check);
    job_once?;
    Ok(InterviewInput {
        candidate: candidate?,
        agent: agent?,
        job: job?,
        written_time: written_time?,
        is_test: is_test?.unwrap_or(false),
        metadata: metadata?,
    })
}

/// A resource by its id or described, not both. Both are read in any case, so that all their problems are
/// noted.
fn named<I: std::str::FromStr<Err: std::fmt::Display> + Clone, D: Clone>(
    fields: &mut Fields<'_>,
    id_name: &str,
    object_name: &str,
    reader: impl FnOnce(&mut Fields<'_>) -> Read<D>,
) -> Read<Option<Named<I, D>>> {
    let existing = fields.optional(id_name, id::<I>);
    let new = fields.object(object_name, reader);
    let sent = [(id_name, fields.is_sent(id_name)), (object_name, fields.is_sent(object_name))];
    fields.rule(|base, problems| problems.at_most_one(base, sent))?;
    Ok(match (existing?, new?) {
        (Some(id), _) => Some(Named::Existing(id)),
        (None, Some(draft)) => Some(Named::New(Box::new(draft))),
        (None, None) => None,
    })
}

/// The older `candidate.jobId` names the interview's job too, so it stands alone.
fn candidate_job_alone(fields: &mut Fields<'_>) -> Read<()> {
    let candidate = fields.given("candidate").and_then(Value::as_object);
    let names_job = candidate.and_then(|candidate| candidate.get("jobId")).is_some_and(|id| !id.is_null());
    let others: Vec<&str> = ["job", "jobId"].into_iter().filter(|name| fields.is_sent(name)).collect();
    if !names_job || others.is_empty() {
        return Ok(());
    }
    fields.refuse(&others, &Flaw::invalid("must not be sent together with `candidate.jobId`"));
    let flaw = Flaw::invalid("must not be sent together with `job` or `jobId`");
    Err(fields.refuse(&["candidate.jobId"], &flaw))
}

fn written_time(fields: &mut Fields<'_>) -> Read<Option<WrittenTime>> {
    let time = fields.optional("scheduledAt", text(WrittenTime::parse));
    let older = fields.optional("scheduleTime", text(WrittenTime::parse));
    match (time?, older?) {
        (Some(time), Some(older)) if time != older => {
            let flaw =
                Flaw::invalid("must be the same time when both `scheduledAt` and `scheduleTime` are sent");
            Err(fields.refuse(&["scheduledAt", "scheduleTime"], &flaw))
        }
        (time, older) => Ok(time.or(older)),
    }
}

#[cfg(test)]
mod tests;
