//! Who changed what: written in the commit of the change, so that there is none without the other.

use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::id::AuditId;
use switchboard_domain::time::Timestamp;

use crate::app::{App, Error};
use crate::store;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Changes from then on.
    pub since: Option<Timestamp>,
    /// Of this actor.
    pub actor: Option<String>,
}

/// Changes, newest first.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App, wanted: &Wanted, limit: usize) -> Result<Vec<AuditEntry>, Error> {
    let Wanted { since, actor } = wanted;
    let keep = |entry: &AuditEntry| {
        since.is_none_or(|since| since <= entry.at)
            && actor.as_ref().is_none_or(|actor| *actor == entry.actor)
    };
    Ok(store::audit::list(&app.snapshot()?, limit, keep)?)
}

impl App {
    /// An entry for the commit of the change.
    pub(crate) fn audit_entry(&self, actor: &str, action: Action, subjects: Vec<String>) -> AuditEntry {
        let id = AuditId::new(self.ids().uuid());
        AuditEntry { id, at: self.now(), actor: actor.to_owned(), action, subjects }
    }
}
