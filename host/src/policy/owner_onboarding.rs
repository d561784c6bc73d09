//! The adapter of `switchboard:owner-onboarding@0.1.0`: the domain's facts as the plugin sees them, the plugin's
//! decision as the domain's answer, and both as canonical JSON for the record.

use serde::{Deserialize, Serialize};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::owner_onboarding::{self as domain, Answer, EmailHash, PendingInvitation};
use switchboard_domain::text::{EmailAddress, Locale};
use switchboard_domain::time::Timestamp;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::adapter::{ELEMENT_BYTES, Policy, has, id};
use super::wit::canonical;

const GRANT_EMAIL: &str = "email";

/// What happens to the e-mail address of a company's owner?
#[derive(Debug, Clone, Copy)]
pub struct OwnerOnboarding;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitPendingInvitation {
    #[component(name = "created-at-ms")]
    created_at_ms: i64,
    #[component(name = "expires-at-ms")]
    expires_at_ms: i64,
    #[component(name = "same-address")]
    same_address: bool,
}

/// What the plugin sees.
#[derive(Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitFacts {
    #[component(name = "now-ms")]
    now_ms: i64,
    #[component(name = "ats-id")]
    ats_id: String,
    #[component(name = "company-id")]
    company_id: String,
    #[component(name = "company-locale")]
    company_locale: String,
    #[component(name = "company-domain")]
    company_domain: Option<String>,
    #[component(name = "has-owner")]
    has_owner: bool,
    #[component(name = "email-domain")]
    email_domain: String,
    #[component(name = "email-hash")]
    email_hash: String,
    #[component(name = "email")]
    email: Option<String>,
    #[component(name = "user-exists")]
    user_exists: bool,
    #[component(name = "pending-invitations")]
    pending_invitations: Vec<WitPendingInvitation>,
    #[component(name = "templates")]
    templates: Vec<String>,
}

impl std::fmt::Debug for WitFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WitFacts").field("company_id", &self.company_id).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct WitInvitation {
    #[component(name = "template")]
    template: String,
    #[component(name = "locale")]
    locale: String,
    #[component(name = "valid-for-hours")]
    valid_for_hours: u32,
    #[component(name = "message")]
    message: Option<String>,
}

/// What the plugin says.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub enum WitDecision {
    #[component(name = "assign")]
    Assign,
    #[component(name = "invite")]
    Invite(WitInvitation),
    #[component(name = "hold")]
    Hold(String),
    #[component(name = "refuse")]
    Refuse(String),
}

canonical!(WitFacts as "facts" {
    "ats-id" => ats_id,
    "company-domain" => company_domain,
    "company-id" => company_id,
    "company-locale" => company_locale,
    "email" => email,
    "email-domain" => email_domain,
    "email-hash" => email_hash,
    "has-owner" => has_owner,
    "now-ms" => now_ms,
    "pending-invitations" => pending_invitations,
    "templates" => templates,
    "user-exists" => user_exists,
});

canonical!(WitInvitation as "invitation" {
    "locale" => locale,
    "message" => message,
    "template" => template,
    "valid-for-hours" => valid_for_hours,
});

impl Policy for OwnerOnboarding {
    const NAME: PolicyName = PolicyName::OwnerOnboarding;
    type Facts = domain::Facts;
    type Verdict = domain::Verdict;
    type Seen = WitFacts;
    type Said = WitDecision;

    fn granted(facts: &domain::Facts, grants: &[String]) -> WitFacts {
        let email = facts.email.as_ref().filter(|_| has(grants, GRANT_EMAIL));
        WitFacts {
            now_ms: facts.now.unix_millis(),
            ats_id: facts.ats_id.to_string(),
            company_id: facts.company_id.to_string(),
            company_locale: facts.company_locale.as_str().to_owned(),
            company_domain: facts.company_domain.clone(),
            has_owner: facts.has_owner,
            email_domain: facts.email_domain.clone(),
            email_hash: facts.email_hash.as_str().to_owned(),
            email: email.map(|email| email.as_str().to_owned()),
            user_exists: facts.user_exists,
            pending_invitations: facts.pending_invitations.iter().map(pending).collect(),
            templates: facts.templates.clone(),
        }
    }

    fn narrowed(mut seen: WitFacts, grants: &[String]) -> WitFacts {
        if !has(grants, GRANT_EMAIL) {
            seen.email = None;
        }
        seen
    }

    fn to_checkable(seen: &WitFacts) -> Result<domain::Facts, Error> {
        let unreadable = |what: &str| Error::UnreadableFacts(what.to_owned());
        let locale = Locale::parse(&seen.company_locale);
        let email = seen.email.as_deref().map(EmailAddress::parse).transpose();
        Ok(domain::Facts {
            now: Timestamp::from_unix_millis(seen.now_ms),
            ats_id: id("ats-id", &seen.ats_id)?,
            company_id: id("company-id", &seen.company_id)?,
            company_locale: locale.map_err(|_| unreadable("`company-locale` is no locale"))?,
            company_domain: seen.company_domain.clone(),
            has_owner: seen.has_owner,
            email_domain: seen.email_domain.clone(),
            email_hash: EmailHash::recorded(&seen.email_hash),
            email: email.map_err(|_| unreadable("`email` is no address"))?,
            user_exists: seen.user_exists,
            pending_invitations: seen
                .pending_invitations
                .iter()
                .map(|invitation| invitation.to_domain())
                .collect(),
            templates: seen.templates.clone(),
        })
    }

    fn seen_bytes(seen: &WitFacts) -> usize {
        let texts =
            [&seen.ats_id, &seen.company_id, &seen.company_locale, &seen.email_domain, &seen.email_hash];
        let texts = texts.into_iter().chain(&seen.company_domain).chain(&seen.email).chain(&seen.templates);
        texts.map(String::len).sum::<usize>()
            + ELEMENT_BYTES * (seen.pending_invitations.len() + seen.templates.len())
    }

    fn said_bytes(said: &WitDecision) -> usize {
        match said {
            WitDecision::Assign => 0,
            WitDecision::Invite(WitInvitation { template, locale, message, .. }) => {
                template.len() + locale.len() + message.as_ref().map_or(0, String::len)
            }
            WitDecision::Hold(reason) | WitDecision::Refuse(reason) => reason.len(),
        }
    }

    fn check(said: WitDecision, facts: &domain::Facts) -> Result<domain::Verdict, String> {
        let answer = match said {
            WitDecision::Assign => Answer::Assign,
            WitDecision::Invite(WitInvitation { template, locale, valid_for_hours, message }) => {
                Answer::Invite { template, locale, valid_for_hours, message }
            }
            WitDecision::Hold(reason) => Answer::Hold(reason),
            WitDecision::Refuse(reason) => Answer::Refuse(reason),
        };
        domain::check(answer, facts)
    }
}

impl WitPendingInvitation {
    fn to_domain(self) -> PendingInvitation {
        PendingInvitation {
            created_at: Timestamp::from_unix_millis(self.created_at_ms),
            expires_at: Timestamp::from_unix_millis(self.expires_at_ms),
            same_address: self.same_address,
        }
    }
}

fn pending(invitation: &PendingInvitation) -> WitPendingInvitation {
    WitPendingInvitation {
        created_at_ms: invitation.created_at.unix_millis(),
        expires_at_ms: invitation.expires_at.unix_millis(),
        same_address: invitation.same_address,
    }
}
