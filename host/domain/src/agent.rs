//! Agents: who interviews, how, in which language.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CompanyId, PhoneNumberId};
use crate::language::{CefrLevel, Language};
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// By phone or in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum AgentType {
    Phone,
    Online,
}

/// What the interview is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum AgentFocus {
    Generic,
    Screening,
    Outreach,
    LanguageTest,
}

/// The voice that speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum Voice {
    Alex,
    Peter,
    Miriam,
    Sue,
    Viera,
    Casandra,
    Silvia,
    Michael,
    Luke,
    Emma,
    Sarah,
    Eva,
}

/// What a request says of an agent; checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentDraft {
    /// 2 to 100 characters.
    pub name: String,
    /// Phone or online.
    pub agent_type: AgentType,
    /// What the interview is about.
    pub focus: AgentFocus,
    /// The language it speaks.
    pub language: Language,
    /// 1 to 180.
    pub duration_minutes: u32,
    /// At most 100 of at most 1000 characters. Absent when not sent.
    pub questions: Option<Vec<String>>,
    /// At most 10000 characters.
    pub instructions: Option<String>,
    /// The voice that speaks.
    pub voice_id: Option<Voice>,
    /// There for language tests, and only for them.
    pub cefr_level: Option<CefrLevel>,
    /// There for phone agents, and only for them.
    pub company_phone_number_id: Option<PhoneNumberId>,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// An agent of a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// Grows by one with each change.
    pub revision: u64,
    /// What was said of it.
    pub body: AgentDraft,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
