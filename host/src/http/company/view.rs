//! Companies as partners are shown them.

use serde::Serialize;
use switchboard_domain::call_window::CallWindow;
use switchboard_domain::company::{Company, OwnerStatus};
use switchboard_domain::id::CompanyId;
use switchboard_domain::text::{CountryCode, EmailAddress, WebUrl};
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::http::schema::{self, Json, Text};

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
    "ownerStatus": "INVITED",
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
    metadata: Option<Json<'a>>,
    /// As it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "idn-email")]
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
        metadata: company.metadata.as_ref().map(Json::from),
        owner_email: company.owner_email.as_ref().map(EmailAddress::as_str),
        owner_status: company.owner_status.map(OwnerStatus::as_str),
        created_at: Text(company.created_at),
        updated_at: Text(company.updated_at),
    }
}

/// Also what a dry run of an interview shows.
pub(in crate::http) fn window_view(window: &CallWindow) -> CallWindowView {
    CallWindowView { start: window.start(), end: window.end(), days: window.days() }
}
