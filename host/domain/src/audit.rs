//! Who changed what. Ids only: an entry outlives those whom it is about.

use serde::{Deserialize, Serialize};

use crate::id::AuditId;
use crate::time::Timestamp;
use crate::words::words;

/// What the server does by itself.
pub const SELF: &str = "switchboard";

words! {
    /// What was done. Stored by place: new ones come last.
    pub enum Action {
        /// A plugin version was pushed.
        PluginPush = "plugin.push",
        /// A plugin version was removed.
        PluginRemove = "plugin.remove",
        /// A release was made.
        ReleaseCreate = "release.create",
        /// A release became active.
        ReleaseActivate = "release.activate",
        /// A release is asked beside the active one.
        ReleaseShadow = "release.shadow",
        /// A release answers a share of the companies.
        ReleaseCanary = "release.canary",
        /// A release became active after it was watched.
        ReleasePromote = "release.promote",
        /// A rollout was ended.
        ReleaseAbort = "release.abort",
        /// A slot went back.
        ReleaseRollback = "release.rollback",
        /// Only standard plugins answer.
        SafeModeOn = "safe-mode.on",
        /// The releases answer again.
        SafeModeOff = "safe-mode.off",
        /// What waited was asked for again.
        HeldRetry = "held.retry",
        /// An ATS was made.
        AtsCreate = "ats.create",
        /// An ATS was changed.
        AtsUpdate = "ats.update",
        /// An ATS was deleted.
        AtsDelete = "ats.delete",
        /// A key was made.
        KeyCreate = "key.create",
        /// A key was suspended.
        KeySuspend = "key.suspend",
        /// A key works again.
        KeyResume = "key.resume",
        /// A key was revoked.
        KeyRevoke = "key.revoke",
        /// A company was changed by an operator.
        CompanyUpdate = "company.update",
        /// A company got a number.
        PhoneNumberCreate = "phone-number.create",
        /// A company lost a number.
        PhoneNumberDelete = "phone-number.delete",
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who, as they call themselves; the server itself for what happened by itself.
    pub actor: String,
    /// What.
    pub action: Action,
    /// On what: ids, slots and digests as text.
    pub subjects: Vec<String>,
}
