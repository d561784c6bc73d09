//! Agents on the wire.

use super::dispatch::{page_request, page_view, rendered};
use super::page::Listing;
use super::problem::Failure;
use super::{Call, Reply};
use crate::app::agent::AgentFilter;
use crate::app::{self, App, Write};
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::agent::{
    Agent, AgentDraft, AgentFocus, AgentType, Voice, check_cefr_level, check_phone_number,
};
use switchboard_domain::bounds::{
    AGENT_DURATION_MINUTES, AGENT_NAME_CHARS, INSTRUCTIONS_CHARS, QUESTION_CHARS, QUESTIONS_MAX,
};
use switchboard_domain::id::{AgentId, CompanyId, PhoneNumberId};
use switchboard_domain::language::{CefrLevel, Language};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::body::{self, Fields, Read, chars, id, text, whole};
use super::schema::{self, Text};

// What partners can ask.

pub(crate) async fn create(app: &App, call: &Call, write: Write) -> Result<Reply, Failure> {
    let company_id = call.company_only(app)?;
    let draft = read(&call.request.json()?).map_err(Rejection::Invalid)?;
    let now = write.now;
    let render = move |agent: &Agent| rendered(Reply::created(&view(agent), now));
    Ok(app::agent::create(app, company_id, draft, write, render).await?.into())
}

pub(crate) fn get(app: &App, call: &Call) -> Result<Reply, Failure> {
    let (named, id) = call.resource()?;
    let agent = app::agent::get(app, &call.caller, named, id)?;
    Ok(Reply::ok(&view(&agent), call.request.now))
}

pub(crate) async fn list(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &call.request.query;
    let named = call.named_company(&mut problems);
    let filter = AgentFilter {
        agent_type: query.read("type", &mut problems, AgentType::parse),
        focus: query.read("focus", &mut problems, AgentFocus::parse),
    };
    let listing = Listing::read(query, &mut problems);
    let company_id = call.company(app, named, problems)?;
    let page = app::agent::list(app, company_id, &filter, &page_request(&listing)).await?;
    Ok(Reply::ok(&page_view(&listing, &page, view), call.request.now))
}

// Wire types in.

/// What a new agent is made of.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "name": "Polish check",
    "type": "PHONE",
    "focus": "LANGUAGE_TEST",
    "language": "PL",
    "duration": 15,
    "questions": ["What did you do yesterday?"],
    "instructions": "Speak slowly.",
    "voiceId": "MIRIAM",
    "cefrLevel": "B2",
    "companyPhoneNumberId": "01960e6a-7c00-7000-8000-000000000003",
    "metadata": {"team": "north"}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct AgentBody {
    #[schema(min_length = 2, max_length = 100)]
    name: String,
    #[schema(schema_with = schema::agent_type)]
    r#type: String,
    #[schema(schema_with = schema::agent_focus)]
    focus: String,
    #[schema(schema_with = schema::language)]
    language: String,
    /// In minutes.
    #[schema(minimum = 1, maximum = 180)]
    duration: u32,
    #[schema(schema_with = questions)]
    questions: Option<Vec<String>>,
    #[schema(max_length = 10000)]
    instructions: Option<String>,
    #[schema(schema_with = schema::voice)]
    voice_id: Option<String>,
    /// Required for LANGUAGE_TEST, refused elsewhere.
    #[schema(schema_with = schema::cefr_level)]
    cefr_level: Option<String>,
    /// A number that is assigned to the company. Required for PHONE, refused for ONLINE.
    #[schema(value_type = Option<String>, format = "uuid")]
    company_phone_number_id: Option<PhoneNumberId>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// Reads the body of a new agent.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<AgentDraft, Problems> {
    body::read(body, draft)
}

