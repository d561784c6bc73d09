//! The owner of a company: invited, assigned, held or refused as the ATS's policy says, and what becomes of an
//! invitation (contract §2).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::app::Gap;
use switchboard::store;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::CompanyId;
use switchboard_tests::{Answer, Client, Furnished, Options, TestHost};

use crate::docs::browser::Browser;
use crate::removal::crowd::dump;
use crate::table::assert_names;

const OWNER: &str = "Jana.Owner+x@acme.example";
const HOUR: Duration = Duration::from_secs(3_600);

/// An ATS, and a partner who makes companies in it.
struct Office {
    host: TestHost,
    here: Furnished,
    ats: Client,
}

impl Office {
    async fn open() -> Self {
        Self::of(TestHost::start().await).await
    }

    async fn of(host: TestHost) -> Self {
        let here = host.furnish().await;
        let ats = host.partner(&here.ats_key);
        Self { host, here, ats }
    }

    async fn make(&mut self, owner: &str) -> Answer {
        self.ats.post("/company", &json!({ "name": "Acme", "ownerEmail": owner })).await
    }

    async fn change(&mut self, company: &Value, owner: Value) -> Answer {
        self.ats.patch(&path(company), &json!({ "ownerEmail": owner })).await
    }

    /// Runs a plugin for owners.
    async fn run(&self, plugin: &str, more: Value) {
        if plugin != "standard" {
            assert!(self.host.push(plugin).await.is_success());
        }
        let release =
            self.host.release(&format!("{}/owner-onboarding", self.here.ats_id), plugin, more).await;
        self.host.activate(&release).await;
    }

    async fn user(&self, email: &str) -> Value {
        self.host.operate("POST", "/users", json!({ "email": email, "name": "Somebody" })).await
    }

    fn guest(&self) -> Client {
        Client::new(self.host.listen, None)
    }

    async fn outbox(&self) -> Vec<Value> {
        self.host.operate("GET", "/outbox", Value::Null).await.as_array().expect("a list").clone()
    }

    /// Who is a member of a company, by their ids.
    fn members(&self, company: &Value) -> Vec<String> {
        let id: CompanyId = text(&company["id"]).parse().expect("an id");
        let snapshot = self.host.running().app().store().snapshot().expect("reads");
        let members = store::membership::of_company(&snapshot, id).expect("reads");
        members.iter().map(|member| member.user_id.to_string()).collect()
    }

