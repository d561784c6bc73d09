//! A mail server, spoken to once for each letter.
//!
//! The steps are ours and not those of lettre's transport, since what a failure means depends on the step: before the
//! letter is offered nobody can take any; afterwards the answer is about this one. And when the server has said yes,
//! nothing that happens on the way out may turn it into a no.

use std::fmt;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use url::{Host, Url};

use super::{Failed, MailRefused, SEND_WITHIN};

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long a server is waited for that has taken the letter already.
const QUIT_WITHIN: Duration = Duration::from_secs(1);

/// Where the mail server is, and how to speak to it.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
}

enum Security {
    /// In clear.
    None,
    /// TLS is asked for in the middle of the conversation (`STARTTLS`).
    Upgraded { is_required: bool, tls: TlsParameters },
    /// TLS from the first byte.
    Wrapped(TlsParameters),
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Smtp {
    /// As the URL says: `smtp://` in clear on port 25, with `?tls=required` or `?tls=opportunistic` upgraded on
    /// port 587; `smtps://` sealed on port 465. The path is the name that the server is greeted with.
    pub(super) fn new(text: &str) -> Result<Self, MailRefused> {
        let refused = |what: &str| MailRefused(format!("`mail.smtp_url` {what}"));
        let url = Url::parse(text).map_err(|error| refused(&format!("is no URL: {error}")))?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(Host::Domain(_)) | None => return Err(refused("has no host")),
        };
        let tls = || {
            TlsParameters::new(host.clone())
                .map_err(|error| refused(&format!("asks for TLS, which cannot be had: {error}")))
        };
        let wish = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (security, usual_port) = match (url.scheme(), wish.as_deref()) {
            ("smtps", None) => (Security::Wrapped(tls()?), 465),
            ("smtp", None) => (Security::None, 25),
            ("smtp", Some("required")) => (Security::Upgraded { is_required: true, tls: tls()? }, 587),
            ("smtp", Some("opportunistic")) => (Security::Upgraded { is_required: false, tls: tls()? }, 587),
            _ => return Err(refused("must be smtp://, smtp://…?tls=required or smtps://")),
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) => Some(Credentials::new(
                decoded(user).ok_or_else(|| refused("has a user that is not UTF-8"))?,
                decoded(password).ok_or_else(|| refused("has a password that is not UTF-8"))?,
            )),
            (_, None) => return Err(refused("has a user without a password")),
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let port = url.port().unwrap_or(usual_port);
        Ok(Self { host, port, security, credentials, hello })
    }

    pub(super) async fn send(&self, envelope: &Envelope, letter: &[u8]) -> Result<(), Failed> {
        let late = |what: &str| format!("{} {what} within {} s", self.host, SEND_WITHIN.as_secs());
        let connected = tokio::time::timeout(SEND_WITHIN / 2, self.connect()).await;
        let mut connection = connected
            .map_err(|_| Failed::Away(late("did not greet")))?
            .map_err(|error| Failed::Away(told(&error)))?;
        let answered = tokio::time::timeout(SEND_WITHIN / 2, connection.send(envelope, letter)).await;
        match answered {
            Ok(Ok(_)) => {
                // It has the letter, whether it says goodbye or not.
                drop(tokio::time::timeout(QUIT_WITHIN, connection.quit()).await);
                Ok(())
            }
            // The server's own no; or that it cannot do what the address or the letter needs.
            Ok(Err(error)) if error.is_permanent() || error.is_client() => Err(Failed::Never(told(&error))),
            Ok(Err(error)) => Err(Failed::Later(told(&error))),
            Err(_) => Err(Failed::Later(late("did not take the letter"))),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapped = match &self.security {
            Security::Wrapped(tls) => Some(tls.clone()),
            Security::None | Security::Upgraded { .. } => None,
        };
        let server = (self.host.as_str(), self.port);
        let connected =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_WITHIN), &self.hello, wrapped, None);
        let mut connection = connected.await?;
        if let Security::Upgraded { is_required, tls } = &self.security
            && (*is_required || connection.can_starttls())
        {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }
}

/// What stood percent-encoded in the URL.
fn decoded(text: &str) -> Option<String> {
    let encoded = text.replace('+', "%2B");
    form_urlencoded::parse(format!("v={encoded}").as_bytes()).next().map(|(_, value)| value.into_owned())
}

/// An error with its causes, in one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.replace(['\r', '\n'], " ")
}
