//! User rows, found by their address.

use switchboard_domain::company::Company;
use switchboard_domain::decision::{Decision, PolicyName};
use switchboard_domain::id::{CompanyId, DecisionId, InvitationId, UserId};
use switchboard_domain::invitation::Invitation;
use switchboard_domain::owner_onboarding::EmailHash;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::user::User;

use super::idempotency::{Reply, ReplyKey};
use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read};
use super::{Error, codec};

impl Record for User {
    type Id = UserId;
    const TABLE: Table = Table::User;

    fn id(&self) -> UserId {
        self.id
    }

    fn key(id: &UserId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![with_email(&self.email)].into()
    }
}

fn with_email(email: &EmailAddress) -> Place {
    let mut value = Vec::new();
    codec::push_text(&mut value, &email.folded());
    Place::new(INSTALLATION, Tag::UserByEmail, &value)
}

/// Who has this address, whatever its case.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn by_email(read: &impl Read, email: &EmailAddress) -> Result<Option<User>, Error> {
    let first = with_email(email).keys(read)?.next().transpose()?;
    first.map(|key| record::named(read, &key)).transpose()
}

/// So many users, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn newest(read: &impl Read, limit: usize) -> Result<Vec<User>, Error> {
    record::scan(read, EVERYTHING, Direction::Reverse)?.take(limit).collect()
}

/// Where an address is written, beside its user's own row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traces {
    /// Companies whose owner it is to be, or is.
    pub companies: Vec<CompanyId>,
    /// Invitations that were sent to it.
    pub invitations: Vec<InvitationId>,
    /// Decisions about it.
    pub decisions: Vec<DecisionId>,
    /// Kept replies that show it.
    pub replies: Vec<ReplyKey>,
}

impl Traces {
    /// Whether it is written nowhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Finds an address by walking over every table that could have it: an operator deletes a person now and then, which is
/// worth no index. `hash` is what decisions know it by.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn traces(read: &impl Read, email: &EmailAddress, hash: &EmailHash) -> Result<Traces, Error> {
    let folded = email.folded();
    let mut traces = Traces::default();
    for company in record::scan::<Company>(read, EVERYTHING, Direction::Forward)? {
        let company = company?;
        if company.owner_email.is_some_and(|owner| owner.folded() == folded) {
            traces.companies.push(company.id);
        }
    }
    for invitation in record::scan::<Invitation>(read, EVERYTHING, Direction::Forward)? {
        let invitation = invitation?;
        if invitation.email.folded() == folded {
            traces.invitations.push(invitation.id);
        }
    }
    for decision in record::scan::<Decision>(read, EVERYTHING, Direction::Forward)? {
        let decision = decision?;
        let is_about_owners = decision.slot.policy == PolicyName::OwnerOnboarding;
        if is_about_owners && decision.facts.contains(hash.as_str()) {
            traces.decisions.push(decision.id);
        }
    }
    // As JSON shows it.
    let shown = email.as_str().to_lowercase().replace('\\', "\\\\").replace('"', "\\\"");
    for reply in record::scan::<Reply>(read, EVERYTHING, Direction::Forward)? {
        let reply = reply?;
        if String::from_utf8_lossy(&reply.body).to_lowercase().contains(&shown) {
            traces.replies.push(reply.key);
        }
    }
    Ok(traces)
}
