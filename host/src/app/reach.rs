//! What a key reaches: the last third of the contract's order of checks (§1), in its order. The same on a
//! snapshot and inside a commit.

use switchboard_domain::agent::Agent;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::Decision;
use switchboard_domain::id::CompanyId;
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;

use crate::app::access::Caller;
use crate::app::resource::Aim;
use crate::app::{App, Error};
use crate::store::{self, Abort, Read, Txn};

/// A record that belongs to a company.
pub(crate) trait OfCompany: store::Record {
    /// For `details.resourceType`.
    const RESOURCE_TYPE: &'static str;

    fn company_id(&self) -> CompanyId;
}

macro_rules! of_company {
    ($($record:ident),*) => {$(
        impl OfCompany for $record {
            const RESOURCE_TYPE: &'static str = stringify!($record);

            fn company_id(&self) -> CompanyId {
                self.company_id
            }
        }
    )*};
}

of_company!(Job, Candidate, Agent, Interview, Decision);

/// The company that a request is about: a company key's own, or the one that an ATS key names.
pub(crate) fn company_id(
    read: &impl Read,
    caller: &Caller,
    named: Option<CompanyId>,
) -> Result<CompanyId, Abort<Rejection>> {
    if let Some(own) = caller.own_company() {
        return Ok(own);
    }
    let named = named.ok_or_else(|| Rejection::field("companyId", Flaw::missing()))?;
    Ok(company(read, caller, named)?.id)
}

/// A company in reach.
pub(crate) fn company(read: &impl Read, caller: &Caller, id: CompanyId) -> Result<Company, Abort<Rejection>> {
    let company = store::get::<Company>(read, &id)?.ok_or_else(|| Rejection::not_found("Company", id))?;
    let in_reach = match caller.own_company() {
        Some(own) => own == id,
        None => caller.ats_id() == Some(company.ats_id),
    };
    if in_reach { Ok(company) } else { Err(Rejection::AccessDenied.into()) }
}

/// A resource of the company that the request is about. One of a sibling company is not there for an ATS key;
/// one of anybody else is denied.
pub(crate) fn resource<R: OfCompany>(
    read: &impl Read,
    caller: &Caller,
    company_id: CompanyId,
    id: &R::Id,
) -> Result<R, Abort<Rejection>>
where
    R::Id: std::fmt::Display,
{
    let not_found = || Abort::Refused(Rejection::not_found(R::RESOURCE_TYPE, id));
    let record = store::get::<R>(read, id)?.ok_or_else(not_found)?;
    if record.company_id() == company_id {
        return Ok(record);
    }
    // What is left of a deleted company is 404 for everybody, as the company is.
    let owner = store::get::<Company>(read, &record.company_id())?.ok_or_else(not_found)?;
    if caller.own_company().is_none() && Some(owner.ats_id) == caller.ats_id() {
        Err(not_found())
    } else {
        Err(Rejection::AccessDenied.into())
    }
}

/// A company's resource, by all that a request says of it.
pub(crate) fn aimed<R: OfCompany>(read: &impl Read, aim: &Aim<R::Id>) -> Result<R, Abort<Rejection>>
where
    R::Id: std::fmt::Display,
{
    let company_id = company_id(read, &aim.caller, aim.named)?;
    resource(read, &aim.caller, company_id, &aim.id)
}

/// Inside a commit: the company was not deleted since the look.
pub(crate) fn still_there(txn: &mut Txn, company_id: CompanyId) -> Result<(), Abort<Rejection>> {
    if store::exists::<Company>(txn, &company_id)? {
        Ok(())
    } else {
        Err(Abort::Refused(Rejection::not_found("Company", company_id)))
    }
}

/// Inside a commit: refuses when something is wrong.
pub(crate) fn refuse(problems: Problems) -> Result<(), Abort<Rejection>> {
    if problems.is_empty() { Ok(()) } else { Err(Abort::Refused(Rejection::Invalid(problems))) }
}

impl App {
    /// The company that a request of a partner is about.
    ///
    /// # Errors
    /// An ATS key named none, an unknown one, or one out of reach.
    pub fn company_in_reach(&self, caller: &Caller, named: Option<CompanyId>) -> Result<CompanyId, Error> {
        Ok(company_id(&self.snapshot()?, caller, named)?)
    }
}
