//! All four policies alike: released with their own settings and grants, asked, recorded, shown, replayed; and what
//! becomes of an effect that nobody decides on.
//!
//! Not every policy has a route that asks it, so the use case is asked here, as those routes and the workers do.

use serde_json::{Value, json};
use switchboard::app::decision::{self, Ending, Question, Said};
use switchboard::policy::{Billing, CallScheduling, JobResolution, OwnerOnboarding, Policy};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::call_window::{CallWindow, Zones};
use switchboard_domain::company::parse_timezone;
use switchboard_domain::decision::{Facts as _, PolicyName};
use switchboard_domain::id::{AtsId, CompanyId, InterviewId};
use switchboard_domain::language::Language;
use switchboard_domain::owner_onboarding::{EmailHash, TEMPLATE};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Asker;
use switchboard_domain::text::{EmailAddress, Locale};
use switchboard_domain::time::Timestamp;
use switchboard_domain::{billing, call_scheduling, job_resolution, owner_onboarding};
use switchboard_tests::{Furnished, TestHost, wasm};

const INTERVIEW: &str = "00000000-0000-7000-8000-000000000001";
const ADDRESS: &str = "ada.lovelace@acme.example";

/// Whose affair it is, and the moment.
pub(crate) struct Affair {
    pub(crate) ats_id: AtsId,
    company_id: CompanyId,
    now: Timestamp,
}

impl Affair {
    pub(crate) fn of(host: &TestHost, furnished: &Furnished) -> Self {
        Self {
            ats_id: furnished.ats_id.parse().expect("an id"),
            company_id: furnished.company_id.parse().expect("an id"),
            now: host.now(),
        }
    }

    pub(crate) fn job_resolution(&self) -> job_resolution::Facts {
        job_resolution::Facts {
            now: self.now,
            ats_id: self.ats_id,
            company_id: self.company_id,
            candidate_id: None,
            agent_type: AgentType::Phone,
            agent_focus: AgentFocus::Generic,
            agent_language: Language::En,
            is_test: false,
            scheduled_at: self.now,
            assigned_jobs: Vec::new(),
            candidate_metadata: None,
        }
    }

    pub(crate) fn call_scheduling(&self) -> call_scheduling::Facts {
        call_scheduling::Facts {
            now: self.now,
            ats_id: self.ats_id,
            company_id: self.company_id,
            interview_id: INTERVIEW.parse::<InterviewId>().expect("an id"),
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            retry_number: 0,
            history: Vec::new(),
            window: CallWindow::default(),
            zones: Zones::Company(parse_timezone("Europe/Bratislava").expect("a zone")),
        }
    }

    pub(crate) fn billing(&self) -> billing::Facts {
        billing::Facts {
            now: self.now,
            ats_id: self.ats_id,
            company_id: self.company_id,
            interview_id: INTERVIEW.parse::<InterviewId>().expect("an id"),
            agent_type: AgentType::Phone,
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            call_seconds: 61,
            finished_at: self.now,
            retry_number: 0,
            billing_system: BillingSystem::Minutes,
            month_so_far: billing::MonthSoFar { calls: 100, ..billing::MonthSoFar::default() },
        }
    }

    pub(crate) fn owner_onboarding(&self) -> owner_onboarding::Facts {
        let email = EmailAddress::parse(ADDRESS).expect("an address");
        owner_onboarding::Facts {
            now: self.now,
            ats_id: self.ats_id,
            company_id: self.company_id,
            company_locale: Locale::default(),
            company_domain: None,
            has_owner: false,
            email_domain: email.domain(),
            email_hash: EmailHash::new([1; 32]),
            email: Some(email),
            user_exists: false,
            pending_invitations: Vec::new(),
            templates: vec![TEMPLATE.to_owned()],
        }
    }
}