    /// Waits until a company's owner has this status.
    async fn has_status(&mut self, company: &Value, status: &str) {
        for _ in 0..2_000 {
            let shown = self.ats.get(&path(company)).await.expect(200);
            if shown["ownerStatus"] == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never is {status}: {:#?}", self.outbox().await);
    }

    fn assert_sound(&self) {
        let snapshot = self.host.running().app().store().snapshot().expect("reads");
        assert_eq!(store::check(&snapshot).expect("walks"), Vec::<String>::new());
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn path(company: &Value) -> String {
    format!("/company/{}", text(&company["id"]))
}

fn name(name: &str) -> Value {
    json!({ "name": name })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_invited_and_becomes_the_owner_once() {
    let mut office = Office::open().await;
    let company = office.make(OWNER).await.expect(201);
    assert_eq!((&company["ownerEmail"], &company["ownerStatus"]), (&json!(OWNER), &json!("INVITED")));
    let mail = office.host.has_mailed(1).await.remove(0);
    assert_eq!(mail.header("To"), OWNER);
    assert!(
        mail.text().contains("Acme") && mail.text().contains("2026-04-09 10:00 (UTC)"),
        "{}",
        mail.text()
    );
    let link = format!("/invitations/{}", mail.token());

    let mut guest = office.guest();
    let shown = guest.get(&link).await.expect(200);
    assert_names(&shown, &["companyName", "email", "status", "expiresAt"]);
    assert_eq!((&shown["companyName"], &shown["status"]), (&json!("Acme"), &json!("PENDING")));
    assert_eq!(shown["email"], OWNER);
    let expires_at = text(&shown["expiresAt"]).to_owned();
    assert!(expires_at.starts_with("2026-04-09T10:00:"), "{expires_at}");
    let accept = format!("{link}/accept");
    let accepted = guest.post(&accept, &name("Jana Owner")).await.expect(200);
    assert_eq!(accepted, json!({ "companyId": company["id"], "companyName": "Acme" }));
    for again in [guest.post(&accept, &name("Jana Owner")).await, guest.get(&link).await] {
        let error = again.refused(410, "INVITATION_GONE");
        assert_eq!(error["details"], json!({ "status": "ACCEPTED" }));
    }
    let shown = office.ats.get(&path(&company)).await.expect(200);
    assert_eq!(shown["ownerStatus"], "ASSIGNED");
    let users = office.host.operate("GET", "/users", Value::Null).await;
    assert_eq!((&users[0]["email"], &users[0]["name"]), (&json!(OWNER), &json!("Jana Owner")));
    assert_eq!(office.members(&company), [text(&users[0]["id"])]);
    assert_eq!(office.outbox().await, Vec::<Value>::new());
    let snapshot = office.host.running().app().store().snapshot().expect("reads");
    let events = store::event::after(&snapshot, 0, 10).expect("reads");
    let kinds: Vec<_> = events.iter().map(|event| &event.kind).collect();
    assert!(
        matches!(
            kinds.as_slice(),
            [EventKind::CompanyOwnerInvited { .. }, EventKind::CompanyOwnerAssigned { .. }]
        ),
        "{kinds:?}"
    );
    office.assert_sound();
    assert_eq!(office.host.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_assigned_without_mail_whatever_the_case() {
    let mut office = Office::open().await;
    let jana = office.user("Jana+owner@B\u{fc}cher.example").await;
    for written in ["jana+OWNER@b\u{fc}cher.EXAMPLE", "JANA+owner@xn--bcher-kva.example"] {
        let company = office.make(written).await.expect(201);
        assert_eq!((&company["ownerEmail"], &company["ownerStatus"]), (&json!(written), &json!("ASSIGNED")));
        assert_eq!(office.members(&company), [text(&jana["id"])]);
    }
    // Another part behind the plus is another address.
    let other = office.make("jana@b\u{fc}cher.example").await.expect(201);
    assert_eq!(other["ownerStatus"], "INVITED");
    assert_eq!(office.host.has_mailed(1).await[0].header("To"), "jana@xn--bcher-kva.example");
    let body = json!({ "email": "JANA+owner@b\u{fc}cher.example", "name": "Twice" });
    let refused = office.host.operator().post("/users", &body).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(refused["details"]["fields"][0]["path"], "email");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_owner_takes_the_place_of_the_one_that_was() {
    let mut office = Office::open().await;
    let (ada, eve) = (office.user("ada@acme.example").await, office.user("eve@acme.example").await);
    let company = office.make("first@acme.example").await.expect(201);
    let first = office.host.has_mailed(1).await[0].token();
    // The same address again does nothing, however it is written.
    let same = office.change(&company, json!("FIRST@acme.example")).await.expect(200);
    assert_eq!(
        (&same["ownerEmail"], &same["ownerStatus"]),
        (&json!("FIRST@acme.example"), &json!("INVITED"))
    );
    let changed = office.change(&company, json!("second@acme.example")).await.expect(200);
    assert_eq!(changed["ownerStatus"], "INVITED");
    let second = office.host.has_mailed(2).await[1].token();
    let mut guest = office.guest();
    let accept = |token: &str| format!("/invitations/{token}/accept");
    let gone = guest.post(&accept(&first), &name("First")).await.refused(410, "INVITATION_GONE");
    assert_eq!(gone["details"], json!({ "status": "REVOKED" }));
    let _ = guest.post(&accept(&second), &name("Second")).await.expect(200);
    let second = office.members(&company);

    // An invitation leaves the former owner in place until it is accepted; a new one assigned does not.
    let invited = office.change(&company, json!("third@acme.example")).await.expect(200);
    assert_eq!((&invited["ownerStatus"], office.members(&company)), (&json!("INVITED"), second));
    let assigned = office.change(&company, json!("Ada@acme.example")).await.expect(200);
    assert_eq!(assigned["ownerStatus"], "ASSIGNED");
    assert_eq!(office.members(&company), [text(&ada["id"])]);
    let _ = office.change(&company, json!("eve@acme.example")).await.expect(200);
    assert_eq!(office.members(&company), [text(&eve["id"])]);
    let third = office.host.has_mailed(3).await[2].token();
    let _ = guest.get(&format!("/invitations/{third}")).await.refused(410, "INVITATION_GONE");

    let removed = office.change(&company, Value::Null).await.expect(200);
    assert!(removed.get("ownerEmail").is_none() && removed.get("ownerStatus").is_none(), "{removed:#}");
    assert_eq!(office.members(&company), Vec::<String>::new());
    let again = office.change(&company, json!("fourth@acme.example")).await.expect(200);
    let fourth = office.host.has_mailed(4).await[3].token();
    let _ = office.change(&again, Value::Null).await.expect(200);
    let _ = guest.get(&format!("/invitations/{fourth}")).await.refused(410, "INVITATION_GONE");
    office.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_visible_and_decided_later() {
    let mut office = Office::open().await;
    office.run("hostile", json!({ "settings": { "do": "hold" } })).await;
    let held = office.make(OWNER).await;
    assert_eq!(held.header("X-Policy-Degraded"), None, "it was decided so");
    let held = held.expect(201);
    assert_eq!(held["ownerStatus"], "HELD");
    let row = office.outbox().await.remove(0);
    assert_eq!((&row["kind"], &row["dead"]), (&json!("owner-onboarding"), &json!(false)));
    assert!(text(&row["reason"]).starts_with("held: "), "{row:#}");
    let _ = office.host.clock.advance(2 * HOUR);
    office.run("hostile", json!({ "settings": { "do": "trap" } })).await;
    let failed = office.make("second@acme.example").await;
    assert_eq!(failed.header("X-Policy-Degraded"), Some("owner-onboarding"));
    let failed = failed.expect(201);
    assert_eq!(failed["ownerStatus"], "HELD");
    assert_eq!(office.outbox().await.len(), 2);
    assert_eq!(office.host.mails().len(), 0);
    let slot = format!("/slots/{}/owner-onboarding", office.here.ats_id);
    assert_eq!(office.host.operate("GET", &slot, Value::Null).await["held"], 2);

    office.run("standard", json!({})).await;
    let _ = office.host.clock.advance(24 * HOUR);
    office.has_status(&held, "INVITED").await;
    office.has_status(&failed, "INVITED").await;
    let _ = office.host.has_mailed(2).await;
    let decisions = format!("/decisions?companyId={}", text(&held["id"]));
    let decisions = office.host.operate("GET", &decisions, Value::Null).await;
    assert!(2 <= decisions.as_array().map_or(0, Vec::len), "every question is recorded");
    office.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_held_for_ever() {
    let mut office = Office::open().await;
    office.run("hostile", json!({ "settings": { "do": "hold" } })).await;
    let company = office.make(OWNER).await.expect(201);
    let mut days = 0;
    let row = loop {
        let row = office.outbox().await.remove(0);
        if row["dead"] == true {
            break row;
        }
        days += 1;
        assert!(days < 60, "{row:#}");
        let tries = row["tries"].clone();
        let _ = office.host.clock.advance(24 * HOUR);
        for _ in 0..2_000 {
            if office.outbox().await[0]["tries"] != tries {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!((28..=31).contains(&days), "{days} days");
    assert_eq!(office.host.metric("switchboard_outbox_dead{kind=\"owner-onboarding\"}").await, 1);
    // Another release, and the operator's word.
    office.run("standard", json!({})).await;
    let path = format!("/outbox/{}/retry", text(&row["id"]));
    let retried = office.host.operate("POST", &path, json!({})).await;
    assert_eq!((&retried["dead"], &retried["tries"]), (&json!(false), &json!(0)));
    office.has_status(&company, "INVITED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stores_nothing_but_its_record() {
    let mut office = Office::open().await;
    office.run("lindenhof", json!({ "grants": ["email"] })).await;
    let before = office.ats.get("/company").await.expect(200)["total"].clone();
    let refused = office.make("somebody@gmail.com").await.refused(422, "POLICY_REJECTED");
    assert_eq!(refused["details"]["policy"], "owner-onboarding");
    assert!(text(&refused["details"]["reason"]).contains("free-mail"), "{refused:#}");
    assert_eq!(office.ats.get("/company").await.expect(200)["total"], before);
    let record = |refused: &Value| format!("/decisions/{}", text(&refused["details"]["decisionId"]));
    let decision = office.host.operate("GET", &record(&refused), Value::Null).await;
    // Nobody will ever delete the company that was not made.
    assert_eq!(decision["facts"]["email"], Value::Null, "{decision:#}");
    assert_eq!(decision["facts"]["email-domain"], "gmail.com");

    let company = office.make(OWNER).await.expect(201);
    let mail = office.host.has_mailed(1).await.remove(0);
    assert!(mail.text().contains("2026-04-05"), "three days: {}", mail.text());
    let refused = office.change(&company, json!("somebody@gmail.com")).await.refused(422, "POLICY_REJECTED");
    let decision = office.host.operate("GET", &record(&refused), Value::Null).await;
    assert_eq!(decision["facts"]["email"], "somebody@gmail.com", "it goes with its company");
    let shown = office.ats.get(&path(&company)).await.expect(200);
    assert_eq!((&shown["ownerEmail"], &shown["ownerStatus"]), (&json!(OWNER), &json!("INVITED")));
    let _ = office.guest().get(&format!("/invitations/{}", mail.token())).await.expect(200);
    // What the sender expects comes before what a policy says.
    let headers = [("If-Match", "\"x\"")];
    let body = Bytes::from(json!({ "ownerEmail": "somebody@gmail.com" }).to_string());
    let _ =
        office.ats.send("PATCH", &path(&company), &headers, body).await.refused(412, "PRECONDITION_FAILED");

    office.run("hostile", json!({ "settings": { "do": "trap" }, "onFailure": "reject" })).await;
    let _ = office.make("x@acme.example").await.refused(503, "POLICY_UNAVAILABLE");
    let _ = office.change(&company, json!("x@acme.example")).await.refused(503, "POLICY_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_decided_upon_on_stale_facts() {
    let gap = Gap::new({
        let is_first = std::sync::atomic::AtomicBool::new(true);
        let operator = std::sync::Arc::new(std::sync::OnceLock::<(std::net::SocketAddr, String)>::new());
        OPERATOR.set(std::sync::Arc::clone(&operator)).expect("one test");
        move || {
            let known = operator.get().cloned();
            let is_first = known.is_some() && is_first.swap(false, std::sync::atomic::Ordering::SeqCst);
            Box::pin(async move {
                let Some((admin, token)) = known.filter(|_| is_first) else { return };
                let body = json!({ "email": OWNER, "name": "Meanwhile" });
                let made = Client::new(admin, Some(&token)).post("/users", &body).await;
                assert_eq!(made.status, 201);
            })
        }
    });
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let mut office = Office::of(host).await;
    let known = (office.host.admin, office.host.token.clone());
    OPERATOR.get().expect("is set").set(known).expect("is set once");
    let company = office.make(OWNER).await.expect(201);
    assert_eq!(company["ownerStatus"], "ASSIGNED", "the user came while the policy was asked");
    assert_eq!(office.host.mails().len(), 0);
}

static OPERATOR: std::sync::OnceLock<std::sync::Arc<std::sync::OnceLock<(std::net::SocketAddr, String)>>> =
    std::sync::OnceLock::new();

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_expires_and_is_forgotten_later() {
    let mut office = Office::open().await;
    let company = office.make(OWNER).await.expect(201);
    let link = format!("/invitations/{}", office.host.has_mailed(1).await[0].token());
    let _ = office.host.clock.advance(7 * 24 * HOUR - Duration::from_secs(60));
    let mut guest = office.guest();
    let _ = guest.get(&link).await.expect(200);
    let _ = office.host.clock.advance(Duration::from_secs(60));
    let gone = guest.post(&format!("{link}/accept"), &name("Late")).await.refused(410, "INVITATION_GONE");
    assert_eq!(gone["details"], json!({ "status": "EXPIRED" }));
    assert_eq!(office.members(&company), Vec::<String>::new());
    let _ = office.host.clock.advance(89 * 24 * HOUR);
    let _ = guest.get(&link).await.refused(410, "INVITATION_GONE");
    let _ = office.host.clock.advance(2 * 24 * HOUR);
    for _ in 0..2_000 {
        if guest.get(&link).await.status == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let _ = guest.get(&link).await.refused(404, "RESOURCE_NOT_FOUND");
    office.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_the_only_credential_and_bodies_are_judged() {
    let mut office = Office::open().await;
    let _ = office.make(OWNER).await.expect(201);
    let token = office.host.has_mailed(1).await[0].token();
    let mut guest = office.guest();
    let accept = format!("/v1/invitations/{token}/accept");
    let nobody = format!("/invitations/{}/accept", "0".repeat(48));
    let _ = guest.post(&nobody, &name("x")).await.refused(404, "RESOURCE_NOT_FOUND");
    // A key makes no difference, not even a wrong one.
    let _ = office.host.partner("sk_live_x").get(&format!("/invitations/{token}")).await.expect(200);
    for (body, code) in [
        (json!({}), "MISSING_REQUIRED_FIELD"),
        (json!({ "name": null }), "MISSING_REQUIRED_FIELD"),
        (json!({ "name": "" }), "VALIDATION_ERROR"),
        (json!({ "name": "x".repeat(201) }), "VALIDATION_ERROR"),
        (json!({ "name": 1 }), "VALIDATION_ERROR"),
        (json!([]), "VALIDATION_ERROR"),
    ] {
        let _ = guest.post(&accept, &body).await.refused(400, code);
    }
    let _ = guest.send("POST", &accept, &[], Bytes::from_static(b"{")).await.refused(400, "INVALID_JSON");
    let headers = [("Content-Type", "text/plain")];
    let sent = guest.send("POST", &accept, &headers, Bytes::from_static(b"x")).await;
    let _ = sent.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let _ = guest
        .send("POST", &accept, &[], Bytes::from(vec![b' '; 2 << 20]))
        .await
        .refused(413, "BODY_TOO_LARGE");
    let _ = guest.post(&accept, &name("\u{17d}ofia")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_a_page_that_loads_nothing() {
    let mut office = Office::open().await;
    let body = json!({
        "name": "<b>Acme</b> & synovia", "ownerEmail": OWNER, "settings": { "locale": "sk-SK" },
    });
    let _ = office.ats.post("/company", &body).await.expect(201);
    let mail = office.host.has_mailed(1).await.remove(0);
    assert!(mail.text().contains("Prija\u{165} pozv\u{e1}nku"), "{}", mail.text());
    let link = format!("/invitations/{}", mail.token());
    let mut guest = office.guest();
    let browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = guest.send("GET", &link, &[browser], Bytes::new()).await;
    let html = String::from_utf8(page.bytes.to_vec()).expect("text");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(html.contains("lang=\"sk\"") && html.contains("&lt;b&gt;Acme"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http"), "{html}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));

    let accept = format!("{link}/accept");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let mut post = async |body: &'static str| {
        let answer = guest.send("POST", &accept, &[form, browser], Bytes::from(body)).await;
        (answer.status, String::from_utf8(answer.bytes.to_vec()).expect("text"))
    };
    let (status, html) = post("name=+").await;
    assert!(status == 400 && html.contains("id=\"flaw\"") && html.contains("action=\"accept\""), "{html}");
    let (status, html) = post("name=%C5%BDofia+Nov%C3%A1").await;
    assert!(status == 200 && !html.contains("<form"), "{html}");
    let (status, html) = post("name=Again").await;
    assert!(status == 410 && !html.contains("<form") && html.contains("lang=\"sk\""), "{html}");
    let users = office.host.operate("GET", "/users", Value::Null).await;
    assert_eq!(users[0]["name"], "\u{17d}ofia Nov\u{e1}");
    let nobody = format!("/invitations/{}", "0".repeat(48));
    let unknown = office.guest().send("GET", &nobody, &[browser], Bytes::new()).await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_accepts_in_a_browser() {
    let Some(mut browser) = Browser::find() else { return };
    let mut office = Office::open().await;
    let company = office.make(OWNER).await.expect(201);
    let token = office.host.has_mailed(1).await[0].token();
    let address = office.host.listen;
    tokio::task::block_in_place(|| {
        let mut page = browser.open(&format!("http://{address}/invitations/{token}"));
        page.until("document.querySelector('form')");
        assert_eq!(page.text("h1"), "Become the owner of Acme");
        assert_eq!(page.violations(), json!([]), "the style is the one that the policy knows");
        page.fill("#name", "Jana");
        page.click("button");
        page.until("document.querySelector('h1') && !document.querySelector('form')");
        assert_eq!(page.text("h1"), "You are now the owner of Acme");
        assert_eq!((page.violations(), page.failures()), (json!([]), Vec::<String>::new()));
        let own = format!("http://{address}/");
        assert!(page.requests().iter().all(|url| url.starts_with(&own)), "{:?}", page.requests());
    });
    assert_eq!(office.ats.get(&path(&company)).await.expect(200)["ownerStatus"], "ASSIGNED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_invites_once() {
    let mut office = Office::open().await;
    let headers = [("Idempotency-Key", "once")];
    let body = json!({ "name": "Acme", "ownerEmail": OWNER });
    let first = office.ats.post_with("/company", &headers, &body).await;
    let again = office.ats.post_with("/company", &headers, &body).await;
    assert_eq!((first.status, &first.bytes), (201, &again.bytes));
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    let _ = office.host.has_mailed(1).await;
    // Another company with the same owner is another invitation.
    let _ = office.make(OWNER).await.expect(201);
    let _ = office.host.has_mailed(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_goes_with_the_company() {
    let mut office = Office::open().await;
    let company = office.make(OWNER).await.expect(201);
    let link = format!("/invitations/{}", office.host.has_mailed(1).await[0].token());
    let _ = office.guest().post(&format!("{link}/accept"), &name("Jana")).await.expect(200);
    let _ = office.change(&company, json!("next@acme.example")).await.expect(200);
    let next = format!("/invitations/{}", office.host.has_mailed(2).await[1].token());
    office.run("hostile", json!({ "settings": { "do": "hold" } })).await;
    let held = office.make("held@acme.example").await.expect(201);
    for gone in [&company, &held] {
        assert_eq!(office.ats.delete(&path(gone)).await.status, 200);
    }
    for link in [&link, &next] {
        let _ = office.guest().get(link).await.refused(404, "RESOURCE_NOT_FOUND");
    }
    let snapshot = office.host.running().app().store().snapshot().expect("reads");
    for gone in [&company, &held] {
        let id: CompanyId = text(&gone["id"]).parse().expect("an id");
        let names = |bytes: &[u8]| bytes.windows(16).any(|window| window == id.bytes());
        let left: Vec<_> =
            dump(&snapshot).into_keys().filter(|(_, key)| names(key)).map(|(table, _)| table).collect();
        assert_eq!(left, Vec::<&str>::new());
        let left: Vec<_> = dump(&snapshot)
            .into_iter()
            .filter(|(_, value)| names(value))
            .map(|((table, _), _)| table)
            .collect();
        assert_eq!(left, Vec::<&str>::new());
    }
    office.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_gone_from_every_table() {
    let mut office = Office::open().await;
    office.run("lindenhof", json!({ "grants": ["email"] })).await;
    let headers = [("Idempotency-Key", "k")];
    let body = json!({ "name": "Acme", "ownerEmail": OWNER });
    let company = office.ats.post_with("/company", &headers, &body).await.expect(201);
    let token = office.host.has_mailed(1).await[0].token();
    let _ = office.guest().post(&format!("/invitations/{token}/accept"), &name("Zuzana")).await.expect(200);
    let second = office.make(&OWNER.to_lowercase()).await.expect(201);
    assert_eq!(second["ownerStatus"], "ASSIGNED");
    // Whose owner they were, and are no more.
    let former = office.make(OWNER).await.expect(201);
    let _ = office.change(&former, json!("else@acme.example")).await.expect(200);
    let traces = |office: &Office| {
        let snapshot = office.host.running().app().store().snapshot().expect("reads");
        let wanted = ["jana.owner", "zuzana"];
        let found = dump(&snapshot).into_iter().filter(|((_, key), value)| {
            let text = String::from_utf8_lossy(&[key.as_slice(), value].concat()).to_lowercase();
            wanted.iter().any(|trace| text.contains(trace))
        });
        found.map(|((table, _), _)| table).collect::<Vec<_>>()
    };
    assert!(5 < traces(&office).len());
    let user = office.host.operate("GET", "/users", Value::Null).await[0]["id"].clone();
    let deleted = office.host.operate("DELETE", &format!("/users/{}", text(&user)), Value::Null).await;
    assert_eq!(deleted["email"], OWNER);
    assert_eq!(traces(&office), Vec::<&str>::new());
    for company in [&company, &second] {
        let shown = office.ats.get(&path(company)).await.expect(200);
        assert!(shown.get("ownerEmail").is_none() && shown.get("ownerStatus").is_none(), "{shown:#}");
        assert_eq!(office.members(company), Vec::<String>::new());
    }
    let gone = office.host.operator().delete(&format!("/users/{}", text(&user))).await;
    let _ = gone.refused(404, "RESOURCE_NOT_FOUND");
    office.assert_sound();
}
