//! API keys: who may do what, from where, until when. The secret is never here, only its keyed hash.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::ats::Mode;
use crate::bounds::SECRET_CHARS;
use crate::id::{AtsId, CompanyId, KeyId};
use crate::problem::Flaw;
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// The three kinds of keys.
    pub enum KeyKind {
        /// One company's.
        Company = "company",
        /// All companies' of an ATS.
        Ats = "ats",
        /// The dialler's.
        Worker = "worker",
    }
}

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

words! {
    /// What a key may do.
    pub enum Scope {
        /// `read:jobs`
        ReadJobs = "read:jobs",
        /// `write:jobs`
        WriteJobs = "write:jobs",
        /// `delete:jobs`
        DeleteJobs = "delete:jobs",
        /// `read:candidates`
        ReadCandidates = "read:candidates",
        /// `write:candidates`
        WriteCandidates = "write:candidates",
        /// `delete:candidates`
        DeleteCandidates = "delete:candidates",
        /// `read:interviews`
        ReadInterviews = "read:interviews",
        /// `write:interviews`
        WriteInterviews = "write:interviews",
        /// `delete:interviews`
        DeleteInterviews = "delete:interviews",
        /// `read:agents`
        ReadAgents = "read:agents",
        /// `write:agents`
        WriteAgents = "write:agents",
        /// `delete:agents`
        DeleteAgents = "delete:agents",
        /// `read:companies`
        ReadCompanies = "read:companies",
        /// `write:companies`
        WriteCompanies = "write:companies",
        /// `delete:companies`
        DeleteCompanies = "delete:companies",
        /// `read:billing`
        ReadBilling = "read:billing",
        /// `read:webhooks`
        ReadWebhooks = "read:webhooks",
        /// `write:webhooks`
        WriteWebhooks = "write:webhooks",
    }
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

impl KeyKind {
    /// What a key of this kind can be given, which is also what it gets when the operator names nothing.
    ///
    /// Workers have none: their protocol is apart, and a worker's key is refused everywhere else. A company
    /// key has all, `write:companies` included, since it may change its own company; that it may not *create*
    /// one is a rule of that route (contract §1).
    #[must_use]
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Company | Self::Ats => Scope::ALL,
            Self::Worker => &[],
        }
    }

    /// The scopes that an operator asks for, sorted and each once; those of the kind when none is named.
    ///
    /// # Errors
    /// A scope that this kind cannot have.
    pub fn grant(self, asked: &[Scope]) -> Result<Vec<Scope>, Flaw> {
        let allowed = self.scopes();
        if let Some(scope) = asked.iter().find(|scope| !allowed.contains(scope)) {
            return Err(Flaw::invalid(format!("`{scope}` cannot be given to a {self} key")));
        }
        let mut granted = if asked.is_empty() { allowed } else { asked }.to_vec();
        granted.sort_unstable();
        granted.dedup();
        Ok(granted)
    }
}

impl Reach {
    /// The kind of a key with this reach.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::Company(..) => KeyKind::Company,
            Self::Ats(_) => KeyKind::Ats,
            Self::Worker(_) => KeyKind::Worker,
        }
    }

    /// The ATS that it is of; a worker may be of none.
    #[must_use]
    pub const fn ats_id(self) -> Option<AtsId> {
        match self {
            Self::Company(ats_id, _) | Self::Ats(ats_id) => Some(ats_id),
            Self::Worker(ats_id) => ats_id,
        }
    }
}

impl Key {
    /// Company, ATS or worker.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.reach.kind()
    }

    /// Whether it was given this scope.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether its time is over; at `expires_at` itself it is.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether it may be used from this address. An IPv4 address that arrives in its IPv6 form is the IPv4
    /// one.
    #[must_use]
    pub fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.allowed_ips.is_empty() || self.allowed_ips.iter().any(|network| network.contains(&peer))
    }
}

/// An address or a CIDR block: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
///
/// # Errors
/// What it looks like.
pub fn parse_network(text: &str) -> Result<IpNet, Flaw> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    match network {
        Ok(network) => Ok(network.trunc()),
        Err(_) => Err(Flaw::invalid("must be an address or CIDR block such as `192.0.2.0/24`")),
    }
}

/// A key's secret: `sk_live_` or `sk_test_`, then 32 Base62 characters. Masked in `Debug`; shown once, never
/// stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bytes from here on are drawn again: 248 is the greatest multiple of 62 in a byte, so that every character
/// is as likely as every other.
const BASE62_BIAS_FROM: u8 = 248;

impl Secret {
    /// A new secret. `draw` gives bytes that nobody can guess, as often as it is asked.
    #[must_use]
    pub fn generate(mode: Mode, mut draw: impl FnMut() -> [u8; SECRET_CHARS]) -> Self {
        let mut text = prefix(mode).to_owned();
        let whole = text.len() + SECRET_CHARS;
        while text.len() < whole {
            let usable = draw().into_iter().filter(|byte| *byte < BASE62_BIAS_FROM);
            let letters = usable.map(|byte| char::from(BASE62[usize::from(byte % 62)]));
            text.extend(letters.take(whole - text.len()));
        }
        Self(text)
    }

    /// The plain text: for its keyed hash, and for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

const fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "sk_live_",
        Mode::Test => "sk_test_",
    }
}

#[cfg(test)]
mod tests;