/// Asks the ATS's line, as a route or a worker does, and commits the record.
async fn ask<P: Policy>(host: &TestHost, facts: P::Facts, asker: Asker) -> Said<P> {
    let app = host.running().app();
    let line = decision::line::<P>(app, facts.ats_id());
    let question = Question { facts, candidate_id: None, asker };
    let said = decision::ask::<P>(app, &line, question, decision::deadline()).await;
    let record = said.decision.clone();
    let work = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::insert(txn, &record)?);
    app.store().commit(work).await.expect("a commit");
    said
}

/// Makes a release of a built plugin and activates it in the ATS's slot.
async fn run(host: &TestHost, ats_id: &str, policy: PolicyName, plugin: &str, more: Value) -> String {
    if plugin != "standard" {
        assert_eq!(host.push(plugin).await.status, 201);
    }
    let release = host.release(&format!("{ats_id}/{policy}"), plugin, more).await;
    host.activate(&release).await;
    release
}

/// What was recorded of it is found by its slot, shown, and replays: the same by the release, another by the built-in
/// rule.
async fn found_and_replayed<P: Policy>(host: &TestHost, said: &Said<P>, answer: Value) {
    let policy = P::NAME;
    let path = format!("/decisions?slot={}", said.decision.slot);
    let list = host.operate("GET", &path, Value::Null).await;
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{policy}: {list:#}");
    let id = said.decision.id.to_string();
    let shown = host.operate("GET", &format!("/decisions/{id}"), Value::Null).await;
    assert_eq!(shown, list[0]);
    assert_eq!((&shown["policy"], &shown["answer"]), (&json!(policy.as_str()), &answer), "{shown:#}");
    assert_eq!(shown["degraded"], false);
    let again = host.operate("POST", &format!("/decisions/{id}/replay"), json!({})).await;
    assert_eq!((&again["same"], &again["answer"]), (&json!(true), &answer), "{policy}: {again:#}");
    assert_eq!(again["fuel"], shown["fuel"]);
    let headers = [("Content-Type", "application/wasm")];
    let path = format!("/decisions/{id}/replay");
    let other = host.operator().send("POST", &path, &headers, wasm("standard")).await.json();
    assert_eq!(other["same"], false, "{policy}: {other:#}");
    assert_eq!(other["recorded"]["answer"], answer);
}

#[tokio::test]
async fn each_policy_is_asked_recorded_and_replayed() {
    let host = TestHost::start().await;
    let furnished = host.furnish().await;
    let affair = Affair::of(&host, &furnished);
    let ats_id = &furnished.ats_id;

    run(&host, ats_id, PolicyName::CallScheduling, "tidewater", json!({ "settings": { "hours": [15, 9] } }))
        .await;
    let said = ask::<CallScheduling>(&host, affair.call_scheduling(), Asker::Partner).await;
    // It is noon there, and some: 15:00 is at 13:00 in UTC.
    let at = 1_775_134_800_000_i64;
    let reason = "try 1 of 2: Thursday, 15:00 in Europe/Bratislava";
    let verdict =
        call_scheduling::Verdict::Call { at: Timestamp::from_unix_millis(at), reason: reason.to_owned() };
    assert_eq!(said.ending, Ending::Decided(verdict));
    found_and_replayed(&host, &said, json!({ "call": { "at-ms": at, "reason": reason } })).await;

    run(&host, ats_id, PolicyName::Billing, "granite", json!({})).await;
    let said = ask::<Billing>(&host, affair.billing(), Asker::Worker).await;
    let line =
        billing::Line { cost_key: "interview_screening_less_10".to_owned(), quantity_thousandths: 1_800 };
    let verdict = billing::Verdict { lines: vec![line], total_thousandths: 1_800 };
    assert_eq!(said.ending, Ending::Decided(verdict));
    let line = json!({ "cost-key": "interview_screening_less_10", "quantity-thousandths": 1800 });
    found_and_replayed(&host, &said, json!({ "lines": [line] })).await;

    run(&host, ats_id, PolicyName::OwnerOnboarding, "lindenhof", json!({ "grants": ["email"] })).await;
    let said = ask::<OwnerOnboarding>(&host, affair.owner_onboarding(), Asker::Partner).await;
    assert!(said.decision.facts.contains(ADDRESS), "it was granted");
    let invitation = json!({ "locale": "en", "message": null, "template": TEMPLATE, "valid-for-hours": 72 });
    found_and_replayed(&host, &said, json!({ "invite": invitation })).await;

    run(&host, ats_id, PolicyName::JobResolution, "hostile", json!({ "settings": { "do": "job-required" } }))
        .await;
    let said = ask::<JobResolution>(&host, affair.job_resolution(), Asker::Partner).await;
    found_and_replayed(&host, &said, json!({ "refuse": "job-required" })).await;
}

#[tokio::test]
async fn settings_and_grants_are_those_of_the_policy() {
    let host = TestHost::start().await;
    let ats_id = host.furnish().await.ats_id;
    for plugin in ["tidewater", "granite", "lindenhof"] {
        let pushed = host.push(plugin).await.json();
        assert_eq!(pushed["policies"].as_array().map(Vec::len), Some(1), "{pushed:#}");
    }
    let cases = [
        ("call-scheduling", "tidewater", json!({ "settings": { "hours": [25] } }), "settings/hours/0"),
        ("call-scheduling", "tidewater", json!({ "grants": ["email"] }), "grants"),
        ("call-scheduling", "granite", json!({}), "plugin"),
        (
            "call-scheduling",
            "standard",
            json!({ "settings": { "retryAfterMinutes": [0] } }),
            "settings/retryAfterMinutes/0",
        ),
        (
            "billing",
            "granite",
            json!({ "settings": { "tiers": [{ "afterCalls": 1 }] } }),
            "settings/tiers/0/percent",
        ),
        ("billing", "granite", json!({ "grants": ["job-title"] }), "grants"),
        (
            "billing",
            "standard",
            json!({ "settings": { "credits": { "default": { "baseCost": -1 } } } }),
            "settings/credits/default/baseCost",
        ),
        (
            "owner-onboarding",
            "lindenhof",
            json!({ "settings": { "freeMailDomains": ["a@b.c"] } }),
            "settings/freeMailDomains/0",
        ),
        ("owner-onboarding", "lindenhof", json!({ "grants": ["candidate-metadata"] }), "grants"),
        (
            "owner-onboarding",
            "standard",
            json!({ "settings": { "validForHours": 0 } }),
            "settings/validForHours",
        ),
    ];
    for (policy, plugin, mut body, path) in cases {
        body["slot"] = json!(format!("{ats_id}/{policy}"));
        body["plugin"] = json!(plugin);
        let refused = host.operator().post("/releases", &body).await.refused(400, "VALIDATION_ERROR");
        let paths: Vec<&str> = refused["details"]["fields"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|field| field["path"].as_str())
            .collect();
        assert_eq!(paths, [path], "{body}: {refused:#}");
    }
    for (policy, on_failure) in [
        ("job-resolution", "fallback"),
        ("call-scheduling", "fallback"),
        ("billing", "hold"),
        ("owner-onboarding", "hold"),
    ] {
        let body = json!({ "slot": format!("{ats_id}/{policy}"), "plugin": "standard" });
        let made = host.operator().post("/releases", &body).await.json();
        assert_eq!(made["onFailure"], on_failure, "{policy}");
        let default = host.operate("GET", &format!("/slots/default/{policy}"), Value::Null).await;
        // Behind the embedded plugin there is nobody to fall back to.
        let last_resort = if on_failure == "hold" { "hold" } else { "reject" };
        assert_eq!(default["active"]["onFailure"], last_resort, "{policy}: {default:#}");
    }
}

/// How it ends when the release traps and nobody stands behind it.
async fn ending<P: Policy>(host: &TestHost, facts: P::Facts, asker: Asker, on_failure: &str) -> &'static str {
    let ats_id = facts.ats_id().to_string();
    let more = json!({ "settings": { "do": "trap" }, "onFailure": on_failure, "timeoutMs": 5000 });
    run(host, &ats_id, P::NAME, "hostile", more).await;
    let said = ask::<P>(host, facts, asker).await;
    assert!(said.is_degraded);
    assert_eq!(said.degraded_header(), Some(("X-Policy-Degraded".to_owned(), P::NAME.to_string())));
    assert_eq!(said.decision.answered_by, None);
    assert_eq!(said.unavailable(), Rejection::PolicyUnavailable { policy: P::NAME, decision_id: None });
    match said.ending {
        Ending::Held => "held",
        Ending::Unavailable => "unavailable",
        Ending::Decided(verdict) => panic!("{verdict:?}"),
    }
}

