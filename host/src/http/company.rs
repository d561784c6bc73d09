//! Companies on the wire: what partners ask and send. What they are shown is the module `view`'s.

mod view;

use hyper::StatusCode;
use serde_json::{Value, json};
use switchboard_domain::bounds::{
    COMPANY_DESCRIPTION_CHARS, COMPANY_INDUSTRY_CHARS, COMPANY_NAME_CHARS, COMPANY_SIZE_CHARS,
    LOCATION_TEXT_CHARS,
};
use switchboard_domain::call_window::CallWindow;
use switchboard_domain::company::{Company, CompanyDraft, CompanyLocation, CompanySettings, parse_timezone};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::{CountryCode, EmailAddress, Locale, WebUrl};
use switchboard_domain::time::Timestamp;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::body::{self, Fields, Read, chars, text};
use super::dispatch::{Turn, page_request, page_view, rendered};
use super::page::Listing;
use super::problem::Failure;
use super::resource::{self, Noun};
use super::schema;
use super::{Call, Reply};
use crate::app::{self, App};

pub(super) use self::view::window_view;
pub use self::view::{CallWindowView, CompanyView, Location, SettingsView, view};

// What partners can ask.

impl Noun for Company {
    type View<'a> = CompanyView<'a>;

    const OF_COMPANY: bool = false;

    fn view(company: &Company) -> CompanyView<'_> {
        view(company)
    }

    fn revision(company: &Company) -> u64 {
        company.revision
    }

    fn read_change(&self, body: &Value, _now: Timestamp) -> Result<CompanyDraft, Problems> {
        read_change(self, body)
    }
}

pub(crate) async fn create(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    call.refuse(Problems::default())?;
    call.receive().await?;
    let write = match call.turn(app)? {
        Turn::Run(write) => write,
        Turn::Replay(kept) => return Ok(kept),
    };
    let now = write.now;
    let draft = read(&call.request.json()?).map_err(Rejection::Invalid)?;
    let render =
        move |company: &Company| rendered(&resource::answer::<Company>(StatusCode::CREATED, company, now));
    Ok(app::company::create(app, &call.caller, draft, write, render).await?.into())
}

pub(crate) async fn list(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let listing = Listing::read(&call.request.query, &mut problems);
    call.refuse(problems)?;
    let page = app::company::list(app, &call.caller, &page_request(&listing)).await?;
    Ok(Reply::ok(&page_view(&listing, &page, view), call.request.now))
}

/// As [`resource::update`]; another owner is decided upon by a policy.
pub(crate) async fn update(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let aim = resource::aim::<Company>(call, Problems::default())?;
    let looked = app::resource::look::<Company>(app, &aim)?;
    call.receive().await?;
    let (body, now) = (call.request.json()?, call.request.now);
    // The commit reads it again over what it finds; most of what is wrong need not wait for that.
    read_change(&looked, &body).map_err(Rejection::Invalid)?;
    let wish = move |company: &Company| read_change(company, &body);
    let changed = app::company::change(app, aim, now, resource::expectation::<Company>(call), wish).await?;
    let mut answer = rendered(&resource::answer::<Company>(StatusCode::OK, &changed.company, now));
    answer.headers.extend(changed.degraded);
    Ok(answer.into())
}

/// Its answer has more members than those of other nouns, as partners know it.
pub(crate) async fn delete(app: &App, call: &Call) -> Result<Reply, Failure> {
    let aim = resource::aim::<Company>(call, Problems::default())?;
    app::resource::look::<Company>(app, &aim)?;
    let now = call.request.now;
    app::company::delete(app, aim, now, resource::expectation::<Company>(call)).await?;
    let status = StatusCode::OK;
    let beside = [
        ("statusCode", json!(status.as_u16())),
        ("message", json!("Success")),
        ("traceId", json!(call.request.request_id.as_str())),
    ];
    Ok(Reply::with_beside(status, &true, &beside, now))
}

