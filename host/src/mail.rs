//! Mail: letters written from templates, and the ways in which they leave.
//!
//! Promises: the same letter has the same bytes and the same `Message-ID` however often it is written; [`Mail::send`]
//! says yes only after whoever takes it has said so, and ends within [`SEND_WITHIN`] either way. Must never happen
//! here: trying again, which is for whoever knows what waits.

mod smtp;
mod template;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use switchboard_domain::id::InvitationId;
use switchboard_domain::text::{EmailAddress, Locale};
use switchboard_domain::time::Timestamp;

use smtp::Smtp;
use template::Templates;
pub use template::Values;

/// How long one letter may take. A server that is waited for is not waited for longer when ours ends.
pub const SEND_WITHIN: Duration = Duration::from_secs(30);

/// What mail is sent with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it goes.
    pub way: Way,
    /// The `From` of every letter.
    pub from: String,
    /// Base of the links, without a slash at its end.
    pub public_url: String,
    /// Templates that stand in the place of the built-in ones, or beside them.
    pub templates: Option<PathBuf>,
}

/// Where mail goes.
#[derive(Clone)]
pub enum Way {
    /// One `.eml` file each.
    Folder(PathBuf),
    /// A mail server; perhaps with a password inside.
    Smtp(String),
    /// Nowhere: tests read it.
    Memory(Letters),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Folder(_) => "Folder",
            Self::Smtp(_) => "Smtp",
            Self::Memory(_) => "Memory",
        })
    }
}

/// Letters that were sent nowhere, oldest first. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Letters(Arc<Mutex<Vec<Vec<u8>>>>);

impl Letters {
    /// All of them, as they would stand in a file.
    #[must_use]
    pub fn all(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why no mail can be sent at all: a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MailRefused(String);

/// Why a letter did not leave. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Nobody is there to take any letter.
    Away(String),
    /// Not now; perhaps later.
    Later(String),
    /// Never, as long as the letter and its address are what they are.
    Never(String),
}

/// An invitation, ready to be written.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Gives the `Message-ID`, and the name of the file.
    pub id: InvitationId,
    /// One of [`Mail::templates`].
    pub template: &'a str,
    /// The template's nearest language is taken.
    pub locale: &'a Locale,
    /// Where it goes.
    pub to: &'a EmailAddress,
    /// Its `Date`: when it was decided upon, not when it is tried.
    pub at: Timestamp,
    /// What stands in the template's places.
    pub values: Values<'a>,
}

/// A letter as it leaves.
#[derive(Debug)]
struct Written {
    envelope: Envelope,
    bytes: Vec<u8>,
}

/// Writes and sends. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mail {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    from: Mailbox,
    public_url: String,
    templates: Templates,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Folder(PathBuf),
    Smtp(Box<Smtp>),
    Memory(Letters),
}

impl Mail {
    /// Reads the templates; connects to nobody yet.
    ///
    /// # Errors
    /// An address, a URL or a template cannot be used; the folder cannot be made.
    pub fn open(settings: Settings) -> Result<Self, MailRefused> {
        let from = settings.from.parse().map_err(|error| {
            MailRefused(format!("`mail.from` is no address (\"{}\"): {error}", settings.from))
        })?;
        let transport = match settings.way {
            Way::Folder(folder) => {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
                    MailRefused(format!("`mail.folder` {} cannot be used: {error}", folder.display()))
                })?;
                Transport::Folder(folder)
            }
            Way::Smtp(url) => Transport::Smtp(Box::new(Smtp::new(&url)?)),
            Way::Memory(letters) => Transport::Memory(letters),
        };
        let templates = Templates::load(settings.templates.as_deref())?;
        let public_url = settings.public_url;
        Ok(Self { inner: Arc::new(Inner { from, public_url, templates, transport }) })
    }

    /// The names of the templates.
    #[must_use]
    pub fn templates(&self) -> &[String] {
        self.inner.templates.names()
    }

    /// The link behind which the invitation with this secret is accepted.
    #[must_use]
    pub fn invitation_link(&self, token: &str) -> String {
        format!("{}/invitations/{token}", self.inner.public_url)
    }

    /// Sends a letter; when it is answered, somebody else has it.
    ///
    /// # Errors
    /// Nobody is known to have it. They may have it all the same: when the connection ended before their answer.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), Failed> {
        let written = self.inner.write(letter).map_err(Failed::Never)?;
        match &self.inner.transport {
            Transport::Memory(letters) => {
                letters.0.lock().unwrap_or_else(PoisonError::into_inner).push(written.bytes);
                Ok(())
            }
            Transport::Folder(folder) => {
                let (folder, name) = (folder.clone(), letter.id.to_string());
                let put = tokio::task::spawn_blocking(move || put(&folder, &name, &written.bytes)).await;
                let put = put.map_err(|error| error.to_string());
                put.and_then(|put| put.map_err(|error| error.to_string())).map_err(Failed::Away)
            }
            Transport::Smtp(smtp) => smtp.send(&written.envelope, &written.bytes).await,
        }
    }
}

impl Inner {
    fn write(&self, letter: &Letter<'_>) -> Result<Written, String> {
        let rendered = self.templates.render(letter.template, letter.locale, &letter.values)?;
        let to = address(letter.to)?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()]);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let millis = u64::try_from(letter.at.unix_millis()).unwrap_or(0);
        let body = MultiPart::alternative()
            // Drawn at random otherwise: the bytes would be others each time.
            .boundary(format!("switchboard-{}", letter.id))
            .singlepart(SinglePart::plain(rendered.text))
            .singlepart(SinglePart::html(rendered.html));
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject)
            .date(UNIX_EPOCH + Duration::from_millis(millis))
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            // Nobody's holiday need answer it (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(body);
        let message = message.map_err(|error| error.to_string())?;
        Ok(Written { envelope, bytes: message.formatted() })
    }
}

/// The address as mail servers take it: the domain in its ASCII form, so that only a local part beyond ASCII needs a
/// server that can do it.
fn address(email: &EmailAddress) -> Result<Address, String> {
    let local = email.as_str().rsplit_once('@').map_or(email.as_str(), |(local, _)| local);
    Address::new(local, email.domain()).map_err(|error| format!("mail cannot be addressed so: {error}"))
}

/// The file is whole or not there, and the same each time.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = folder.join(format!(".{name}.new"));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, folder.join(format!("{name}.eml")))?;
    std::fs::File::open(folder)?.sync_all()
}
