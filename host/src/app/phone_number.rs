//! The numbers that companies call from: assigned by operators.

use switchboard_domain::audit::Action;
use switchboard_domain::company::Company;
use switchboard_domain::id::{CompanyId, PhoneNumberId};
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;

use crate::app::{App, Error};
use crate::store::{self, Abort, Txn};

/// Assigns a number to a company.
///
/// # Errors
/// The company is not there, or the number is assigned already.
pub async fn create(
    app: &App,
    company_id: CompanyId,
    number: PhoneNumber,
    actor: &str,
) -> Result<CompanyPhoneNumber, Error> {
    let record = CompanyPhoneNumber {
        id: PhoneNumberId::new(app.ids().uuid()),
        company_id,
        number,
        created_at: app.now(),
    };
    let subjects = vec![company_id.to_string(), record.id.to_string()];
    let entry = app.audit_entry(actor, Action::PhoneNumberCreate, subjects);
    let work = move |txn: &mut Txn| {
        if !store::exists::<Company>(txn, &company_id)? {
            let flaw = Flaw::invalid("is not a known company");
            return Err(Abort::Refused(Error::from(Rejection::field("companyId", flaw))));
        }
        if store::phone_number::by_number(txn, &record.number)?.is_some() {
            let flaw = Flaw::invalid("is assigned already");
            return Err(Abort::Refused(Rejection::field("number", flaw).into()));
        }
        store::insert(txn, &record)?;
        store::insert(txn, &entry)?;
        Ok(record.clone())
    };
    Ok(app.store().commit(work).await?)
}

/// The numbers of a company.
///
/// # Errors
/// The company is not there.
pub fn list(app: &App, company_id: CompanyId) -> Result<Vec<CompanyPhoneNumber>, Error> {
    let snapshot = app.snapshot()?;
    if !store::exists::<Company>(&snapshot, &company_id)? {
        return Err(Rejection::not_found("Company", company_id).into());
    }
    Ok(store::phone_number::of_company(&snapshot, company_id)?)
}

/// Takes a number away. Agents that call from it stay, and cannot be called with until they get another.
///
/// # Errors
/// It is not there.
pub async fn delete(app: &App, id: PhoneNumberId, actor: &str) -> Result<CompanyPhoneNumber, Error> {
    let entry = app.audit_entry(actor, Action::PhoneNumberDelete, vec![id.to_string()]);
    let work = move |txn: &mut Txn| {
        let deleted = store::delete::<CompanyPhoneNumber>(txn, &id)?;
        store::insert(txn, &entry)?;
        deleted.ok_or_else(|| Abort::Refused(Error::from(Rejection::not_found("PhoneNumber", id))))
    };
    Ok(app.store().commit(work).await?)
}
