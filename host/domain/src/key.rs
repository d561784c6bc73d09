//! API keys: who may do what, from where, until when. The secret is never here, only its keyed hash.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::id::{AtsId, CompanyId, KeyId};
use crate::time::Timestamp;

/// How far a key reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// One company (of this ATS).
    Company(AtsId, CompanyId),
    /// Every company of an ATS.
    Ats(AtsId),
    /// The dialler protocol, for the installation or one ATS.
    Worker(Option<AtsId>),
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// `read:jobs`
    ReadJobs,
    /// `write:jobs`
    WriteJobs,
    /// `delete:jobs`
    DeleteJobs,
    /// `read:candidates`
    ReadCandidates,
    /// `write:candidates`
    WriteCandidates,
    /// `delete:candidates`
    DeleteCandidates,
    /// `read:interviews`
    ReadInterviews,
    /// `write:interviews`
    WriteInterviews,
    /// `delete:interviews`
    DeleteInterviews,
    /// `read:agents`
    ReadAgents,
    /// `write:agents`
    WriteAgents,
    /// `delete:agents`
    DeleteAgents,
    /// `read:companies`
    ReadCompanies,
    /// `write:companies`
    WriteCompanies,
    /// `delete:companies`
    DeleteCompanies,
    /// `read:billing`
    ReadBilling,
    /// `read:webhooks`
    ReadWebhooks,
    /// `write:webhooks`
    WriteWebhooks,
}

/// Why and since when a key is suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Since when.
    pub at: Timestamp,
    /// The operator's words, shown to the partner.
    pub reason: String,
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id, which may be logged.
    pub id: KeyId,
    /// What the operator calls it.
    pub name: String,
    /// Whom it reaches.
    pub reach: Reach,
    /// What it may do, sorted.
    pub scopes: Vec<Scope>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Empty: from everywhere.
    pub allowed_ips: Vec<IpNet>,
    /// Requests a minute; 0 = no limit.
    pub rate_per_minute: u32,
    /// Requests an hour; 0 = no limit.
    pub rate_per_hour: u32,
    /// Refused with its own text until resumed.
    pub suspension: Option<Suspension>,
    /// Refused for ever.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