#[tokio::test]
async fn what_nobody_decides_is_refused_or_waits() {
    use Asker::{Partner, Worker};
    let host = TestHost::start().await;
    let affair = Affair::of(&host, &host.furnish().await);
    for (on_failure, asker, expected) in [
        ("reject", Partner, ["unavailable", "unavailable", "held", "unavailable"]),
        ("reject", Worker, ["unavailable", "held", "held", "held"]),
        ("hold", Partner, ["unavailable", "held", "held", "held"]),
        ("hold", Worker, ["unavailable", "held", "held", "held"]),
    ] {
        // An interview cannot wait for its job, so that such a release is refused.
        let job = if on_failure == "hold" { "reject" } else { on_failure };
        let ended = [
            ending::<JobResolution>(&host, affair.job_resolution(), asker, job).await,
            ending::<CallScheduling>(&host, affair.call_scheduling(), asker, on_failure).await,
            ending::<Billing>(&host, affair.billing(), asker, on_failure).await,
            ending::<OwnerOnboarding>(&host, affair.owner_onboarding(), asker, on_failure).await,
        ];
        assert_eq!(ended, expected, "{on_failure} {asker:?}");
    }
    let failed = host.operate("GET", "/decisions?failed=true", Value::Null).await;
    assert_eq!(failed.as_array().map(Vec::len), Some(16));
}