/// Reads a new agent, also inside another body.
///
/// # Errors
/// Noted.
pub fn draft(fields: &mut Fields<'_>) -> Read<AgentDraft> {
    let name = fields.required("name", chars(AGENT_NAME_CHARS));
    let agent_type = fields.required("type", text(AgentType::parse));
    let focus = fields.required("focus", text(AgentFocus::parse));
    let language = fields.required("language", text(Language::parse));
    let duration = fields.required("duration", whole(AGENT_DURATION_MINUTES));
    let questions = fields.list("questions", 0..=QUESTIONS_MAX, chars(QUESTION_CHARS));
    let instructions = fields.optional("instructions", chars(INSTRUCTIONS_CHARS));
    let voice_id = fields.optional("voiceId", text(Voice::parse));
    let cefr_level = fields.optional("cefrLevel", text(CefrLevel::parse));
    let phone_number_id = fields.optional("companyPhoneNumberId", id::<PhoneNumberId>);
    let metadata = fields.optional("metadata", Metadata::check);
    let is_level_sent = fields.is_sent("cefrLevel");
    let level_rule =
        fields.rule(|base, problems| check_cefr_level(base, focus.ok(), is_level_sent, problems));
    let is_number_sent = fields.is_sent("companyPhoneNumberId");
    let number_rule =
        fields.rule(|base, problems| check_phone_number(base, agent_type.ok(), is_number_sent, problems));
    level_rule?;
    number_rule?;
    Ok(AgentDraft {
        name: name?,
        agent_type: agent_type?,
        focus: focus?,
        language: language?,
        duration_minutes: duration?,
        questions: questions?,
        instructions: instructions?,
        voice_id: voice_id?,
        cefr_level: cefr_level?,
        company_phone_number_id: phone_number_id?,
        metadata: metadata?,
    })
}

fn questions() -> Array {
    let question = ObjectBuilder::new().schema_type(Type::String).max_length(Some(*QUESTION_CHARS.end()));
    ArrayBuilder::new().items(question).max_items(Some(QUESTIONS_MAX)).build()
}

// Wire types out.

/// Who interviews, how, in which language.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Agent, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000004",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "name": "Polish check",
    "type": "PHONE",
    "focus": "LANGUAGE_TEST",
    "language": "PL",
    "duration": 15,
    "questions": ["What did you do yesterday?"],
    "instructions": "Speak slowly.",
    "voiceId": "MIRIAM",
    "cefrLevel": "B2",
    "companyPhoneNumberId": "01960e6a-7c00-7000-8000-000000000003",
    "metadata": {"team": "north"},
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct AgentView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<AgentId>,
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    name: &'a str,
    #[schema(schema_with = schema::agent_type)]
    r#type: &'static str,
    #[schema(schema_with = schema::agent_focus)]
    focus: &'static str,
    #[schema(schema_with = schema::language)]
    language: &'static str,
    /// In minutes.
    #[schema(minimum = 1, maximum = 180)]
    duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = questions)]
    questions: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::voice)]
    voice_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::cefr_level)]
    cefr_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    company_phone_number_id: Option<Text<PhoneNumberId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Value>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
}

/// An agent as partners see it.
#[must_use]
pub fn view(agent: &Agent) -> AgentView<'_> {
    let body = &agent.body;
    AgentView {
        id: Text(agent.id),
        company_id: Text(agent.company_id),
        name: &body.name,
        r#type: body.agent_type.as_str(),
        focus: body.focus.as_str(),
        language: body.language.as_str(),
        duration: body.duration_minutes,
        questions: body.questions.as_deref(),
        instructions: body.instructions.as_deref(),
        voice_id: body.voice_id.map(Voice::as_str),
        cefr_level: body.cefr_level.map(CefrLevel::as_str),
        company_phone_number_id: body.company_phone_number_id.map(Text),
        metadata: body.metadata.as_ref().map(Metadata::to_value),
        created_at: Text(agent.created_at),
        updated_at: Text(agent.updated_at),
    }
}

#[cfg(test)]
mod tests;
