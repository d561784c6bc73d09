//! TLS of the partners' listener: a certificate and its key from files, taken in anew without a restart.
//!
//! A connection keeps what it began with; the next one gets what is there then. Never here: a broken file in
//! the place of a working one.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// What peers are offered, best first.
pub(super) const ALPN_HTTP2: &[u8] = b"h2";
pub(super) const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Why certificate and key cannot be used: a sentence for the operator that names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsRefused(String);

/// The certificate that new connections get.
#[derive(Debug)]
pub struct Tls {
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsRefused> {
        Ok(Self { current: ArcSwap::new(read(files)?) })
    }

    /// Reads both files again; the next connection gets what they hold.
    ///
    /// # Errors
    /// As [`Tls::load`]: the old certificate stays then.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsRefused> {
        self.current.store(read(files)?);
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

/// Whether a server could start with these files.
///
/// # Errors
/// As [`Tls::load`].
pub fn check(files: &TlsFiles) -> Result<(), TlsRefused> {
    read(files).map(drop)
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsRefused> {
    let refused = |what: &str, file: &Path, why: &dyn std::fmt::Display| {
        TlsRefused(format!("{what} {}: {why}", file.display()))
    };
    let certificate_refused =
        |why: &dyn std::fmt::Display| refused("the certificate cannot be read from", &files.certificate, why);
    let key_refused = |why: &dyn std::fmt::Display| refused("the key cannot be read from", &files.key, why);

    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| certificate_refused(&told(&error)))?;
    if chain.is_empty() {
        return Err(certificate_refused(&"it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"));
    }
    let key = match PrivateKeyDer::from_pem_file(&files.key) {
        Ok(key) => key,
        Err(pem::Error::NoItemsFound) => {
            let why = "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----); one with a password \
                       is not read";
            return Err(key_refused(&why));
        }
        Err(error) => return Err(key_refused(&told(&error))),
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsRefused(format!(
            "the key in {} does not belong to the first certificate in {}",
            files.key.display(),
            files.certificate.display()
        )),
        rustls::Error::General(why) => key_refused(&why),
        other => certificate_refused(&other),
    })?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    Ok(Arc::new(config))
}

/// The system's own words where it is the system that refused.
fn told(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        other => format!("it is not PEM: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Made {
        certificate: String,
        key: String,
    }

    fn made() -> Made {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Made { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    #[test]
    fn each_way_to_be_wrong_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
        };
        let (good, other) = (made(), made());
        let chain = format!("{}{}", good.certificate, other.certificate);
        for (certificate, key, expected) in [
            (Some(good.certificate.as_str()), Some(good.key.as_str()), None),
            (Some(&chain), Some(&good.key), None),
            (None, Some(&good.key), Some(("certificate.pem", "No such file"))),
            (Some(&good.certificate), None, Some(("key.pem", "No such file"))),
            (Some(""), Some(&good.key), Some(("certificate.pem", "no certificate in PEM"))),
            (Some(&good.key), Some(&good.key), Some(("certificate.pem", "no certificate in PEM"))),
            (Some(&good.certificate), Some(&good.certificate), Some(("key.pem", "no private key in PEM"))),
            (Some(&good.certificate), Some(&other.key), Some(("key.pem", "does not belong"))),
            (
                Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
                Some(&good.key),
                Some(("certificate.pem", "not PEM")),
            ),
            (
                Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                Some(&good.key),
                Some(("certificate.pem", "")),
            ),
            (
                Some(&good.certificate),
                Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                Some(("key.pem", "")),
            ),
        ] {
            for (path, text) in [(&files.certificate, certificate), (&files.key, key)] {
                match text {
                    Some(text) => std::fs::write(path, text).unwrap(),
                    None => std::fs::remove_file(path).unwrap(),
                }
            }
            let found = check(&files).map_err(|refused| refused.to_string());
            match expected {
                None => assert_eq!(found, Ok(())),
                Some((file, why)) => {
                    let sentence = found.unwrap_err();
                    assert!(sentence.contains(file) && sentence.contains(why), "{sentence}");
                }
            }
        }
    }
}
