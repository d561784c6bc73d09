//! Plugins: pushed, admitted, kept by digest.

use std::sync::Arc;

use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{Digest, PluginVersion, Release, check_plugin_name};

use crate::app::{App, Error};
use crate::policy::Admitted;
use crate::store::{self, Abort, Read, Txn};

/// Name of the embedded plugin, which nobody else may take.
pub const STANDARD: &str = "standard";

/// A version that was admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What was made of it, or was there already.
    pub version: PluginVersion,
    /// How many of the scenarios that it carries were asked; all of them passed.
    pub scenarios: usize,
}

/// Admits a component and keeps it. The same bytes under the same name again are the same version.
///
/// # Errors
/// The name or the component is refused.
pub async fn push(app: &App, name: &str, bytes: Arc<[u8]>, actor: &str) -> Result<Pushed, Error> {
    let name = check_plugin_name(name).map_err(|flaw| Rejection::field("name", flaw))?;
    if name == STANDARD {
        let flaw = Flaw::invalid("is the name of the embedded plugin; choose another");
        return Err(Rejection::field("name", flaw).into());
    }
    let admitted = app.fleet().runtime().admit(Arc::clone(&bytes)).await?;
    let scenarios = admitted.scenarios;
    Ok(Pushed { version: keep(app, name, admitted, bytes, actor).await?, scenarios })
}

/// Keeps the plugin that this program carries.
pub(crate) async fn keep_embedded(app: &App, bytes: Arc<[u8]>, actor: &str) -> Result<PluginVersion, Error> {
    let admitted = app.fleet().runtime().admit_embedded(Arc::clone(&bytes)).await?;
    keep(app, STANDARD.to_owned(), admitted, bytes, actor).await
}

/// Stores what was admitted: the artifact first, then the small row that makes it visible.
async fn keep(
    app: &App,
    name: String,
    admitted: Admitted,
    bytes: Arc<[u8]>,
    actor: &str,
) -> Result<PluginVersion, Error> {
    let version = PluginVersion {
        name,
        digest: admitted.digest,
        implements: admitted.implements,
        size_bytes: admitted.size_bytes,
        compile_millis: admitted.compile_millis,
        pushed_at: app.now(),
    };
    let entry = app.audit_entry(actor, Action::PluginPush, vec![named(&version)]);
    store::plugin::put_artifact(app.store(), admitted.digest, bytes).await?;
    let work = move |txn: &mut Txn| {
        let id = (version.name.clone(), version.digest);
        match store::get::<PluginVersion>(txn, &id)? {
            // Kept at each start, which is no push.
            Some(known) if known.name == STANDARD => Ok::<_, Abort<Error>>(known),
            // Pushed again, so that the name alone means this version again.
            Some(known) => {
                let again = PluginVersion { pushed_at: version.pushed_at, ..known };
                store::update(txn, &again)?;
                store::insert::<AuditEntry>(txn, &entry)?;
                Ok(again)
            }
            None => {
                store::insert(txn, &version)?;
                store::insert::<AuditEntry>(txn, &entry)?;
                Ok(version.clone())
            }
        }
    };
    Ok(app.store().commit(work).await?)
}

/// `NAME@VERSION`
fn named(version: &PluginVersion) -> String {
    format!("{}@{}", version.name, version.digest)
}

/// Removes a version that no release is made of; its bytes go with the last name that they have.
///
/// # Errors
/// It is not there, or a release is made of it.
pub async fn remove(app: &App, reference: &str, actor: &str) -> Result<PluginVersion, Error> {
    let refused = |sentence: String| Error::Refused(sentence);
    if !reference.contains('@') {
        return Err(refused(format!("say which version of `{reference}`: {reference}@VERSION")));
    }
    let version = find(&app.snapshot()?, reference)?;
    if version.name == STANDARD {
        return Err(refused("the embedded plugin stays: it ends every failure ladder".to_owned()));
    }
    let entry = app.audit_entry(actor, Action::PluginRemove, vec![named(&version)]);
    let gone = version.clone();
    let work = move |txn: &mut Txn| {
        let id = (gone.name.clone(), gone.digest);
        if !store::exists::<PluginVersion>(txn, &id)? {
            let name = named(&gone);
            return Err(Abort::Refused(Rejection::not_found("Plugin", name).into()));
        }
        // Of another name the same bytes may be used: then they stay, and so may this name go.
        let is_used = |release: &Release| release.plugin == gone.name;
        let mut has_others = false;
        for release_id in store::plugin::releases_of(txn, gone.digest)? {
            if let Some(release) = store::get::<Release>(txn, &release_id)? {
                if is_used(&release) {
                    let sentence = format!("release {release_id} of {} is made of it", release.slot);
                    return Err(Abort::Refused(Error::Refused(sentence)));
                }
                has_others = true;
            }
        }
        store::delete::<PluginVersion>(txn, &id)?;
        let is_named = store::plugin::all(txn)?.iter().any(|known| known.digest == gone.digest);
        if !is_named && !has_others {
            store::plugin::remove_artifact(txn, gone.digest)?;
        }
        Ok(store::insert::<AuditEntry>(txn, &entry)?)
    };
    app.store().commit(work).await?;
    Ok(version)
}

/// Every version of every plugin.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App) -> Result<Vec<PluginVersion>, Error> {
    Ok(store::plugin::all(&app.snapshot()?)?)
}

/// The version that `NAME` (the latest push) or `NAME@VERSION` (a digest or the beginning of one) names.
///
/// # Errors
/// There is none, or the beginning fits several.
pub fn show(app: &App, reference: &str) -> Result<PluginVersion, Error> {
    find(&app.snapshot()?, reference)
}

/// The version that a reference names, and its world as WIT.
///
/// # Errors
/// As [`show`]; or the component cannot be told as WIT.
pub async fn wit(app: &App, reference: &str) -> Result<(PluginVersion, String), Error> {
    let snapshot = app.snapshot()?;
    let version = find(&snapshot, reference)?;
    let bytes = artifact(&snapshot, version.digest)?;
    drop(snapshot);
    let text = app.fleet().runtime().wit(bytes).await?;
    Ok((version, text))
}

pub(crate) fn find(read: &impl Read, reference: &str) -> Result<PluginVersion, Error> {
    let (name, version) = match reference.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    };
    let not_found = || Error::from(Rejection::not_found("Plugin", reference));
    let mut versions = store::plugin::named(read, name)?;
    if let Some(version) = version {
        let hex = version.strip_prefix("sha256:").unwrap_or(version);
        versions.retain(|known| !hex.is_empty() && hex_of(known.digest).starts_with(hex));
        if 1 < versions.len() {
            let sentence = format!("`{reference}` fits {} versions; write more of it", versions.len());
            return Err(Error::Refused(sentence));
        }
    }
    versions.into_iter().max_by_key(|known| known.pushed_at).ok_or_else(not_found)
}

fn hex_of(digest: Digest) -> String {
    digest.to_string().trim_start_matches("sha256:").to_owned()
}

/// The bytes of a version.
pub(crate) fn artifact(read: &impl Read, digest: Digest) -> Result<Arc<[u8]>, Error> {
    let bytes = store::plugin::artifact(read, digest)?;
    let bytes = bytes.ok_or_else(|| Error::Internal(format!("the artifact {digest} is not in the store")))?;
    Ok(bytes.into())
}
