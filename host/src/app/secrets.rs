//! The server's own secrets, in a file beside the store and never in it: a copied database gives no key away.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use switchboard_domain::id::InvitationId;
use switchboard_domain::owner_onboarding::EmailHash;
use switchboard_domain::text::EmailAddress;

use crate::ids::Ids;

const FILE: &str = "pepper";

/// 192 bits: beyond guessing, and short enough for a line of a mail.
const TOKEN_BYTES: usize = 24;

/// One random value from which each purpose derives its own.
#[derive(Clone)]
pub struct Secrets {
    /// Keyed once: every request starts from here.
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Secrets that die with the process.
    #[must_use]
    pub fn in_memory(ids: &Ids) -> Self {
        Self::keyed(&ids.secret())
    }

    /// Reads `DIR/pepper`, or makes it (mode 0600, on disk before anything rests on it).
    ///
    /// # Errors
    /// The file cannot be read or written, or is not 32 bytes.
    pub fn open(data_dir: &Path, ids: &Ids) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                let pepper: [u8; 32] = bytes.try_into().map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{} is not 32 bytes", path.display()))
                })?;
                Ok(Self::keyed(&pepper))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(data_dir, ids.secret()),
            Err(error) => Err(error),
        }
    }

    fn make(data_dir: &Path, pepper: [u8; 32]) -> io::Result<Self> {
        let fresh = data_dir.join(format!("{FILE}.new"));
        // A left-over of another mode would keep that mode.
        drop(fs::remove_file(&fresh));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&pepper)?;
        file.sync_all()?;
        fs::rename(&fresh, data_dir.join(FILE))?;
        fs::File::open(data_dir)?.sync_all()?;
        Ok(Self::keyed(&pepper))
    }

    /// The keyed hash under which an API key is stored.
    #[must_use]
    pub fn hash_key(&self, secret: &str) -> [u8; 32] {
        self.mac(&[b"api-key:", secret.as_bytes()])
    }

    /// The keyed hash by which an e-mail address is known without being told: the same whatever its case.
    #[must_use]
    pub fn hash_email(&self, address: &EmailAddress) -> EmailHash {
        EmailHash::new(self.mac(&[b"email:", address.folded().as_bytes()]))
    }

    /// The secret of an invitation's link. It follows from the invitation and the pepper, so that a mail can be written
    /// at any time, always with the same one, and the store has it nowhere.
    #[must_use]
    pub fn invitation_token(&self, id: InvitationId) -> String {
        let mac = self.mac(&[b"invitation:", id.bytes()]);
        mac[..TOKEN_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The keyed hash by which the invitation of a link's secret is found.
    #[must_use]
    pub fn hash_token(&self, token: &str) -> [u8; 32] {
        self.mac(&[b"invitation-token:", token.as_bytes()])
    }

    /// A secret of its own for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.mac(&[b"derive:", purpose.as_bytes()])
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    fn keyed(pepper: &[u8; 32]) -> Self {
        Self { keyed: Hmac::new_from_slice(pepper).expect("a key of any length") }
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_address_has_one_hash_in_one_installation() {
        let secrets = || Secrets::in_memory(&Ids::random(Clock::system()));
        let address = |text| EmailAddress::parse(text).expect("an address");
        let (ours, theirs) = (secrets(), secrets());
        let hash = ours.hash_email(&address("Ada@Example.com"));
        assert_eq!(hash, ours.hash_email(&address("ada@EXAMPLE.com")));
        assert_ne!(hash, ours.hash_email(&address("ada@example.org")));
        assert_ne!(hash, theirs.hash_email(&address("Ada@Example.com")));
        assert_eq!(hash.as_str().len(), 64);
    }

    #[test]
    fn a_link_has_one_secret_in_one_installation() {
        let secrets = || Secrets::in_memory(&Ids::random(Clock::system()));
        let (ours, theirs) = (secrets(), secrets());
        let id = |byte| InvitationId::from_bytes([byte; 16]);
        let token = ours.invitation_token(id(1));
        assert_eq!((token.len(), &token), (48, &ours.invitation_token(id(1))));
        assert_ne!(token, ours.invitation_token(id(2)));
        assert_ne!(token, theirs.invitation_token(id(1)));
        assert_ne!(ours.hash_token(&token), theirs.hash_token(&token));
    }
}
