//! Agents of a company.

use switchboard_domain::agent::{Agent, AgentDraft};
use switchboard_domain::id::{AgentId, CompanyId};
use switchboard_domain::phone_number::CompanyPhoneNumber;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::walk::Whose;
use crate::app::{App, Committed, Error, Rendered, Write, reach};

pub use crate::store::agent::AgentFilter;
use crate::store::{self, Page, PageRequest, Read, Snapshot, Txn};

/// Makes an agent of a company in reach.
///
/// # Errors
/// The phone number is not the company's, or the company is gone.
pub async fn create(
    app: &App,
    company_id: CompanyId,
    draft: AgentDraft,
    write: Write,
    render: impl Fn(&Agent) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let agent = new(app, company_id, draft, write.now);
    let work = move |txn: &mut Txn| {
        reach::still_there(txn, company_id)?;
        let mut problems = Problems::default();
        check_number(txn, &agent, "companyPhoneNumberId", &mut problems)?;
        reach::refuse(problems)?;
        store::insert(txn, &agent)?;
        Ok(Committed::reply(render(&agent), company_id, None))
    };
    Ok(app.commit(&write, work).await?)
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

/// One agent in reach.
///
/// # Errors
/// See [`reach`].
pub fn get(app: &App, caller: &Caller, named: Option<CompanyId>, id: AgentId) -> Result<Agent, Error> {
    reach::look(app, caller, named, &id)
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
