//! The page behind a mail's link, in the mail's language where there is one.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use minijinja::{Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};
use switchboard_domain::bounds::USER_NAME_CHARS;
use switchboard_domain::invitation::InvitationStatus;
use switchboard_domain::text::Locale;

use crate::app::invitation::{Accepted, Shown};
use crate::http::Reply;

const STYLE: &str = include_str!("../../../assets/invitation/page.css");

/// The name that tells the template engine to escape.
const PAGE: &str = "page.html";

/// What the page says in one language.
#[derive(Debug)]
pub(super) struct Words {
    language: &'static str,
    invited: &'static str,
    for_address: &'static str,
    label: &'static str,
    button: &'static str,
    pub(super) name_missing: &'static str,
    pub(super) name_wrong: &'static str,
    done: &'static str,
    close: &'static str,
    gone: &'static str,
    used: &'static str,
    expired: &'static str,
    revoked: &'static str,
    unknown: &'static str,
    whole_link: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    invited: "Become the owner of",
    for_address: "This invitation is for",
    label: "Your name",
    button: "Accept the invitation",
    name_missing: "Please enter your name.",
    name_wrong: "This name is too long, or has characters that a name cannot have.",
    done: "You are now the owner of",
    close: "You can close this page.",
    gone: "This invitation has ended",
    used: "It was accepted already.",
    expired: "It has expired. Ask for a new one.",
    revoked: "It was revoked. Ask for a new one.",
    unknown: "There is no such invitation",
    whole_link: "Open the whole link of the mail.",
};

const SLOVAK: Words = Words {
    language: "sk",
    invited: "Staňte sa vlastníkom spoločnosti",
    for_address: "Táto pozvánka je určená pre",
    label: "Vaše meno",
    button: "Prijať pozvánku",
    name_missing: "Zadajte, prosím, svoje meno.",
    name_wrong: "Toto meno je príliš dlhé alebo obsahuje nepovolené znaky.",
    done: "Odteraz ste vlastníkom spoločnosti",
    close: "Túto stránku môžete zavrieť.",
    gone: "Táto pozvánka už neplatí",
    used: "Už bola prijatá.",
    expired: "Jej platnosť uplynula. Požiadajte o novú.",
    revoked: "Bola odvolaná. Požiadajte o novú.",
    unknown: "Taká pozvánka neexistuje",
    whole_link: "Otvorte celý odkaz z e-mailu.",
};

impl Words {
    /// The nearest language: `sk-SK` is Slovak, whatever there is not is English.
    pub(super) fn of(locale: &Locale) -> &'static Self {
        let language = locale.as_str().split('-').next().unwrap_or_default();
        if language.eq_ignore_ascii_case(SLOVAK.language) { &SLOVAK } else { &ENGLISH }
    }
}

#[derive(Debug)]
struct Form<'a> {
    /// From the page's own address, so that it works below whatever the link begins with.
    action: String,
    label: &'a str,
    button: &'a str,
    name: &'a str,
    longest: usize,
    flaw: Option<&'a str>,
}

/// The invitation, and the form that accepts it; perhaps with what was wrong with what was sent.
pub(super) fn form(words: &Words, token: &str, shown: &Shown, name: &str, flaw: Option<&str>) -> Reply {
    let form = Form {
        // Behind a refused form the address ends with `accept` already.
        action: if flaw.is_some() { "accept".to_owned() } else { format!("{token}/accept") },
        label: words.label,
        button: words.button,
        name,
        longest: *USER_NAME_CHARS.end(),
        flaw,
    };
    let title = format!("{} {}", words.invited, shown.company_name);
    let line = format!("{} {}.", words.for_address, shown.email.as_str());
    page(StatusCode::OK, words, title, vec![line], Some(form))
}

pub(super) fn done(words: &Words, accepted: &Accepted) -> Reply {
    let title = format!("{} {}", words.done, accepted.company_name);
    page(StatusCode::OK, words, title, vec![words.close.to_owned()], None)
}

pub(super) fn gone(words: &Words, status: InvitationStatus) -> Reply {
    let line = match status {
        InvitationStatus::Accepted => words.used,
        InvitationStatus::Expired => words.expired,
        InvitationStatus::Revoked | InvitationStatus::Pending => words.revoked,
    };
    page(StatusCode::GONE, words, words.gone.to_owned(), vec![line.to_owned()], None)
}

pub(super) fn unknown(words: &Words) -> Reply {
    page(StatusCode::NOT_FOUND, words, words.unknown.to_owned(), vec![words.whole_link.to_owned()], None)
}

fn page(
    status: StatusCode,
    words: &Words,
    title: String,
    lines: Vec<String>,
    form: Option<Form<'_>>,
) -> Reply {
    let form = form.map(|Form { action, label, button, name, longest, flaw }| {
        context! { action, label, button, name, longest, flaw }
    });
    let places =
        context! { language => words.language, style => STYLE, title => title.as_str(), lines, form };
    let html = environment().get_template(PAGE).and_then(|template| template.render(places));
    let html = html.unwrap_or_else(|error| {
        tracing::error!(%error, "the page of an invitation cannot be written");
        title
    });
    Reply::text(status, "text/html; charset=utf-8", html)
        .with(CONTENT_SECURITY_POLICY, policy())
        .with(REFERRER_POLICY, "no-referrer")
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // The tests render it: it is right.
        drop(environment.add_template(PAGE, include_str!("../../../assets/invitation/page.html")));
        environment
    })
}

/// Nothing is loaded from anywhere; the one style is known by its digest; the form goes to this server.
fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::CONTENT_SECURITY_POLICY;
    use switchboard_domain::text::EmailAddress;
    use switchboard_domain::time::Timestamp;

    use super::*;

    fn shown(name: &str, locale: &str) -> Shown {
        Shown {
            company_name: name.to_owned(),
            email: EmailAddress::parse("o@b.example").unwrap(),
            locale: Locale::parse(locale).unwrap(),
            status: InvitationStatus::Pending,
            expires_at: Timestamp::from_unix_millis(0),
        }
    }

    fn text(reply: &Reply) -> String {
        String::from_utf8(reply.body.to_vec()).unwrap()
    }

    #[test]
    fn what_others_wrote_cannot_be_markup() {
        let shown = shown("<script>alert(1)</script>", "sk-SK");
        let words = Words::of(&shown.locale);
        let reply = form(words, "t0ken", &shown, "\"><b>", Some(words.name_wrong));
        let html = text(&reply);
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("lang=\"sk\""), "{html}");
        let first = text(&form(words, "t0ken", &shown, "", None));
        assert!(
            first.contains("action=\"t0ken/accept\"") || first.contains("action=\"t0ken&#x2f;accept\""),
            "{first}"
        );
    }

    #[test]
    fn the_policy_allows_the_one_style_and_nothing_else() {
        let reply = unknown(&ENGLISH);
        let html = text(&reply);
        assert!(html.contains(&format!("<style>{STYLE}</style>")));
        assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("http"), "{html}");
        let policy = reply.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    }
}
