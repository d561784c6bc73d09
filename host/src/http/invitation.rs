//! Invitations on the wire: for programs as JSON, for people as a small page. No key: the link's secret is the
//! credential.
//!
//! The page is plain HTML without a script. Looking at it changes nothing, since mail servers and browsers open links on
//! their own; only the form does.

mod page;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};
use switchboard_domain::bounds::USER_NAME_CHARS;
use switchboard_domain::id::CompanyId;
use switchboard_domain::invitation::InvitationStatus;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::Locale;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use self::page::Words;
use super::body::{self, Fields, Read, chars};
use super::problem::{Failure, Problem};
use super::reply::Reply;
use super::request::{Guest, parse_json};
use super::route::Route;
use super::schema::{self, Text};
use crate::app::invitation::{Accepted, Shown};
use crate::app::{self, App};

/// What a program that is sent both kinds of answers must know.
const VARY: HeaderName = HeaderName::from_static("vary");

/// What whoever has the link is told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation, example = json!({
    "companyName": "Kowalski Logistics",
    "email": "owner@kowalski.example",
    "status": "PENDING",
    "expiresAt": "2026-04-09T08:00:00.000Z"
}))]
pub struct InvitationView<'a> {
    /// The company that it invites to own.
    company_name: &'a str,
    /// Whom it was sent to.
    #[schema(format = "idn-email")]
    email: &'a str,
    /// One that cannot be accepted any more is answered 410.
    #[schema(schema_with = schema::pending_invitation)]
    status: &'static str,
    #[schema(value_type = String, format = "date-time")]
    expires_at: Text<Timestamp>,
}

/// Who accepts.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AcceptanceBody, example = json!({ "name": "Jana Kowalska" }))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct AcceptanceBody {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Whose owner they are now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Acceptance, example = json!({
    "companyId": "01960e6a-7c00-7000-8000-000000000005", "companyName": "Kowalski Logistics"
}))]
pub struct AcceptanceView<'a> {
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    company_name: &'a str,
}

fn view(shown: &Shown) -> InvitationView<'_> {
    InvitationView {
        company_name: &shown.company_name,
        email: shown.email.as_str(),
        status: InvitationStatus::Pending.as_str(),
        expires_at: Text(shown.expires_at),
    }
}

fn accepted_view(accepted: &Accepted) -> AcceptanceView<'_> {
    AcceptanceView { company_id: Text(accepted.company_id), company_name: &accepted.company_name }
}

fn read(fields: &mut Fields<'_>) -> Read<String> {
    fields.required("name", chars(USER_NAME_CHARS))
}

/// Answers somebody who has a link.
///
/// # Errors
/// What the contract says; people are told as a page.
pub async fn answer(app: App, mut guest: Guest) -> Result<Reply, Failure> {
    let answered = match guest.route {
        Route::GetInvitation => get(&app, &guest),
        Route::AcceptInvitation => accept(&app, &mut guest).await,
        _ => Err(Problem::RouteNotFound.into()),
    };
    guest.place.leave();
    guest.request.discard().await;
    answered
}

fn get(app: &App, guest: &Guest) -> Result<Reply, Failure> {
    let now = guest.request.now;
    let reply = match (app::invitation::look(app, &guest.token, now), is_person(&guest.request.headers)) {
        (Ok(shown), true) => page::form(Words::of(&shown.locale), &guest.token, &shown, "", None),
        (Ok(shown), false) => Reply::ok(&view(&shown), now),
        (Err(error), true) => told(app, &guest.token, error)?,
        (Err(error), false) => return Err(error.into()),
    };
    Ok(reply.with(VARY, "accept"))
}

