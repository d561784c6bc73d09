//! Plugins, releases, and what stands in a slot.

use serde::{Deserialize, Serialize};

use crate::decision::{PolicyName, Slot};
use crate::id::ReleaseId;
use crate::time::Timestamp;

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

/// What happens when the release cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFailure {
    /// The standard plugin answers.
    Fallback,
    /// The slot's previous release answers, then the standard plugin.
    LastGood,
    /// The partner is answered 503.
    Reject,
    /// The effect waits and is decided later.
    Hold,
}

/// Whether WASI is there for guests that cannot start without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wasi {
    /// Not linked.
    None,
    /// An empty context: no files, sockets, environment; frozen clock, seeded random.
    Minimal,
}

/// What one call may use. Defaults and maxima stand in `bounds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Deterministic measure of work.
    pub fuel: u64,
    /// Wall-clock safety net.
    pub timeout_millis: u64,
    /// Linear memory.
    pub memory_mib: u32,
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
