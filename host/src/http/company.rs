//! Companies on the wire.

use super::dispatch::{page_request, page_view, rendered};
use super::page::Listing;
use super::problem::{Failure, refuse};
use super::{Call, Reply};
use crate::app::{self, App, Write};
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::bounds::{
    COMPANY_DESCRIPTION_CHARS, COMPANY_INDUSTRY_CHARS, COMPANY_NAME_CHARS, COMPANY_SIZE_CHARS,
    LOCATION_TEXT_CHARS,
};
use switchboard_domain::call_window::CallWindow;
use switchboard_domain::company::{
    Company, CompanyDraft, CompanyLocation, CompanySettings, OwnerStatus, parse_timezone,
};
use switchboard_domain::id::CompanyId;
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::{CountryCode, EmailAddress, Locale, WebUrl};
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use super::body::{self, Fields, Read, chars, text};
use super::schema::{self, Text};

// What partners can ask.

pub(crate) async fn create(app: &App, call: &Call, write: Write) -> Result<Reply, Failure> {
    let draft = read(&call.request.json()?).map_err(Rejection::Invalid)?;
    let now = write.now;
    let render = move |company: &Company| rendered(Reply::created(&view(company), now));
    Ok(app::company::create(app, &call.caller, draft, write, render).await?.into())
}

pub(crate) fn get(app: &App, call: &Call) -> Result<Reply, Failure> {
    let company = app::company::get(app, &call.caller, call.path_id()?)?;
    Ok(Reply::ok(&view(&company), call.request.now))
}

pub(crate) fn list(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let listing = Listing::read(&call.request.query, &mut problems);
    refuse(problems)?;
    let page = app::company::list(app, &call.caller, &page_request(&listing))?;
    Ok(Reply::ok(&page_view(&listing, &page, view), call.request.now))
}

// Wire types in.

/// What a new company is made of.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "name": "Kowalski Logistics",
    "description": "Freight forwarding in the Baltics.",
    "website": "https://kowalski.example",
    "industry": "Logistics",
    "size": "51-200",
    "location": {"city": "Gdańsk", "countryCode": "PL"},
    "settings": {
        "timezone": "Europe/Warsaw",
        "locale": "pl-PL",
        "callWindow": {"start": "09:00", "end": "18:00", "days": ["MON", "TUE", "WED", "THU", "FRI"]}
    },
    "metadata": {"accountManager": "m.nowak"},
    "ownerEmail": "owner@kowalski.example"
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct CompanyBody {
    #[schema(min_length = 2, max_length = 100)]
    name: String,
    #[schema(min_length = 1, max_length = 1000)]
    description: Option<String>,
    #[schema(min_length = 1, max_length = 2048, format = "uri")]
    website: Option<String>,
    #[schema(max_length = 100)]
    industry: Option<String>,
    #[schema(max_length = 100)]
    size: Option<String>,
    location: Option<Location<'static>>,
    settings: Option<SettingsBody>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Who will own the company; the ATS's onboarding policy decides what follows.
    #[schema(min_length = 1, max_length = 254, format = "email")]
    owner_email: Option<String>,
}

/// What is not sent has its default.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = CompanySettingsBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct SettingsBody {
    /// An IANA time zone.
    #[schema(example = "Europe/Warsaw", default = "UTC", format = "time-zone")]
    timezone: Option<String>,
    /// A BCP 47 language tag.
    #[schema(example = "pl-PL", default = "en", format = "language-tag")]
    locale: Option<String>,
    call_window: Option<CallWindowBody>,
}

/// When candidates may be phoned. `start` and `end` are sent together.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = CallWindowBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct CallWindowBody {
    /// Inclusive.
    #[schema(example = "08:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    start: Option<String>,
    /// Exclusive; `24:00` is the end of the day. Before `start` it is on the next day.
    #[schema(example = "20:00", pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    end: Option<String>,
    /// The days on which it opens; all when not sent.
    #[schema(schema_with = schema::week_days)]
    days: Option<Vec<String>>,
}

/// Reads the body of a new company.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<CompanyDraft, Problems> {
    body::read(body, draft)
}

fn draft(fields: &mut Fields<'_>) -> Read<CompanyDraft> {
    let name = fields.required("name", chars(COMPANY_NAME_CHARS));
    let description = fields.optional("description", chars(COMPANY_DESCRIPTION_CHARS));
    let website = fields.optional("website", text(WebUrl::parse));
    let industry = fields.optional("industry", chars(COMPANY_INDUSTRY_CHARS));
    let size = fields.optional("size", chars(COMPANY_SIZE_CHARS));
    let location = fields.object("location", location);
    let settings = fields.object("settings", settings);
    let metadata = fields.optional("metadata", Metadata::check);
    let owner_email = fields.optional("ownerEmail", text(EmailAddress::parse));
    Ok(CompanyDraft {
        name: name?,
        description: description?,
        website: website?,
        industry: industry?,
        size: size?,
        location: location?,
        settings: settings?.unwrap_or_default(),
        metadata: metadata?,
        owner_email: owner_email?,
    })
}

