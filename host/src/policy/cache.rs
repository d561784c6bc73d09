//! Compiled code on disk, so that a start loads in fractions of a millisecond what took Cranelift tens.
//!
//! Losing the folder costs time only. A file is native code that will run in this process: it is read whole,
//! its HMAC is checked over exactly those bytes, and only then those same bytes are handed to wasmtime.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use switchboard_domain::release::Digest;
use wasmtime::component::Component;

use super::engine::House;

/// An HMAC-SHA-256.
const SEAL_BYTES: usize = 32;

/// The folder and the key that seals its files.
#[derive(Clone)]
pub(super) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
}

impl Cache {
    /// Makes the folder when it is not there.
    pub(super) fn open(folder: PathBuf, key: [u8; 32]) -> std::io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, key })
    }

    /// The component, if a file for this engine is there and is ours. Blocking.
    pub(super) fn load(&self, house: &House, digest: Digest) -> Option<Component> {
        let name = file_name(house, digest);
        let sealed = fs::read(self.folder.join(&name)).ok()?;
        let (seal, code) = sealed.split_first_chunk::<SEAL_BYTES>()?;
        if self.mac(&name, code)?.verify_slice(seal).is_err() {
            tracing::warn!(file = name, "compiled code is not ours or damaged; compiling again");
            return None;
        }
        match deserialize(house, code) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(file = name, %error, "compiled code cannot be used; compiling again");
                None
            }
        }
    }

    /// Keeps the component's code, or says in the log why not. Blocking.
    pub(super) fn keep(&self, house: &House, digest: Digest, component: &Component) {
        let name = file_name(house, digest);
        if let Err(reason) = self.try_keep(&name, component) {
            tracing::warn!(file = name, reason, "compiled code was not kept");
        }
    }

    fn try_keep(&self, name: &str, component: &Component) -> Result<(), String> {
        let code = component.serialize().map_err(|error| format!("{error:#}"))?;
        let mac = self.mac(name, &code).ok_or("the key is unusable")?;
        let path = self.folder.join(name);
        write_whole(&path, &mac.finalize().into_bytes(), &code).map_err(|error| error.to_string())
    }

    /// The name is sealed too, so that no file can stand for another digest or engine.
    fn mac(&self, name: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(name.as_bytes());
        mac.update(&[0]);
        mac.update(code);
        Some(mac)
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Digest, engine, and what that engine was built with.
fn file_name(house: &House, digest: Digest) -> String {
    let digest = digest.to_string().replace("sha256:", "");
    format!("{digest}-{}-{:016x}.cwasm", house.kind.as_str(), house.hash)
}

/// Readers see the old file or the new one. It is a cache: no fsync.
fn write_whole(path: &Path, seal: &[u8], code: &[u8]) -> std::io::Result<()> {
    let half = path.with_extension("half");
    let mut file = fs::File::create(&half)?;
    file.write_all(seal)?;
    file.write_all(code)?;
    drop(file);
    fs::rename(&half, path)
}

#[expect(unsafe_code, reason = "wasmtime trusts compiled code; the proof stands inside")]
fn deserialize(house: &House, verified_code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must come from `Component::serialize` of a compatible engine, unmodified. Our only
    // caller has just checked an HMAC over these very bytes (they are in our memory; the file can change
    // without effect) and over the file's name, which holds the engine's compatibility hash. Only this
    // server's `keep` makes such an HMAC, and it does so over `serialize`'s output. wasmtime itself checks
    // its version and settings again.
    unsafe { Component::deserialize(&house.engine, verified_code) }
}
