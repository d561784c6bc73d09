//! The operators' document. A new route needs one arm in `operation`.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Value, json};

use super::ats::{AtsBody, AtsChangeBody, AtsView};
use super::audit::AuditView;
use super::backtest::{BacktestBody, BacktestView, ProgressView};
use super::billing::RerateView;
use super::clock::{ClockBody, ClockView};
use super::company::{CompanyChangeBody, CompanyView};
use super::decision::{self, DecisionView, ReplayView};
use super::key::{KeyBody, KeyView, SuspensionBody};
use super::outbox::OutboxRowView;
use super::phone_number::{PhoneNumberBody, PhoneNumberView};
use super::plugin::{PluginView, PluginWitView};
use super::release::{ActivationBody, ReleaseBody, ReleaseView};
use super::safe_mode::{SafeModeBody, SafeModeView};
use super::slot::{RetriedView, RollBackBody, SlotView};
use super::user::{UserBody, UserView};
use super::{ROUTES, Route, metrics};
use crate::http::health::{HealthView, ReadinessView};
use crate::http::openapi::operation::{Body, Content, Operation};
use crate::http::openapi::parameter::Parameter;
use crate::http::openapi::{Document, Frame, Place, text_reply};
use crate::http::problem::Code;
use crate::http::reply::Reply;
use crate::http::schema;

const ATSS: &str = "ATSs and keys";
const COMPANIES: &str = "Companies";
const BILLING: &str = "Billing";
const OWNERS: &str = "Owners and mail";
const PLUGINS: &str = "Plugins and releases";
const DECISIONS: &str = "Decisions";
const AUDIT: &str = "Audit";
const SERVER: &str = "The server";

/// The groups in their order.
const TAGS: [(&str, &str); 8] = [
    (ATSS, "Who integrates, and with which keys."),
    (COMPANIES, "The customers of the ATSs, and the numbers that their agents call from."),
    (BILLING, "What calls cost."),
    (OWNERS, "Who owns companies, and what waits to leave."),
    (PLUGINS, "What decides, and where."),
    (DECISIONS, "What was decided, on which facts, and whether it would be again."),
    (AUDIT, "Who changed what. Say who you are in `X-Switchboard-Actor`; else you are `operator`."),
    (SERVER, "Whether it is well, and what time it is."),
];

/// What holds for every operation, in Markdown.
const GROUND_RULES: &str = "The operators' side of Switchboard, on a listener of its own. Every command of the \
    command line is a client of it.\n\nSend `Authorization: Bearer <token>` with the token of `admin.json` in \
    the server's folder. Answers are plain JSON; a failure is `{\"success\": false, \"data\": null, \"error\": \
    {\"code\", \"message\", \"details\"}, \"timestamp\"}`. Optional members without a value are absent.";

/// The document as an answer.
#[must_use]
pub fn reply() -> Reply {
    static TEXT: OnceLock<(Bytes, Bytes)> = OnceLock::new();
    text_reply("application/json", &TEXT, || document().to_string())
}

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Document::new(Frame::Plain);
        for (route, verb, template) in ROUTES {
            if let Some(operation) = operation(*route) {
                let security = if route.is_open() { json!([]) } else { json!([{ "token": [] }]) };
                let place = Place { verb, template, id: &operation_id(*route) };
                document.add(place, &completed(*route, template, operation), security);
            }
        }
        document.add_failure(Code::RouteNotFound);
        document.add_failure(Code::MethodNotAllowed);
        let told = "The token of `admin.json` in the server's folder.";
        let token = json!({ "type": "http", "scheme": "bearer", "description": told });
        document.finish(head(), json!({ "token": token }))
    })
}

fn head() -> Value {
    let tags = TAGS.map(|(name, told)| json!({ "name": name, "description": told }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": GROUND_RULES,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": tags,
    })
}

