//! Ten thousand random decisions, of every policy: asked again on what was recorded, each gives the same answer for
//! the same fuel.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::app::decision;
use switchboard::policy::{Billing, CallScheduling, JobResolution, OwnerOnboarding, Policy};
use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing;
use switchboard_domain::call_scheduling::{self, CallOutcome, PastAttempt};
use switchboard_domain::decision::Facts as _;
use switchboard_domain::id::{CandidateId, JobId, ReleaseId};
use switchboard_domain::job::JobStatus;
use switchboard_domain::job_resolution::{self, AssignedJob};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::owner_onboarding::{self, EmailHash, PendingInvitation};
use switchboard_domain::release::Release;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::time::Timestamp;
use switchboard_tests::{TestHost, wasm};

use crate::disk::Dice;
use crate::policy::Affair;

const EACH: u64 = 2_500;
const SEED: u64 = 0x5eed;

fn id(dice: &mut Dice) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&dice.roll(u64::MAX).to_be_bytes());
    bytes[8..].copy_from_slice(&dice.roll(u64::MAX).to_be_bytes());
    bytes
}

fn moment(dice: &mut Dice, around: Timestamp) -> Timestamp {
    let days = Duration::from_secs(dice.roll(60 * 86_400));
    if dice.roll(2) == 0 { around.plus(days) } else { around.minus(days) }
}

fn pick<T: Copy>(dice: &mut Dice, of: &[T]) -> T {
    of[usize::try_from(dice.roll(of.len() as u64)).expect("small")]
}

fn small(dice: &mut Dice, below: u64) -> u32 {
    u32::try_from(dice.roll(below)).expect("small")
}

const FOCUSES: [AgentFocus; 4] =
    [AgentFocus::Generic, AgentFocus::Screening, AgentFocus::Outreach, AgentFocus::LanguageTest];

fn job_resolution(dice: &mut Dice, affair: &Affair) -> job_resolution::Facts {
    let plain = affair.job_resolution();
    let mut job = || AssignedJob {
        id: JobId::from_bytes(id(dice)),
        status: pick(dice, &[JobStatus::Open, JobStatus::Closed]),
        created_at: moment(dice, plain.now),
        title: "x".repeat(1 + small(dice, 199) as usize),
        metadata: (dice.roll(3) > 0).then(|| {
            let metadata = json!({
                "requisitionPriority": dice.roll(10), "more": [dice.roll(9), true, null, {"deep": 1.5}],
            });
            Metadata::check(&metadata).expect("valid")
        }),
    };
    let mut assigned_jobs = Vec::new();
    let jobs = job().title.len() % 12;
    for _ in 0..jobs {
        assigned_jobs.push(job());
    }
    job_resolution::Facts {
        candidate_id: (dice.roll(2) == 0).then(|| CandidateId::from_bytes(id(dice))),
        agent_type: pick(dice, &[AgentType::Phone, AgentType::Online]),
        agent_focus: pick(dice, &FOCUSES),
        is_test: dice.roll(4) == 0,
        scheduled_at: moment(dice, plain.now),
        assigned_jobs,
        ..plain
    }
}

fn call_scheduling(dice: &mut Dice, affair: &Affair) -> call_scheduling::Facts {
    let plain = affair.call_scheduling();
    let history: Vec<PastAttempt> = (0..small(dice, 8))
        .map(|retry_number| {
            let scheduled_at = moment(dice, plain.now);
            PastAttempt {
                retry_number,
                scheduled_at,
                called_at: (dice.roll(4) > 0).then_some(scheduled_at),
                outcome: pick(dice, CallOutcome::ALL),
                duration_seconds: small(dice, 600),
            }
        })
        .collect();
    call_scheduling::Facts {
        now: moment(dice, plain.now),
        agent_focus: pick(dice, &FOCUSES),
        agent_duration_minutes: 1 + small(dice, 180),
        retry_number: u32::try_from(history.len()).expect("small"),
        history,
        ..plain
    }
}