fn location(fields: &mut Fields<'_>) -> Read<CompanyLocation> {
    let city = fields.optional("city", chars(LOCATION_TEXT_CHARS));
    let country_code = fields.optional("countryCode", text(CountryCode::parse));
    Ok(CompanyLocation { city: city?, country_code: country_code? })
}

fn settings(fields: &mut Fields<'_>) -> Read<CompanySettings> {
    let defaults = CompanySettings::default();
    let timezone = fields.optional("timezone", text(parse_timezone));
    let locale = fields.optional("locale", text(Locale::parse));
    let call_window = fields.object("callWindow", call_window);
    Ok(CompanySettings {
        timezone: timezone?.unwrap_or(defaults.timezone),
        locale: locale?.unwrap_or(defaults.locale),
        call_window: call_window?.unwrap_or(defaults.call_window),
    })
}

fn call_window(fields: &mut Fields<'_>) -> Read<CallWindow> {
    let defaults = CallWindow::default();
    let start = fields.optional("start", text(as_written));
    let end = fields.optional("end", text(as_written));
    let days = fields.list("days", 0..=WEEK_DAYS_MAX, text(as_written));
    // One of the two alone would give a window that nobody asked for, perhaps over the night.
    let (start, end) = match (start?, end?) {
        (None, None) => (defaults.start(), defaults.end()),
        (start, end) => {
            let (start, end) = (fields.must_be_given("start", start), fields.must_be_given("end", end));
            (start?, end?)
        }
    };
    let built = match days? {
        Some(days) => CallWindow::new(&start, &end, &days),
        None => CallWindow::new(&start, &end, &defaults.days()),
    };
    fields.built(built)
}

fn as_written(text: &str) -> Result<String, Flaw> {
    Ok(text.to_owned())
}

/// Seven days; more entries say nothing.
const WEEK_DAYS_MAX: usize = 7;

// Wire types out.

/// City and country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompanyLocation)]
pub struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, max_length = 200)]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::CountryCodes)]
    country_code: Option<&'a str>,
}

/// The values in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompanySettings)]
pub struct SettingsView<'a> {
    /// An IANA time zone.
    #[schema(example = "Europe/Warsaw", format = "time-zone")]
    timezone: &'a str,
    /// A BCP 47 language tag.
    #[schema(example = "pl-PL", format = "language-tag")]
    locale: &'a str,
    call_window: CallWindowView,
}

/// When candidates may be phoned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallWindow)]
pub struct CallWindowView {
    /// Inclusive.
    #[schema(example = "08:00")]
    start: String,
    /// Exclusive; before `start` it is on the next day.
    #[schema(example = "20:00")]
    end: String,
    /// The days on which it opens, from Monday on.
    #[schema(schema_with = schema::week_days)]
    days: Vec<&'static str>,
}

/// A customer of an ATS.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Company, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000005",
    "name": "Kowalski Logistics",
    "description": "Freight forwarding in the Baltics.",
    "website": "https://kowalski.example",
    "industry": "Logistics",
    "size": "51-200",
    "location": {"city": "Gdańsk", "countryCode": "PL"},
    "settings": {
        "timezone": "Europe/Warsaw",
        "locale": "pl-PL",
        "callWindow": {"start": "09:00", "end": "18:00", "days": ["MON", "TUE", "WED", "THU", "FRI"]}
    },
    "metadata": {"accountManager": "m.nowak"},
    "ownerEmail": "owner@kowalski.example",
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct CompanyView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<CompanyId>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri")]
    website: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    industry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    size: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Location<'static>)]
    location: Option<Location<'a>>,
    settings: SettingsView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Value>,
    /// As it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "email")]
    owner_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::owner_status)]
    owner_status: Option<&'static str>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
}

/// A company as partners see it.
#[must_use]
pub fn view(company: &Company) -> CompanyView<'_> {
    CompanyView {
        id: Text(company.id),
        name: &company.name,
        description: company.description.as_deref(),
        website: company.website.as_ref().map(WebUrl::as_str),
        industry: company.industry.as_deref(),
        size: company.size.as_deref(),
        location: company.location.as_ref().map(|location| Location {
            city: location.city.as_deref(),
            country_code: location.country_code.as_ref().map(CountryCode::as_str),
        }),
        settings: SettingsView {
            timezone: company.settings.timezone.name(),
            locale: company.settings.locale.as_str(),
            call_window: window_view(&company.settings.call_window),
        },
        metadata: company.metadata.as_ref().map(Metadata::to_value),
        owner_email: company.owner_email.as_ref().map(EmailAddress::as_str),
        owner_status: company.owner_status.map(OwnerStatus::as_str),
        created_at: Text(company.created_at),
        updated_at: Text(company.updated_at),
    }
}

/// Also what a dry run of an interview shows.
pub(super) fn window_view(window: &CallWindow) -> CallWindowView {
    CallWindowView { start: window.start(), end: window.end(), days: window.days() }
}

#[cfg(test)]
mod tests;
