//! Agents: who interviews, how, in which language.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CompanyId, PhoneNumberId};
use crate::language::{CefrLevel, Language};
use crate::metadata::Metadata;
use crate::problem::{Flaw, Problems, field_path};
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// By phone or in the browser.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum AgentType {
        Phone = "PHONE",
        Online = "ONLINE",
    }
}

words! {
    /// What the interview is about.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum AgentFocus {
        Generic = "GENERIC",
        Screening = "SCREENING",
        Outreach = "OUTREACH",
        LanguageTest = "LANGUAGE_TEST",
    }
}

words! {
    /// The voice that speaks.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum Voice {
        Alex = "ALEX",
        Peter = "PETER",
        Miriam = "MIRIAM",
        Sue = "SUE",
        Viera = "VIERA",
        Casandra = "CASANDRA",
        Silvia = "SILVIA",
        Michael = "MICHAEL",
        Luke = "LUKE",
        Emma = "EMMA",
        Sarah = "SARAH",
        Eva = "EVA",
    }
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

/// What a request makes of an agent; checked, but for whether the number is the company's.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentChange {
    /// The result of the merge.
    pub body: AgentDraft,
    /// `companyPhoneNumberId` was sent, and so is to be looked up.
    pub names_number: bool,
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

/// `cefrLevel` is required for language tests and refused for everybody else (contract §5), in a new agent and in
/// the result of a change. Without a readable focus nothing can be said.
pub fn check_cefr_level(base: &str, focus: Option<AgentFocus>, is_there: bool, problems: &mut Problems) {
    let Some(focus) = focus else { return };
    let is_needed = focus == AgentFocus::LanguageTest;
    let refusal = "is for the focus LANGUAGE_TEST only; leave it out, or send null to remove it";
    check_needed(field_path(base, "cefrLevel"), is_needed, is_there, refusal, problems);
}

/// `companyPhoneNumberId` is required for phone agents and refused for online ones (contract §5), in a new agent
/// and in the result of a change. Without a readable type nothing can be said.
pub fn check_phone_number(
    base: &str,
    agent_type: Option<AgentType>,
    is_there: bool,
    problems: &mut Problems,
) {
    let Some(agent_type) = agent_type else { return };
    let is_needed = agent_type == AgentType::Phone;
    let refusal = "is for the type PHONE only; leave it out, or send null to remove it";
    check_needed(field_path(base, "companyPhoneNumberId"), is_needed, is_there, refusal, problems);
}

fn check_needed(path: String, is_needed: bool, is_there: bool, refusal: &str, problems: &mut Problems) {
    match (is_needed, is_there) {
        (true, false) => problems.add(path, Flaw::missing()),
        (false, true) => problems.add(path, Flaw::invalid(refusal)),
        (true, true) | (false, false) => {}
    }
}

#[cfg(test)]
mod tests;
