//! Agents of a company.

use switchboard_domain::agent::{Agent, AgentChange, AgentDraft};
use switchboard_domain::id::{AgentId, CompanyId};
use switchboard_domain::phone_number::CompanyPhoneNumber;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::removal::{self, Begun};
use crate::app::resource::{Aim, Made, Moment, Resource};
use crate::app::walk::Whose;
use crate::app::{App, Error, reach};

pub use crate::store::agent::AgentFilter;
use crate::store::{self, Abort, Page, PageRequest, Read, Snapshot, Txn};

/// Where a body names the agent's number.
const NUMBER: &str = "companyPhoneNumberId";

impl Resource for Agent {
    type Shown = Self;
    type Change = AgentChange;

    fn reach(read: &impl Read, aim: &Aim<AgentId>) -> Result<Self, Abort<Rejection>> {
        reach::aimed(read, aim)
    }

    fn shown(self, _read: &impl Read) -> Result<Self, store::Error> {
        Ok(self)
    }

    fn changed(
        &self,
        txn: &mut Txn,
        change: AgentChange,
        _moment: &Moment,
    ) -> Result<Self, Abort<Rejection>> {
        let after = Self { body: change.body, ..self.clone() };
        // A number that was taken away from the company since does not stand in the way of other changes.
        if change.names_number {
            let mut problems = Problems::default();
            check_number(txn, &after, NUMBER, &mut problems)?;
            reach::refuse(problems)?;
        }
        Ok(after)
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::agent(txn, self, begun)
    }
}

impl Made for Agent {
    type Input = AgentDraft;

    fn new(app: &App, company_id: CompanyId, draft: &AgentDraft, now: Timestamp) -> Self {
        new(app, company_id, draft.clone(), now)
    }

    fn check_named(
        &self,
        read: &impl Read,
        _draft: &AgentDraft,
        problems: &mut Problems,
    ) -> Result<(), store::Error> {
        check_number(read, self, NUMBER, problems)
    }
}

/// The record of a new agent.
pub(crate) fn new(app: &App, company_id: CompanyId, draft: AgentDraft, now: Timestamp) -> Agent {
    let id = AgentId::new(app.ids().uuid());
    Agent { id, company_id, revision: 1, body: draft, created_at: now, updated_at: now }
}

/// Notes at `path` when the agent's number is not one of its company's.
pub(crate) fn check_number(
    read: &impl Read,
    agent: &Agent,
    path: &str,
    problems: &mut Problems,
) -> Result<(), store::Error> {
    if let Some(id) = &agent.body.company_phone_number_id {
        let number = store::get::<CompanyPhoneNumber>(read, id)?;
        if number.is_none_or(|number| number.company_id != agent.company_id) {
            problems.add(path, Flaw::invalid("is not a phone number of this company"));
        }
    }
    Ok(())
}

/// Agents of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read, or too much waits to be walked for.
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &AgentFilter,
    page: &PageRequest,
) -> Result<Page<Agent>, Error> {
    let walk = |_: &Snapshot| Ok(store::agent::walk(company_id, filter, page));
    app.read_page(Whose::Company(company_id), walk, |_, page| Ok(page)).await
}
