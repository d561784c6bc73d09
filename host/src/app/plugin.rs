//! Plugins: pushed, admitted, kept by digest.

use std::sync::Arc;

use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{Digest, PluginVersion, check_plugin_name};

use crate::app::{App, Error};
use crate::store::{self, Abort, Read, Txn};

/// Name of the embedded plugin, which nobody else may take.
pub const STANDARD: &str = "standard";

/// Admits a component and keeps it. The same bytes under the same name again are the same version.
///
/// # Errors
/// The name or the component is refused.
pub async fn push(app: &App, name: &str, bytes: Arc<[u8]>) -> Result<PluginVersion, Error> {
    let name = check_plugin_name(name).map_err(|flaw| Rejection::field("name", flaw))?;
    if name == STANDARD {
        let flaw = Flaw::invalid("is the name of the embedded plugin; choose another");
        return Err(Rejection::field("name", flaw).into());
    }
    keep(app, name, bytes).await
}

/// Admits and stores: the artifact first, then the small row that makes it visible.
pub(crate) async fn keep(app: &App, name: String, bytes: Arc<[u8]>) -> Result<PluginVersion, Error> {
    let admitted = app.fleet().runtime().admit(Arc::clone(&bytes)).await?;
    let version = PluginVersion {
        name,
        digest: admitted.digest,
        implements: admitted.implements,
        size_bytes: admitted.size_bytes,
        compile_millis: admitted.compile_millis,
        pushed_at: app.now(),
    };
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
                Ok(again)
            }
            None => {
                store::insert(txn, &version)?;
                Ok(version.clone())
            }
        }
    };
    Ok(app.store().commit(work).await?)
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
