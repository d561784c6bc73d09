//! What happens to the e-mail address of a company's owner: what the policy is told, what it may answer, and the
//! check of that answer.

use std::fmt;

use crate::bounds::{INVITATION_HOURS, INVITATION_MESSAGE_CHARS};
use crate::decision::{self, check_reason, clip};
use crate::id::{AtsId, CompanyId};
use crate::text::{EmailAddress, Locale};
use crate::time::Timestamp;

/// Field names that a release can be granted beyond the rest.
pub const GRANTS: [&str; 1] = ["email"];

/// The invitation that comes with the server: there is always a template of this name.
pub const TEMPLATE: &str = "company-invitation";

/// An invitation that was sent and can still be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingInvitation {
    /// When it was sent.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Whether it went to the same address.
    pub same_address: bool,
}

/// The keyed hash of an e-mail address: equal for equal addresses of one installation, whatever their case.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailHash(String);

impl EmailHash {
    /// From the hash of [`EmailAddress::folded`].
    #[must_use]
    pub fn new(hash: [u8; 32]) -> Self {
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// From recorded facts.
    #[must_use]
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// In hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailHash(***)")
    }
}

/// Everything that the rule may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The moment of the request, or of the worker's look.
    pub now: Timestamp,
    /// Whose slot decides.
    pub ats_id: AtsId,
    /// Whose owner.
    pub company_id: CompanyId,
    /// The company's.
    pub company_locale: Locale,
    /// [`crate::text::WebUrl::domain`] of the company's website.
    pub company_domain: Option<String>,
    /// Whether somebody is the owner now.
    pub has_owner: bool,
    /// [`EmailAddress::domain`] of the address.
    pub email_domain: String,
    /// Of the whole address.
    pub email_hash: EmailHash,
    /// By grant `email`. Always there when the facts are gathered; a replay has what the plugin was shown.
    pub email: Option<EmailAddress>,
    /// Whether a user with this address exists.
    pub user_exists: bool,
    /// Of this company, oldest first.
    pub pending_invitations: Vec<PendingInvitation>,
    /// Names of the invitation's templates that the server has.
    pub templates: Vec<String>,
}

impl decision::Facts for Facts {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn ats_id(&self) -> AtsId {
        self.ats_id
    }

    fn company_id(&self) -> CompanyId {
        self.company_id
    }

    fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }
}

/// A plugin's answer, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The existing user becomes the owner.
    Assign,
    /// An invitation is sent.
    Invite {
        /// Name of an e-mail template.
        template: String,
        /// BCP 47.
        locale: String,
        /// How long it can be accepted.
        valid_for_hours: u32,
        /// Shown in the mail.
        message: Option<String>,
    },
    /// The address is kept, nothing is sent, for this reason.
    Hold(String),
    /// Nothing is stored, for this reason.
    Refuse(String),
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// One of the facts' templates.
    pub template: String,
    /// Which of the template's languages is nearest is for whoever writes the mail.
    pub locale: Locale,
    /// 1 to 8760.
    pub valid_for_hours: u32,
    /// 1 to 1000 characters.
    pub message: Option<String>,
}

/// A checked answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The existing user becomes the owner.
    Assign,
    /// An invitation is sent.
    Invite(Invitation),
    /// The address is kept as `HELD`, nothing is sent.
    Hold {
        /// The plugin's words, for the operator.
        reason: String,
    },
    /// `POLICY_REJECTED`: nothing is stored.
    Refuse {
        /// The plugin's words, for the partner.
        reason: String,
    },
}

/// Checks a plugin's answer as a partner's JSON is checked: the user must exist, the template be known, the time
/// bounded.
///
/// # Errors
/// The sentence that says why the answer cannot be used.
pub fn check(answer: Answer, facts: &Facts) -> Result<Verdict, String> {
    match answer {
        Answer::Assign if facts.user_exists => Ok(Verdict::Assign),
        Answer::Assign => Err("`assign`, but no user has this address".to_owned()),
        Answer::Invite { template, locale, valid_for_hours, message } => {
            if !facts.templates.contains(&template) {
                let known = facts.templates.join(", ");
                return Err(format!("there is no template `{}`; there are {known}", clip(&template)));
            }
            let locale = Locale::parse(&locale)
                .map_err(|flaw| format!("the locale `{}` {}", clip(&locale), flaw.message))?;
            if !INVITATION_HOURS.contains(&valid_for_hours) {
                let (least, most) = INVITATION_HOURS.into_inner();
                return Err(format!(
                    "the invitation is valid for {valid_for_hours} hours; {least} to {most} are allowed"
                ));
            }
            let message = message.map(check_message).transpose()?;
            Ok(Verdict::Invite(Invitation { template, locale, valid_for_hours, message }))
        }
        Answer::Hold(reason) => Ok(Verdict::Hold { reason: check_reason("hold", &reason)? }),
        Answer::Refuse(reason) => Ok(Verdict::Refuse { reason: check_reason("refuse", &reason)? }),
    }
}

fn check_message(message: String) -> Result<String, String> {
    let (least, most) = INVITATION_MESSAGE_CHARS.into_inner();
    if !INVITATION_MESSAGE_CHARS.contains(&message.chars().count()) {
        return Err(format!("the message must have {least} to {most} characters"));
    }
    if message.contains('\0') {
        return Err("the message has a NUL character".to_owned());
    }
    Ok(message)
}

#[cfg(test)]
mod tests;