/// The answer to the deletion of a company.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = CompanyDeletionEnvelope, example = json!({
    "success": true,
    "data": true,
    "error": null,
    "statusCode": 200,
    "message": "Success",
    "traceId": "5e0fd3b09b8f6a3c-0000000000000011",
    "timestamp": "2026-04-02T08:00:00.000Z"
}))]
#[expect(dead_code, reason = "only its schema is used; the envelope is written as bytes")]
pub struct DeletedCompanyView {
    #[schema(schema_with = schema::always_true)]
    success: bool,
    #[schema(schema_with = schema::always_true)]
    data: bool,
    #[schema(schema_with = schema::nothing)]
    error: (),
    status_code: u16,
    message: String,
    /// The id of the request.
    #[schema(value_type = Option<String>, required = true)]
    trace_id: Option<String>,
    #[schema(format = "date-time")]
    timestamp: String,
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
    #[schema(min_length = 1, max_length = 254, format = "idn-email")]
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

/// What is changed of a company.
#[derive(Debug)]
pub struct CompanyPatch;

impl PartialSchema for CompanyPatch {
    fn schema() -> RefOr<Schema> {
        let text = "What is changed of a company. What is not sent stays, `null` clears. `settings` and `metadata` \
                    are merged one level: a setting that is null has its default again, a key of the metadata \
                    that is null goes.";
        schema::partial(CompanyBody::schema(), text)
    }
}

impl ToSchema for CompanyPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CompanyBody::schemas(schemas);
    }
}

/// Reads the body of a new company.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<CompanyDraft, Problems> {
    body::read(body, |fields| draft(fields, None))
}

/// Reads a partial update of a company.
///
/// # Errors
/// Every problem of it, and of the result.
pub fn read_change(kept: &Company, body: &Value) -> Result<CompanyDraft, Problems> {
    body::read(body, |fields| draft(fields, Some(kept)))
}

/// A company over what is kept of it; of a new one nothing is.
fn draft(fields: &mut Fields<'_>, kept: Option<&Company>) -> Read<CompanyDraft> {
    let name = fields.required_or("name", kept.map(|company| &company.name), chars(COMPANY_NAME_CHARS));
    let description = fields.optional_or(
        "description",
        kept.and_then(|company| company.description.as_ref()),
        chars(COMPANY_DESCRIPTION_CHARS),
    );
    let website =
        fields.optional_or("website", kept.and_then(|company| company.website.as_ref()), text(WebUrl::parse));
    let industry = fields.optional_or(
        "industry",
        kept.and_then(|company| company.industry.as_ref()),
        chars(COMPANY_INDUSTRY_CHARS),
    );
    let size =
        fields.optional_or("size", kept.and_then(|company| company.size.as_ref()), chars(COMPANY_SIZE_CHARS));
    let location = fields.object_or("location", kept.and_then(|company| company.location.as_ref()), location);
    let kept_settings = kept.map(|company| &company.settings);
    let settings = fields.object_or("settings", kept_settings, |inside| settings(inside, kept_settings));
    let metadata = metadata(fields, kept);
    let owner_email = fields.optional_or(
        "ownerEmail",
        kept.and_then(|company| company.owner_email.as_ref()),
        text(EmailAddress::parse),
    );
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

/// Those of a company are merged one level (contract §1, "Metadata").
fn metadata(fields: &mut Fields<'_>, kept: Option<&Company>) -> Read<Option<Metadata>> {
    let Some(kept) = kept else { return fields.optional("metadata", Metadata::check) };
    let kept = kept.metadata.as_ref();
    fields.optional_or("metadata", kept, |value| Metadata::merge(kept, value))
}

/// The settings are merged one level (contract §1, "Bodies"); one that is cleared has its default again.
fn settings(fields: &mut Fields<'_>, kept: Option<&CompanySettings>) -> Read<CompanySettings> {
    let defaults = CompanySettings::default();
    let timezone =
        fields.optional_or("timezone", kept.map(|settings| &settings.timezone), text(parse_timezone));
    let locale = fields.optional_or("locale", kept.map(|settings| &settings.locale), text(Locale::parse));
    let call_window = fields.object_or("callWindow", kept.map(|settings| &settings.call_window), call_window);
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

#[cfg(test)]
mod tests;