/// `createAts`
fn operation_id(route: Route) -> String {
    let name = format!("{route:?}");
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

/// What a route does, takes and answers. Not here: the token, bodies that are no JSON, and the failures that
/// follow from them. Nothing for what is no part of the API, such as the parts of a page.
fn operation(route: Route) -> Option<Operation> {
    let id = |name, told| Parameter::path(name, told, json!({ "type": "string" }));
    Some(match route {
        Route::Healthz => {
            Operation::new(SERVER, "Ask whether the process is there").gives::<HealthView>("It is there.")
        }
        Route::Readyz => Operation::new(SERVER, "Ask whether it is ready to serve")
            .gives::<ReadinessView>("It is.")
            .answers(503, "It is not, or no longer.", Content::one::<ReadinessView>()),
        Route::Metrics => Operation::new(SERVER, "Read the metrics").answers(
            200,
            "In the OpenMetrics format of Prometheus.",
            Content::Text(essence(metrics::MEDIA_TYPE)),
        ),
        Route::OpenApi => Operation::new(SERVER, "Read this document").answers(
            200,
            "The OpenAPI document of this API.",
            Content::Object,
        ),
        Route::Docs => Operation::new(SERVER, "Open this document as a page")
            .answers(200, "A page that shows every operation and tries it.", Content::Text("text/html"))
            .kept(),
        Route::DocsFile => return None,
        Route::GetClock => Operation::new(SERVER, "Read the clock")
            .gives::<ClockView>("The time that everything in the server follows."),
        Route::MoveClock => Operation::new(SERVER, "Move the clock")
            .note("Of a server that was started with `--dev-clock`; any other refuses.")
            .takes::<ClockBody>()
            .gives::<ClockView>("The clock as it is now.")
            .fails(&[Code::InvalidDate, Code::Refused]),

        Route::ListAtss => Operation::new(ATSS, "List ATSs").lists::<AtsView>("All of them."),
        Route::CreateAts => {
            Operation::new(ATSS, "Create an ATS").takes::<AtsBody>().makes::<AtsView>("The new ATS.")
        }
        Route::GetAts => Operation::new(ATSS, "Read an ATS").gives::<AtsView>("The ATS."),
        Route::UpdateAts => Operation::new(ATSS, "Change an ATS")
            .may_take::<AtsChangeBody>()
            .gives::<AtsView>("The ATS as it is now."),
        Route::DeleteAts => Operation::new(ATSS, "Delete an ATS")
            .note("With its companies and keys. They are out of reach at once.")
            .gives::<AtsView>("The ATS that was.")
            .fails(&[Code::Refused]),
        Route::ListKeys => {
            Operation::new(ATSS, "List keys").lists::<KeyView>("All of them, without secrets.")
        }
        Route::CreateKey => Operation::new(ATSS, "Create a key")
            .takes::<KeyBody>()
            .makes::<KeyView>("The new key; `key` is shown this once.")
            .fails(&[Code::InvalidDate]),
        Route::GetKey => Operation::new(ATSS, "Read a key").gives::<KeyView>("The key without its secret."),
        Route::SuspendKey => Operation::new(ATSS, "Suspend a key")
            .takes::<SuspensionBody>()
            .gives::<KeyView>("The key as it is now.")
            .fails(&[Code::Refused]),
        Route::ResumeKey => Operation::new(ATSS, "Resume a suspended key")
            .gives::<KeyView>("The key as it is now.")
            .fails(&[Code::Refused]),
        Route::RevokeKey => {
            Operation::new(ATSS, "Revoke a key for ever").gives::<KeyView>("The key as it is now.")
        }

        Route::ListCompanies => Operation::new(COMPANIES, "List companies")
            .with(Parameter::id("atsId", "Only companies of this ATS."))
            .lists::<CompanyView>("The newest, at most 1,000."),
        Route::GetCompany => Operation::new(COMPANIES, "Read a company").gives::<CompanyView>("The company."),
        Route::UpdateCompany => Operation::new(COMPANIES, "Change a company")
            .may_take::<CompanyChangeBody>()
            .gives::<CompanyView>("The company as it is now."),
        Route::ListPhoneNumbers => Operation::new(COMPANIES, "List a company's phone numbers")
            .with(Parameter::id("companyId", "Whose numbers.").required())
            .lists::<PhoneNumberView>("All of them.")
            .fails(&[Code::ResourceNotFound]),
        Route::CreatePhoneNumber => Operation::new(COMPANIES, "Give a company a phone number")
            .takes::<PhoneNumberBody>()
            .makes::<PhoneNumberView>("The new number.")
            .fails(&[Code::ResourceNotFound, Code::Refused]),
        Route::DeletePhoneNumber => Operation::new(COMPANIES, "Take a phone number back")
            .gives::<PhoneNumberView>("The number that was.")
            .fails(&[Code::Refused]),

        Route::RerateBills => Operation::new(BILLING, "Ask what another release would have billed")
            .note(
                "Every billed call of the release's slot once more, in the order of then, on the account of the month \
                 that the release's own bills would have led to. Takes some seconds for a million calls; one such \
                 question is answered at a time.",
            )
            .with(Parameter::text("release", "A release for billing, active or not.").required())
            .with(
                Parameter::text("since", "Only calls that ended from this moment or day (UTC) on.").required(),
            )
            .gives::<RerateView>("What it would have billed, beside what was billed. Nothing is changed.")
            .fails(&[Code::InvalidDate, Code::ResourceNotFound, Code::Refused, Code::PluginRefused]),
        Route::ListUsers => {
            Operation::new(OWNERS, "List users").lists::<UserView>("The newest, at most 1,000.")
        }
        Route::CreateUser => Operation::new(OWNERS, "Create a user")
            .note("Who has an address already becomes an owner without being invited.")
            .takes::<UserBody>()
            .makes::<UserView>("The new user."),
        Route::DeleteUser => Operation::new(OWNERS, "Delete a user for ever")
            .note("With all that is kept about them. Companies that they own have no owner any more.")
            .gives::<UserView>("The user that was."),
        Route::ListOutbox => Operation::new(OWNERS, "List what waits to leave")
            .with(Parameter::flag("dead", "Only what is tried no more."))
            .lists::<OutboxRowView>("The oldest, at most 1,000."),
        Route::RetryOutboxRow => Operation::new(OWNERS, "Try something again at once")
            .gives::<OutboxRowView>("It, as if it had never been tried."),
        Route::DropOutboxRow => Operation::new(OWNERS, "Take something back for ever")
            .note(
                "An invitation that was not sent is revoked; its company's owner waits for another address.",
            )
            .gives::<OutboxRowView>("What waited."),

        Route::ListPlugins => Operation::new(PLUGINS, "List plugins")
            .lists::<PluginView>("Every version of each, the newest first."),
        Route::PushPlugin => Operation::new(PLUGINS, "Push a plugin")
            .note(
                "The body is a WebAssembly component, at most 32 MiB. The scenarios in its custom sections \
                 `switchboard:scenarios` are asked, and all of them must hold.",
            )
            .with(Parameter::text("name", "The plugin's name.").required())
            .takes_bytes(WASM, false)
            .makes::<PluginView>("The version that was admitted; the same bytes again are the same version.")
            .fails(&[Code::PluginRefused, Code::Refused]),
        Route::GetPlugin => Operation::new(PLUGINS, "Read a plugin")
            .with(id("name", "`NAME`, which is its newest version, or `NAME@VERSION`."))
            .gives::<PluginView>("The version.")
            // Several versions begin so.
            .fails(&[Code::Refused]),
        Route::GetPluginWit => Operation::new(PLUGINS, "Read a plugin's WIT")
            .note("The world of the stored component, with every package that it speaks of.")
            .with(id("name", "`NAME`, which is its newest version, or `NAME@VERSION`."))
            .gives::<PluginWitView>("The version, and its WIT.")
            .fails(&[Code::Refused, Code::PluginRefused]),
        Route::RemovePlugin => Operation::new(PLUGINS, "Remove a version of a plugin")
            .note("Refused while a release is made of it.")
            .with(id("name", "`NAME@VERSION`."))
            .gives::<PluginView>("The version that was.")
            .fails(&[Code::Refused]),
        Route::ListReleases => Operation::new(PLUGINS, "List releases")
            .with(Parameter::text("slot", "Only releases for this slot."))
            .lists::<ReleaseView>("The newest, at most 1,000."),
        Route::CreateRelease => Operation::new(PLUGINS, "Create a release")
            .takes::<ReleaseBody>()
            .makes::<ReleaseView>("The new release, which answers nobody yet.")
            .fails(&[Code::Refused, Code::PluginRefused, Code::ResourceNotFound]),
        Route::GetRelease => Operation::new(PLUGINS, "Read a release")
            .with(id("id", "The release's id."))
            .gives::<ReleaseView>("The release."),
        Route::ActivateRelease => Operation::new(PLUGINS, "Activate a release")
            .note(
                "Without a body the next request is answered by it; activating the active one changes nothing. As \
                 a shadow it is asked beside the active one and not heard; as a canary it answers a share of the \
                 companies.",
            )
            .with(id("id", "The release's id."))
            .may_take::<ActivationBody>()
            .gives::<SlotView>("Its slot as it is now.")
            .fails(&[Code::Refused, Code::PluginRefused]),
        Route::PromoteRelease => Operation::new(PLUGINS, "Promote a shadow or a canary")
            .note("It becomes the active release. The bounds that it had are watched further.")
            .with(id("id", "The release's id."))
            .gives::<SlotView>("Its slot as it is now.")
            .fails(&[Code::Refused]),
        Route::AbortRelease => Operation::new(PLUGINS, "End a shadow or a canary")
            .with(id("id", "The release's id."))
            .gives::<SlotView>("Its slot as it is now.")
            .fails(&[Code::Refused]),
        Route::BacktestRelease => Operation::new(PLUGINS, "Try a release on recorded decisions")
            .note("It answers nobody, and nothing is changed. One backtest runs at a time; the next one waits.")
            .with(id("id", "The release's id."))
            .may_take::<BacktestBody>()
            .gives::<BacktestView>("What it would have said, beside what held.")
            .fails(&[Code::InvalidDate, Code::Refused, Code::PluginRefused]),
        Route::GetBacktest => Operation::new(PLUGINS, "Ask how far a backtest is")
            .with(id("id", "The release's id."))
            .gives::<ProgressView>("How far the one that runs is."),
        Route::ListSlots => Operation::new(PLUGINS, "List slots").lists::<SlotView>("All of them."),
        Route::GetSlot => slot(Operation::new(PLUGINS, "Read a slot")).gives::<SlotView>("The slot."),
        Route::RollBackSlot => slot(Operation::new(PLUGINS, "Go back to an earlier release"))
            .may_take::<RollBackBody>()
            .gives::<SlotView>("The slot as it is now.")
            .fails(&[Code::Refused, Code::PluginRefused]),

        Route::RetryHeld => slot(Operation::new(PLUGINS, "Ask again for what waits"))
            .note("Everything that could not be decided is asked for now, instead of when its time comes.")
            .gives::<RetriedView>("What became of it.")
            .fails(&[Code::Refused]),
        Route::GetSafeMode => Operation::new(PLUGINS, "Read safe mode")
            .gives::<SafeModeView>("Where only the standard plugin answers."),
        Route::SetSafeMode => Operation::new(PLUGINS, "Turn safe mode on or off")
            .note("At once: when this is answered, no other release answers there. Rollouts wait meanwhile.")
            .takes::<SafeModeBody>()
            .gives::<SafeModeView>("Where it is on now.")
            .fails(&[Code::ResourceNotFound]),
        Route::ListDecisions => Operation::new(DECISIONS, "List decisions")
            .with(Parameter::text("slot", "Only decisions of this slot; of a default slot, those of every ATS that has no release of its own."))
            .with(Parameter::id("companyId", "Only decisions about this company."))
            .with(Parameter::text("since", "Only decisions from this moment on, with an offset such as `Z`."))
            .with(Parameter::flag("failed", "Only decisions in which a release failed."))
            .with(Parameter::id("before", "Only decisions older than this one: where the list before ended."))
            .with(limit())
            .lists::<DecisionView>("The newest first.")
            .fails(&[Code::InvalidDate]),
        Route::GetDecision => {
            Operation::new(DECISIONS, "Read a decision").gives::<DecisionView>("The decision.")
        }
        Route::ListAudit => Operation::new(AUDIT, "List changes")
            .with(Parameter::text("since", "Only changes from this moment on, with an offset such as `Z`."))
            .with(Parameter::text("actor", "Only changes by this actor."))
            .with(limit())
            .lists::<AuditView>("The newest first.")
            .fails(&[Code::InvalidDate]),
        Route::ReplayDecision => Operation::new(DECISIONS, "Ask again with the recorded facts")
            .note("The body is another build of the plugin, or empty.")
            .takes_bytes(WASM, true)
            .gives::<ReplayView>("What came out, beside what was recorded. Nothing is changed.")
            .fails(&[Code::Refused, Code::PluginRefused]),
    })
}

const WASM: &str = "application/wasm";

fn limit() -> Parameter {
    let (most, usual) = (decision::LISTED_MAX as u64, decision::LISTED_DEFAULT as u64);
    Parameter::number("limit", "At most so many.", most, usual)
}

fn slot(operation: Operation) -> Operation {
    let ats = "The ATS's id, or its name where that is unique; or `default`.";
    operation.with(Parameter::path("ats", ats, json!({ "type": "string" }))).with(Parameter::path(
        "policy",
        "The policy.",
        serde_json::to_value(schema::policy()).unwrap_or_default(),
    ))
}

/// A media type without its parameters.
fn essence(media_type: &'static str) -> &'static str {
    media_type.split(';').next().unwrap_or(media_type)
}

/// What follows from the route, its path and its body.
fn completed(route: Route, template: &'static str, mut operation: Operation) -> Operation {
    if template.contains("{id}") && operation.parameter("id").is_none() {
        let id = Parameter::path("id", "Its id.", json!({ "type": "string", "format": "uuid" }));
        operation.parameters.insert(0, id);
    }
    if template.contains('{') {
        operation = operation.fails(&[Code::ValidationError, Code::ResourceNotFound, Code::RouteNotFound]);
    }
    if operation.has_parameter("query") {
        operation = operation.fails(&[Code::ValidationError]);
    }
    if operation.parameters.iter().any(|parameter| parameter.place == "query" && parameter.required) {
        operation = operation.fails(&[Code::MissingRequiredField]);
    }
    operation = match operation.body {
        Some(Body::Json { .. }) => operation.fails(&[
            Code::ValidationError,
            Code::MissingRequiredField,
            Code::InvalidJson,
            Code::UnsupportedMediaType,
            Code::BodyTooLarge,
            Code::RequestTimeout,
        ]),
        Some(Body::Bytes { .. }) => operation.fails(&[
            Code::ValidationError,
            // Also what broke off.
            Code::InvalidJson,
            Code::BodyTooLarge,
            Code::RequestTimeout,
        ]),
        None => operation,
    };
    if !route.is_open() {
        operation = operation.fails(&[Code::InvalidToken, Code::Unavailable]);
    }
    operation.with(Parameter::request_id()).fails(&[Code::InternalError])
}

#[cfg(test)]
mod tests;
