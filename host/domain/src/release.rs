//! Plugins, releases, and what stands in a slot.

mod limits;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::{self, SETTINGS_BYTES_MAX, SETTINGS_LEVELS_MAX};
use crate::decision::{PolicyName, Slot};
use crate::id::ReleaseId;
use crate::problem::Flaw;
use crate::time::Timestamp;
use crate::words::words;

pub use limits::{Limits, WantedLimits};

/// SHA-256 of a component's bytes: what a plugin version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Digest {
    type Err = crate::id::MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").ok_or(crate::id::MalformedId)?;
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(crate::id::MalformedId);
        }
        let mut digest = [0_u8; 32];
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).map_err(|_| crate::id::MalformedId)?;
        }
        Ok(Self(digest))
    }
}

/// One policy that a plugin version implements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implements {
    /// Which policy.
    pub policy: PolicyName,
    /// Version of the WIT package that it exports, such as `0.1.0`.
    pub version: String,
}

/// An admitted component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginVersion {
    /// Name of the plugin, `[a-z0-9][a-z0-9._-]{0,63}`.
    pub name: String,
    /// Of its bytes.
    pub digest: Digest,
    /// What it implements, in the order of `PolicyName`.
    pub implements: Vec<Implements>,
    /// Of the component.
    pub size_bytes: u64,
    /// How long Cranelift took at the push.
    pub compile_millis: u64,
    /// When it was pushed.
    pub pushed_at: Timestamp,
}

words! {
    /// What happens when the release cannot answer.
    pub enum OnFailure {
        /// The standard plugin answers.
        Fallback = "fallback",
        /// The slot's previous release answers, then the standard plugin.
        LastGood = "last-good",
        /// The partner is answered 503.
        Reject = "reject",
        /// The effect waits and is decided later.
        Hold = "hold",
    }
}

words! {
    /// Whether WASI is there for guests that cannot start without it.
    pub enum Wasi {
        /// Not linked.
        None = "none",
        /// An empty context: no files, sockets, environment; frozen clock, seeded random.
        Minimal = "minimal",
    }
}

/// What a slot runs. Immutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Where it may be activated.
    pub slot: Slot,
    /// Name of the plugin.
    pub plugin: String,
    /// Version of the plugin.
    pub digest: Digest,
    /// Version of the policy's WIT package that is spoken.
    pub policy_version: String,
    /// The operator's JSON text.
    pub settings: String,
    /// What one call may use.
    pub limits: Limits,
    /// What happens when it cannot answer.
    pub on_failure: OnFailure,
    /// Whether WASI is there.
    pub wasi: Wasi,
    /// Fields of the facts beyond ids that it may see.
    pub grants: Vec<String>,
    /// Why it was made.
    pub comment: Option<String>,
    /// Who made it.
    pub author: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What stands in a slot. A slot that never had a release of its own has no record and runs the default
/// slot's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    /// Which slot.
    pub slot: Slot,
    /// Grows by one with each activation.
    pub revision: u64,
    /// What answers.
    pub active: ReleaseId,
    /// When it was activated.
    pub activated_at: Timestamp,
    /// What was active before, newest first, bounded; `rollback` takes the first.
    pub history: Vec<ReleaseId>,
}

impl OnFailure {
    /// Wrong money and wrong mail do not come back, so those wait; an interview is better decided by the
    /// standard rule than refused.
    #[must_use]
    pub const fn default_of(policy: PolicyName) -> Self {
        match policy {
            PolicyName::JobResolution | PolicyName::CallScheduling => Self::Fallback,
            PolicyName::Billing | PolicyName::OwnerOnboarding => Self::Hold,
        }
    }
}

/// Whether a plugin can be told these settings, whatever it makes of them: JSON of at most 64 KiB and 32 levels.
///
/// # Errors
/// The first flaw.
pub fn check_settings(settings: &str) -> Result<(), Flaw> {
    if SETTINGS_BYTES_MAX < settings.len() {
        return Err(Flaw::invalid(format!("must have at most {SETTINGS_BYTES_MAX} bytes")));
    }
    match serde_json::from_str::<Value>(settings) {
        Ok(settings) if has_at_most(SETTINGS_LEVELS_MAX, &settings) => Ok(()),
        Ok(_) => Err(Flaw::invalid(format!("must not be nested deeper than {SETTINGS_LEVELS_MAX} levels"))),
        Err(error) => Err(Flaw::invalid(format!("is not JSON: {error}"))),
    }
}