fn billing(dice: &mut Dice, affair: &Affair) -> billing::Facts {
    let plain = affair.billing();
    billing::Facts {
        agent_focus: pick(dice, &FOCUSES),
        agent_duration_minutes: 1 + small(dice, 180),
        call_seconds: 1 + small(dice, 14_400),
        finished_at: moment(dice, plain.now),
        retry_number: small(dice, 5),
        billing_system: pick(dice, &[BillingSystem::Minutes, BillingSystem::Credits]),
        month_so_far: billing::MonthSoFar {
            calls: dice.roll(100_000),
            call_seconds: dice.roll(10_000_000),
            quantity_thousandths: dice.roll(1_000_000_000),
        },
        ..plain
    }
}

fn owner_onboarding(dice: &mut Dice, affair: &Affair) -> owner_onboarding::Facts {
    let plain = affair.owner_onboarding();
    let domain = pick(dice, &["acme.example", "gmail.com", "example.org"]);
    let email = EmailAddress::parse(&format!("owner{}@{domain}", dice.roll(1_000))).expect("an address");
    owner_onboarding::Facts {
        has_owner: dice.roll(2) == 0,
        company_domain: (dice.roll(2) == 0).then(|| domain.to_owned()),
        email_domain: email.domain(),
        email_hash: EmailHash::new([u8::try_from(dice.roll(256)).expect("a byte"); 32]),
        email: Some(email),
        user_exists: dice.roll(2) == 0,
        pending_invitations: (0..dice.roll(4))
            .map(|_| PendingInvitation {
                created_at: moment(dice, plain.now),
                expires_at: moment(dice, plain.now),
                same_address: dice.roll(2) == 0,
            })
            .collect(),
        ..plain
    }
}

/// Asks and asks again; how many different answers there were.
async fn replay<P: Policy>(
    host: &TestHost,
    affair: &Affair,
    plugin: &str,
    facts: impl Fn(&mut Dice, &Affair) -> P::Facts,
) {
    let slot = format!("{}/{}", affair.ats_id, P::NAME);
    if plugin != "standard" {
        assert_eq!(host.push(plugin).await.status, 201);
    }
    let release = host.release(&slot, plugin, json!({ "timeoutMs": 5000, "onFailure": "reject" })).await;
    host.activate(&release).await;
    let app = host.running().app();
    let id: ReleaseId = release.parse().expect("an id");
    let release: Release = switchboard::app::release::show(app, id).expect("it was made");
    let bytes = wasm(plugin).as_ref().into();
    let rehearsal = app.fleet().runtime().rehearse(release, move || Ok(bytes)).await.expect("it runs");
    let line = decision::line::<P>(app, affair.ats_id);
    let mut dice = Dice(SEED);
    let mut answers = std::collections::BTreeSet::new();
    for number in 0..EACH {
        let facts = facts(&mut dice, affair);
        assert_eq!(facts.ats_id(), affair.ats_id);
        let said = line.ask::<P>(&facts, decision::deadline()).await;
        let again = rehearsal.ask(&said.facts).await.expect("its facts can be read");
        let what = format!("{} by {plugin}, number {number} of seed {SEED:#x}", P::NAME);
        assert_eq!(again.outcome, said.asked[0].outcome, "{what}");
        assert_eq!(again.fuel_used, said.asked[0].fuel_used, "{what}");
        assert_eq!(again.log, said.asked[0].log, "{what}");
        answers.insert(format!("{:?}", said.asked[0].outcome));
    }
    assert!(1 < answers.len(), "{} by {plugin} says always the same: {answers:?}", P::NAME);
    let shown = host.operate("GET", &format!("/slots/{slot}"), Value::Null).await;
    assert_eq!(shown["calls"], EACH, "a rehearsal counts nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_random_decisions_are_the_same_again() {
    let host = TestHost::start().await;
    let affair = Affair::of(&host, &host.furnish().await);
    replay::<JobResolution>(&host, &affair, "northstar", job_resolution).await;
    replay::<CallScheduling>(&host, &affair, "tidewater", call_scheduling).await;
    replay::<Billing>(&host, &affair, "granite", billing).await;
    replay::<OwnerOnboarding>(&host, &affair, "lindenhof", owner_onboarding).await;
}