#[tokio::test]
async fn a_refusal_names_its_plugin_and_is_recorded() {
    let host = TestHost::start().await;
    let furnished = host.furnish().await;
    let affair = Affair::of(&host, &furnished);
    let release = run(&host, &furnished.ats_id, PolicyName::OwnerOnboarding, "lindenhof", json!({})).await;
    let app = host.running().app();
    let line = decision::line::<OwnerOnboarding>(app, affair.ats_id);
    let facts = owner_onboarding::Facts { email_domain: "gmail.com".to_owned(), ..affair.owner_onboarding() };
    let question = Question { facts: facts.clone(), candidate_id: None, asker: Asker::Partner };
    let said = decision::ask::<OwnerOnboarding>(app, &line, question, decision::deadline()).await;
    let Ending::Decided(owner_onboarding::Verdict::Refuse { reason }) = &said.ending else {
        panic!("{:?}", said.ending)
    };
    assert!(reason.contains("gmail.com is a free-mail provider"), "{reason}");
    assert!(said.holds_for(&facts.clone().at(affair.now.plus(std::time::Duration::from_secs(9)))));
    assert!(!said.holds_for(&owner_onboarding::Facts { user_exists: true, ..facts }));
    let list = format!("/decisions?slot={}", said.decision.slot);
    assert_eq!(host.operate("GET", &list, Value::Null).await, json!([]), "asking stores nothing");
    let error = decision::refuse(app, &said, said.refusal(reason)).await;
    let switchboard::app::Error::Rejected(Rejection::PolicyRejected(refusal)) = error else {
        panic!("{error:?}")
    };
    assert_eq!((refusal.plugin.as_str(), refusal.release.to_string()), ("lindenhof", release));
    assert_eq!((refusal.policy, refusal.decision_id), (PolicyName::OwnerOnboarding, Some(said.decision.id)));
    let recorded = host.operate("GET", &list, Value::Null).await;
    assert_eq!(recorded[0]["id"], said.decision.id.to_string());
    assert!(!recorded.to_string().contains("lovelace"), "the address was not granted: {recorded:#}");
}
