//! Agents on the wire.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::agent::{
    Agent, AgentChange, AgentDraft, AgentFocus, AgentType, Voice, check_cefr_level, check_phone_number,
};
use switchboard_domain::bounds::{
    AGENT_DURATION_MINUTES, AGENT_NAME_CHARS, INSTRUCTIONS_CHARS, QUESTION_CHARS, QUESTIONS_MAX,
};
use switchboard_domain::id::{AgentId, CompanyId, PhoneNumberId};
use switchboard_domain::language::{CefrLevel, Language};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::Problems;
use switchboard_domain::time::Timestamp;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::body::{self, Fields, Read, chars, id, is_there, text, whole};
use super::query::Query;
use super::resource::{Listed, Noun, Posted};
use super::schema::{self, Json, Text};
use crate::app::agent::AgentFilter;
use crate::app::{self, App, Page, PageRequest};

// What partners can ask.

impl Noun for Agent {
    type View<'a> = AgentView<'a>;

    fn view(agent: &Agent) -> AgentView<'_> {
        view(agent)
    }

    fn revision(agent: &Agent) -> u64 {
        agent.revision
    }

    fn read_change(&self, body: &Value, _now: Timestamp) -> Result<AgentChange, Problems> {
        read_change(&self.body, body)
    }
}

impl Posted for Agent {
    fn read_new(body: &Value, _now: Timestamp) -> Result<AgentDraft, Problems> {
        read(body)
    }
}

impl Listed for Agent {
    type Filter = AgentFilter;

    fn filter(query: &Query, problems: &mut Problems) -> AgentFilter {
        AgentFilter {
            agent_type: query.read("type", problems, AgentType::parse),
            focus: query.read("focus", problems, AgentFocus::parse),
        }
    }

    fn page(
        app: &App,
        company_id: CompanyId,
        filter: &AgentFilter,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Agent>, app::Error>> + Send {
        app::agent::list(app, company_id, filter, page)
    }
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

/// What is changed of an agent.
#[derive(Debug)]
pub struct AgentPatch;

impl PartialSchema for AgentPatch {
    fn schema() -> RefOr<Schema> {
        let text = "What is changed of an agent. What is not sent stays, `null` clears; the rules over several \
                    members judge the result.";
        schema::partial(AgentBody::schema(), text)
    }
}

impl ToSchema for AgentPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        AgentBody::schemas(schemas);
    }
}

/// Reads the body of a new agent.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<AgentDraft, Problems> {
    body::read(body, draft)
}

/// Reads a partial update of an agent.
///
/// # Errors
/// Every problem of it, and of the result.
pub fn read_change(kept: &AgentDraft, body: &Value) -> Result<AgentChange, Problems> {
    body::read(body, |fields| {
        let names_number = fields.is_sent("companyPhoneNumberId");
        Ok(AgentChange { body: over(fields, Some(kept))?, names_number })
    })
}

/// Reads a new agent, also inside another body.
///
/// # Errors
/// Noted.
pub fn draft(fields: &mut Fields<'_>) -> Read<AgentDraft> {
    over(fields, None)
}

/// An agent over what is kept of it; of a new one nothing is. The rules over several members judge the result.
fn over(fields: &mut Fields<'_>, kept: Option<&AgentDraft>) -> Read<AgentDraft> {
    let name = fields.required_or("name", kept.map(|agent| &agent.name), chars(AGENT_NAME_CHARS));
    let agent_type = fields.required_or("type", kept.map(|agent| &agent.agent_type), text(AgentType::parse));
    let focus = fields.required_or("focus", kept.map(|agent| &agent.focus), text(AgentFocus::parse));
    let language = fields.required_or("language", kept.map(|agent| &agent.language), text(Language::parse));
    let duration = fields.required_or(
        "duration",
        kept.map(|agent| &agent.duration_minutes),
        whole(AGENT_DURATION_MINUTES),
    );
    let questions = fields.list_or(
        "questions",
        kept.and_then(|agent| agent.questions.as_ref()),
        0..=QUESTIONS_MAX,
        chars(QUESTION_CHARS),
    );
    let instructions = fields.optional_or(
        "instructions",
        kept.and_then(|agent| agent.instructions.as_ref()),
        chars(INSTRUCTIONS_CHARS),
    );
    let voice_id =
        fields.optional_or("voiceId", kept.and_then(|agent| agent.voice_id.as_ref()), text(Voice::parse));
    let cefr_level = fields.optional_or(
        "cefrLevel",
        kept.and_then(|agent| agent.cefr_level.as_ref()),
        text(CefrLevel::parse),
    );
    let phone_number_id = fields.optional_or(
        "companyPhoneNumberId",
        kept.and_then(|agent| agent.company_phone_number_id.as_ref()),
        id::<PhoneNumberId>,
    );
    let metadata =
        fields.optional_or("metadata", kept.and_then(|agent| agent.metadata.as_ref()), Metadata::check);
    let has_level = is_there(&cefr_level);
    let level_rule = fields.rule(|base, problems| check_cefr_level(base, focus.ok(), has_level, problems));
    let has_number = is_there(&phone_number_id);
    let number_rule =
        fields.rule(|base, problems| check_phone_number(base, agent_type.ok(), has_number, problems));
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
    metadata: Option<Json<'a>>,
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
        metadata: body.metadata.as_ref().map(Json::from),
        created_at: Text(agent.created_at),
        updated_at: Text(agent.updated_at),
    }
}

#[cfg(test)]
mod tests;
