//! Agent rows, listed by company, type and focus.

use switchboard_domain::agent::{Agent, AgentFocus, AgentType};
use switchboard_domain::id::{AgentId, CompanyId};

use super::Error;
use super::index::Place;
use super::key_list::KeyList;
use super::list::{Page, PageRequest, Walk};
use super::record::{Places, Record};
use super::schema::{Table, Tag};
use super::txn::Read;

impl Record for Agent {
    type Id = AgentId;
    const TABLE: Table = Table::Agent;

    fn id(&self) -> AgentId {
        self.id
    }

    fn key(id: &AgentId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![
            everybody(self.company_id),
            of_type(self.company_id, self.body.agent_type),
            of_focus(self.company_id, self.body.focus),
        ]
        .into()
    }
}

pub(crate) fn everybody(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::Agent, &[])
}

fn of_type(company_id: CompanyId, agent_type: AgentType) -> Place {
    // In the file: never changed.
    let agent_type = match agent_type {
        AgentType::Phone => 1,
        AgentType::Online => 2,
    };
    Place::new(*company_id.bytes(), Tag::AgentByType, &[agent_type])
}

fn of_focus(company_id: CompanyId, focus: AgentFocus) -> Place {
    // In the file: never changed.
    let focus = match focus {
        AgentFocus::Generic => 1,
        AgentFocus::Screening => 2,
        AgentFocus::Outreach => 3,
        AgentFocus::LanguageTest => 4,
    };
    Place::new(*company_id.bytes(), Tag::AgentByFocus, &[focus])
}

/// What a list of agents may be narrowed by; all of it applies.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgentFilter {
    /// By phone or online.
    pub agent_type: Option<AgentType>,
    /// What the interview is about.
    pub focus: Option<AgentFocus>,
}

/// The way to a page of the agents of a company, newest first.
#[must_use]
pub fn walk(company_id: CompanyId, filter: &AgentFilter, request: &PageRequest) -> Walk<Agent> {
    let mut lists: Vec<KeyList> = Vec::new();
    lists.extend(filter.agent_type.map(|agent_type| of_type(company_id, agent_type).into()));
    lists.extend(filter.focus.map(|focus| of_focus(company_id, focus).into()));
    if lists.is_empty() {
        lists.push(everybody(company_id).into());
    }
    Walk::new(lists, *request)
}

/// A page of the agents of a company, newest first, however far it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &AgentFilter,
    request: &PageRequest,
) -> Result<Page<Agent>, Error> {
    walk(company_id, filter, request).run_to_the_end(read)
}
