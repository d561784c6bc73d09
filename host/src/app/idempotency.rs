//! `Idempotency-Key`: the answer of a request that committed is kept in that commit and given again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use switchboard_domain::id::{CandidateId, CompanyId, KeyId};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::{App, Error, Rendered};
use crate::store::idempotency::{Reply, ReplyKey};
use crate::store::{self, Abort, Read, Txn};

/// Contract §1, "Idempotency": 7 days.
pub const KEPT_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What makes two requests the same: the key under which the answer is kept, and what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    key: ReplyKey,
    body_hash: [u8; 32],
}

/// The right to run a request; no other with the same key runs until it is dropped.
#[derive(Debug)]
pub struct Turn {
    identity: Identity,
    in_flight: InFlight,
}

/// Keys of requests that run now. In memory only: after a restart none runs.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<[u8; 32]>>>);

/// Whether a request is to be run or was answered before.
#[derive(Debug)]
pub enum Begin {
    /// Run it, and hold the turn meanwhile.
    Run(Turn),
    /// The kept answer.
    Replay(Rendered),
}

impl Turn {
    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.identity.key.0);
    }
}

/// Takes the turn of a request, or finds its kept answer.
///
/// `path` is the route as served bare; `query` and `body` are what must be equal for the same key.
///
/// # Errors
/// `IDEMPOTENCY_IN_PROGRESS`, `IDEMPOTENCY_KEY_REUSED`, or the store cannot be read.
pub fn begin(
    app: &App,
    key_id: KeyId,
    path: &str,
    idempotency_key: &str,
    asked: &[&[u8]],
    now: Timestamp,
) -> Result<Begin, Error> {
    let key = ReplyKey(digest(&[key_id.bytes(), path.as_bytes(), idempotency_key.as_bytes()]));
    let identity = Identity { key, body_hash: digest(asked) };
    if !app.in_flight().0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.0) {
        return Err(Rejection::IdempotencyInProgress.into());
    }
    let turn = Turn { identity, in_flight: app.in_flight().clone() };
    // Looked up after the turn is taken: an answer that was kept a moment ago is seen.
    Ok(match kept(&app.snapshot()?, &identity, now)? {
        Some(reply) => Begin::Replay(reply),
        None => Begin::Run(turn),
    })
}

/// The kept answer to this request, if there is one in force.
pub(crate) fn kept(
    read: &impl Read,
    identity: &Identity,
    now: Timestamp,
) -> Result<Option<Rendered>, Abort<Rejection>> {
    let Some(reply) = store::get::<Reply>(read, &identity.key)? else { return Ok(None) };
    if reply.at.unix_millis() + KEPT_MILLIS <= now.unix_millis() {
        return Ok(None);
    }
    if reply.body_hash != identity.body_hash {
        return Err(Abort::Refused(Rejection::IdempotencyKeyReused));
    }
    Ok(Some(Rendered {
        status: reply.status,
        headers: reply.headers,
        body: Bytes::from(reply.body),
        replayed: true,
    }))
}

/// Keeps an answer in the commit that made it.
pub(crate) fn keep(
    txn: &mut Txn,
    identity: &Identity,
    now: Timestamp,
    reply: &Rendered,
    company_id: CompanyId,
    candidate_id: Option<CandidateId>,
) -> Result<(), Abort<Rejection>> {
    // An expired answer under the same key makes room.
    store::delete::<Reply>(txn, &identity.key)?;
    let row = Reply {
        key: identity.key,
        status: reply.status,
        headers: reply.headers.clone(),
        body: reply.body.to_vec(),
        body_hash: identity.body_hash,
        at: now,
        company_id: Some(company_id),
        candidate_id,
    };
    store::insert(txn, &row)?;
    Ok(())
}

/// So many kept answers go with one commit, so that no partner waits long behind it.
const EXPIRED_AT_ONCE: usize = 500;

/// Drops the answers that are kept no longer.
///
/// # Errors
/// The store cannot be written.
pub async fn expire(app: &App) -> Result<(), Error> {
    let before = Timestamp::from_unix_millis(app.now().unix_millis() - KEPT_MILLIS);
    loop {
        let work = move |txn: &mut Txn| {
            Ok::<_, Abort<Rejection>>(store::idempotency::expire(txn, before, EXPIRED_AT_ONCE)?)
        };
        if app.store().commit(work).await? < EXPIRED_AT_ONCE {
            return Ok(());
        }
    }
}

/// SHA-256 over length-prefixed parts, so that no two lists of parts look alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