fn has_at_most(levels: usize, value: &Value) -> bool {
    let below = |value| has_at_most(levels - 1, value);
    match value {
        Value::Object(members) => levels > 0 && members.values().all(below),
        Value::Array(items) => levels > 0 && items.iter().all(below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Who asks for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A partner's request: nothing has happened yet, and it can be refused.
    Partner,
    /// A worker, or somebody who tells what has happened already, such as a call that failed.
    Worker,
}

/// What becomes of an effect that nobody decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// It does not happen: the partner is answered 503.
    Refused,
    /// It waits, visible, and is decided later.
    Held,
}

impl OnFailure {
    /// What becomes of the effect when the whole failure ladder gave no answer.
    ///
    /// An interview cannot wait for its job. A call that took place is never lost, so its bill waits. A call that is to
    /// be made and an owner's address wait when the release says `hold`, or when there is nobody to refuse.
    #[must_use]
    pub const fn unanswered(self, policy: PolicyName, asker: Asker) -> Unanswered {
        match (policy, self, asker) {
            (PolicyName::JobResolution, ..) => Unanswered::Refused,
            (PolicyName::Billing, ..)
            | (PolicyName::CallScheduling | PolicyName::OwnerOnboarding, Self::Hold, _)
            | (PolicyName::CallScheduling | PolicyName::OwnerOnboarding, _, Asker::Worker) => {
                Unanswered::Held
            }
            (
                PolicyName::CallScheduling | PolicyName::OwnerOnboarding,
                Self::Fallback | Self::LastGood | Self::Reject,
                Asker::Partner,
            ) => Unanswered::Refused,
        }
    }
}

/// Fields of the facts beyond ids that a release for this policy can be granted.
#[must_use]
pub const fn grants_of(policy: PolicyName) -> &'static [&'static str] {
    match policy {
        PolicyName::JobResolution => &crate::job_resolution::GRANTS,
        PolicyName::CallScheduling => &crate::call_scheduling::GRANTS,
        PolicyName::Billing => &crate::billing::GRANTS,
        PolicyName::OwnerOnboarding => &crate::owner_onboarding::GRANTS,
    }
}

/// The grants that an operator asks for, each once, in the order of the policy's list.
///
/// # Errors
/// A field that this policy does not have, with those it has.
pub fn check_grants(policy: PolicyName, asked: &[String]) -> Result<Vec<String>, Flaw> {
    let known = grants_of(policy);
    if let Some(field) = asked.iter().find(|field| !known.contains(&field.as_str())) {
        let field: String = field.chars().take(*bounds::PLUGIN_NAME_CHARS.end()).collect();
        return Err(Flaw::invalid(if known.is_empty() {
            format!("has `{field}`, but {policy} has nothing to grant")
        } else {
            format!("has `{field}`, but {policy} can be granted only {}", known.join(", "))
        }));
    }
    let granted = known.iter().filter(|field| asked.iter().any(|one| one == *field));
    Ok(granted.map(|field| (*field).to_owned()).collect())
}

/// A plugin's name: `[a-z0-9][a-z0-9._-]{0,63}`. It is part of file names and metric labels.
///
/// # Errors
/// What a name looks like.
pub fn check_plugin_name(name: &str) -> Result<String, Flaw> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_fine = bounds::PLUGIN_NAME_CHARS.contains(&name.len())
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || b"._-".contains(&byte));
    if is_fine {
        return Ok(name.to_owned());
    }
    let max = bounds::PLUGIN_NAME_CHARS.end();
    Err(Flaw::invalid(format!(
        "must have 1 to {max} of the characters a-z 0-9 . _ - and begin with a letter or digit"
    )))
}

/// Why a slot cannot go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWayBack {
    /// Nothing was active before.
    NothingBefore,
    /// The named release was never active here, or too long ago.
    NotInHistory,
}

impl std::fmt::Display for NoWayBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NothingBefore => "nothing was active in this slot before",
            Self::NotInHistory => "this release is not among those that were active in this slot before",
        })
    }
}

impl std::error::Error for NoWayBack {}

impl SlotState {
    /// A slot that gets its first release. `before` is what answered until now (the default slot's active
    /// release), so that the first rollback has somewhere to go.
    #[must_use]
    pub fn first(slot: Slot, release: ReleaseId, before: Option<ReleaseId>, now: Timestamp) -> Self {
        let history = before.into_iter().filter(|before| *before != release).collect();
        Self { slot, revision: 1, active: release, activated_at: now, history }
    }

    /// Makes a release the active one, at the head of the history of 100. The active one again changes
    /// nothing; says whether something changed.
    pub fn activate(&mut self, release: ReleaseId, now: Timestamp) -> bool {
        if self.active == release {
            return false;
        }
        self.history.insert(0, self.active);
        self.history.truncate(bounds::SLOT_HISTORY_MAX);
        self.put(release, now);
        true
    }

    /// Goes back: to what was active before, or to the latest time that `to` was. What was active since is
    /// forgotten, so that going back twice goes back two steps, never forth to the release that was left.
    /// Going back to the active release changes nothing.
    ///
    /// # Errors
    /// There is nowhere to go.
    pub fn rollback(&mut self, to: Option<ReleaseId>, now: Timestamp) -> Result<ReleaseId, NoWayBack> {
        let place = match to {
            Some(to) if to == self.active => return Ok(to),
            Some(to) => self.history.iter().position(|past| *past == to).ok_or(NoWayBack::NotInHistory)?,
            None => 0,
        };
        let target = *self.history.get(place).ok_or(NoWayBack::NothingBefore)?;
        self.history.drain(..=place);
        self.put(target, now);
        Ok(target)
    }

    fn put(&mut self, release: ReleaseId, now: Timestamp) {
        self.active = release;
        self.activated_at = now;
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests;
