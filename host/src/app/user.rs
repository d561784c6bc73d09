//! Users, for operators: made beforehand, so that an owner is assigned instead of invited, and deleted for ever.

use switchboard_domain::company::Company;
use switchboard_domain::decision::Decision;
use switchboard_domain::id::UserId;
use switchboard_domain::invitation::Invitation;
use switchboard_domain::membership::Membership;
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::user::User;

use crate::app::resource::Revised;
use crate::app::{App, Error, owner_onboarding};
use crate::store::idempotency::Reply;
use crate::store::user::Traces;
use crate::store::{self, Abort, Txn};

/// Makes a user.
///
/// # Errors
/// Somebody has this address already, whatever its case.
pub async fn create(app: &App, email: EmailAddress, name: String) -> Result<User, Error> {
    let user = User { id: UserId::new(app.ids().uuid()), email, name, created_at: app.now() };
    let work = move |txn: &mut Txn| {
        if store::user::by_email(txn, &user.email)?.is_some() {
            let flaw = Flaw::invalid("is a user's already");
            return Err(Abort::Refused(Error::from(Rejection::field("email", flaw))));
        }
        store::insert(txn, &user)?;
        Ok(user.clone())
    };
    Ok(app.store().commit(work).await?)
}

/// Users, newest first.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App, limit: usize) -> Result<Vec<User>, Error> {
    Ok(store::user::newest(&app.snapshot()?, limit)?)
}

/// So many rows go with one commit.
const DELETED_AT_ONCE: usize = 100;

/// Deletes a user with all that is kept about them: their memberships, what was sent to their address, what was decided
/// and answered about it, and the address itself where it names the owner of a company, which has none any more.
///
/// The user's own row goes last, so that a deletion that was cut short is found again, and ends when it is asked for
/// again.
///
/// # Errors
/// They are not there.
pub async fn delete(app: &App, id: UserId) -> Result<User, Error> {
    let user = store::get::<User>(&app.snapshot()?, &id)?.ok_or_else(|| not_found(id))?;
    let hash = app.secrets().hash_email(&user.email);
    loop {
        let (snapshot, email, hash) = (app.snapshot()?, user.email.clone(), hash.clone());
        let walk = move || store::user::traces(&snapshot, &email, &hash);
        let walked = tokio::task::spawn_blocking(walk).await;
        let traces = walked.map_err(|error| Error::Internal(error.to_string()))??;
        if traces.is_empty() {
            break;
        }
        forget(app, &user, traces).await?;
    }
    let work = move |txn: &mut Txn| {
        for member in store::membership::of_user(txn, id)? {
            store::delete::<Membership>(txn, &(member.company_id, member.user_id))?;
        }
        let deleted = store::delete::<User>(txn, &id)?;
        deleted.ok_or_else(|| Abort::Refused(not_found(id)))
    };
    Ok(app.store().commit(work).await?)
}

/// Removes what was found, some rows at once; what was changed meanwhile is found by the next walk.
async fn forget(app: &App, user: &User, traces: Traces) -> Result<(), Error> {
    let now = app.now();
    for company_id in traces.companies {
        let folded = user.email.folded();
        let work = move |txn: &mut Txn| {
            let company = store::get::<Company>(txn, &company_id)?;
            let named =
                |company: &Company| company.owner_email.as_ref().is_some_and(|own| own.folded() == folded);
            if let Some(mut company) = company.filter(named) {
                owner_onboarding::let_go(txn, company_id, now)?;
                owner_onboarding::dismiss(txn, company_id, None)?;
                (company.owner_email, company.owner_status) = (None, None);
                company.revise(now);
                store::update(txn, &company)?;
            }
            Ok::<_, Abort<Error>>(())
        };
        app.store().commit(work).await?;
    }
    remove::<Invitation>(app, traces.invitations).await?;
    remove::<Decision>(app, traces.decisions).await?;
    remove::<Reply>(app, traces.replies).await
}

async fn remove<R>(app: &App, ids: Vec<R::Id>) -> Result<(), Error>
where
    R: store::Record,
    R::Id: Clone + Send + Sync + 'static,
{
    for some in ids.chunks(DELETED_AT_ONCE) {
        let some = some.to_vec();
        let work = move |txn: &mut Txn| {
            for id in &some {
                store::delete::<R>(txn, id)?;
            }
            Ok::<_, Abort<Error>>(())
        };
        app.store().commit(work).await?;
    }
    Ok(())
}

fn not_found(id: UserId) -> Error {
    Rejection::not_found("User", id).into()
}
