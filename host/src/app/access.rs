//! Who calls: from the presented secret to a key in force.
//!
//! The ring of keys lives in memory and is rebuilt from the store after each change of a key or an ATS; a
//! look-up costs one HMAC and one hash map. Never here: what the key may do, which is the route's business.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use switchboard_domain::ats::Ats;
use switchboard_domain::id::{AtsId, CompanyId, KeyId};
use switchboard_domain::key::{Key, Reach};
use switchboard_domain::removal::Removed;
use switchboard_domain::time::Timestamp;

use crate::app::{App, Error};
use crate::store::{self, Read};

/// A key in force, and the ATS that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key.
    pub key: Key,
    /// Absent for a worker of the whole installation.
    pub ats: Option<Ats>,
}

impl Caller {
    /// The ATS of a partner's key.
    #[must_use]
    pub fn ats_id(&self) -> Option<AtsId> {
        match self.key.reach {
            Reach::Company(ats_id, _) | Reach::Ats(ats_id) => Some(ats_id),
            Reach::Worker(ats_id) => ats_id,
        }
    }

    /// The one company of a company key.
    #[must_use]
    pub fn own_company(&self) -> Option<CompanyId> {
        match self.key.reach {
            Reach::Company(_, company_id) => Some(company_id),
            Reach::Ats(_) | Reach::Worker(_) => None,
        }
    }
}

/// Why a presented key is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// Missing, malformed, unknown, revoked, or from a wrong address: one text for all.
    Unknown,
    /// Its time is over.
    Expired,
    /// An operator suspended it.
    Suspended {
        /// Since when.
        at: Timestamp,
        /// The operator's words.
        reason: String,
    },
}

/// Every key by the keyed hash of its secret.
#[derive(Debug, Default)]
pub struct KeyRing {
    by_hash: HashMap<[u8; 32], Arc<Caller>>,
}

impl KeyRing {
    /// Reads all keys that are neither revoked nor of a deleted company.
    pub(crate) fn read(read: &impl Read) -> Result<Self, store::Error> {
        let atss: HashMap<AtsId, Ats> = store::ats::all(read)?.into_iter().map(|ats| (ats.id, ats)).collect();
        let deleted = store::removal::all(read)?.into_iter();
        let deleted: HashSet<CompanyId> = deleted
            .filter(|removal| removal.removed == Removed::Company)
            .map(|removal| removal.company_id)
            .collect();
        let mut by_hash = HashMap::new();
        for (hash, key) in store::key::with_hashes(read)? {
            if key.revoked_at.is_some() {
                continue;
            }
            let caller = Caller { ats: None, key };
            if caller.own_company().is_some_and(|company_id| deleted.contains(&company_id)) {
                continue;
            }
            let ats = caller.ats_id().and_then(|ats_id| atss.get(&ats_id)).cloned();
            by_hash.insert(hash, Arc::new(Caller { ats, ..caller }));
        }
        Ok(Self { by_hash })
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// Whether this key is in the ring.
    #[must_use]
    pub fn has(&self, id: KeyId) -> bool {
        self.by_hash.values().any(|caller| caller.key.id == id)
    }
}

/// Lets a presented secret in, or says why not.
///
/// # Errors
/// See [`Denied`].
pub fn authenticate(app: &App, secret: Option<&str>, peer: IpAddr) -> Result<Arc<Caller>, Denied> {
    let secret = secret.ok_or(Denied::Unknown)?;
    let hash = app.secrets().hash_key(secret);
    let keys = app.keys().load();
    let caller = keys.by_hash.get(&hash).ok_or(Denied::Unknown)?;
    let key = &caller.key;
    if !key.allows(peer) {
        return Err(Denied::Unknown);
    }
    if key.is_expired(app.now()) {
        return Err(Denied::Expired);
    }
    if let Some(suspension) = &key.suspension {
        return Err(Denied::Suspended { at: suspension.at, reason: suspension.reason.clone() });
    }
    Ok(Arc::clone(caller))
}

impl App {
    /// Makes a committed change of keys or ATSs count for the next request.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reload_keys(&self) -> Result<(), Error> {
        // Held from the read to the swap, so that an older ring never replaces a newer one: a revoked key would
        // come back.
        let _turn = self.reloading_keys().lock().unwrap_or_else(PoisonError::into_inner);
        let ring = KeyRing::read(&self.snapshot()?)?;
        self.keys().store(Arc::new(ring));
        Ok(())
    }
}