async fn accept(app: &App, guest: &mut Guest) -> Result<Reply, Failure> {
    let now = guest.request.now;
    let is_form = is_form(&guest.request.headers)?;
    // Whoever has no invitation need not send anything.
    let looked = app::invitation::look(app, &guest.token, now);
    let shown = match looked {
        Ok(shown) => shown,
        Err(error) if is_form => return told(app, &guest.token, error),
        Err(error) => return Err(error.into()),
    };
    let bytes = guest.receive().await?.clone();
    let body = if is_form { form(&bytes) } else { parse_json(&bytes)? };
    let name = match body::read(&body, read) {
        Ok(name) => name,
        Err(problems) if is_form => return Ok(form_again(&shown, &guest.token, &body, &problems)),
        Err(problems) => return Err(Rejection::Invalid(problems).into()),
    };
    match app::invitation::accept(app, guest.token.clone(), name, now).await {
        Ok(accepted) if is_form => Ok(page::done(Words::of(&shown.locale), &accepted)),
        Ok(accepted) => Ok(Reply::ok(&accepted_view(&accepted), now)),
        Err(error) if is_form => told(app, &guest.token, error),
        Err(error) => Err(error.into()),
    }
}

/// What a browser sent, as a program would have.
fn form(bytes: &Bytes) -> Value {
    let name = form_urlencoded::parse(bytes).find(|(name, _)| name == "name");
    let name = name.map(|(_, value)| value.trim().to_owned()).filter(|name| !name.is_empty());
    json!({ "name": name })
}

fn form_again(shown: &Shown, token: &str, body: &Value, problems: &Problems) -> Reply {
    let words = Words::of(&shown.locale);
    let name = body["name"].as_str().unwrap_or_default();
    let is_missing = name.is_empty() || problems.is_empty();
    let flaw = if is_missing { words.name_missing } else { words.name_wrong };
    let page = page::form(words, token, shown, name, Some(flaw));
    Reply { status: StatusCode::BAD_REQUEST, ..page }
}

/// A refusal as a person reads it; what is no refusal stays what it is.
fn told(app: &App, token: &str, error: app::Error) -> Result<Reply, Failure> {
    let locale = app::invitation::locale(app, token).unwrap_or_default();
    match Failure::from(error) {
        Failure::Rejected(Rejection::InvitationGone { status }) => Ok(page::gone(Words::of(&locale), status)),
        Failure::Rejected(Rejection::NotFound { .. }) => Ok(page::unknown(Words::of(&Locale::default()))),
        other => Err(other),
    }
}

/// Whether whoever asks would rather have a page: names HTML, and no JSON that it likes as much.
fn is_person(headers: &HeaderMap) -> bool {
    let quality = |media: &str| {
        let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges = ranges.flat_map(|value| value.split(','));
        ranges.filter_map(|range| accepts(range, media)).reduce(f32::max)
    };
    let html = quality("text/html").unwrap_or(0.0);
    0.0 < html && quality("application/json").unwrap_or(0.0) < html
}

/// How much a range of `Accept` likes a media type that it names; a wildcard names none.
fn accepts(range: &str, media: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(media) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse);
    quality.ok()
}

/// Whether a browser's form was sent, and not JSON.
fn is_form(headers: &HeaderMap) -> Result<bool, Problem> {
    let text = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    let essence = match text {
        None => return Ok(false),
        Some(text) => text.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned(),
    };
    match essence.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(true),
        "application/json" => Ok(false),
        _ => Err(Problem::UnsupportedMediaType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<AcceptanceBody, _>(read, &[]);
    }

    #[test]
    fn who_asks_for_a_page_gets_one() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (accept, expected) in [
            (Some(chromium), true),
            (Some("text/html"), true),
            (Some("TEXT/HTML; q=0.5, application/json; q=0.4"), true),
            (Some("application/json, text/html;q=0.9"), false),
            (Some("application/json, text/html"), false),
            (Some("text/html;q=0"), false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(is_person(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_form_is_read_as_a_program_would_have_sent_it() {
        for (sent, name) in [
            ("name=Jana+Kowalska&x=1", json!("Jana Kowalska")),
            ("name=%C5%BDofia", json!("\u{17d}ofia")),
            ("name=+", json!(null)),
            ("x=1", json!(null)),
        ] {
            assert_eq!(form(&Bytes::from(sent)), json!({ "name": name }), "{sent}");
        }
    }
}
