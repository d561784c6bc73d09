//! One record of each kind, with every field set, and ids that follow from a number.

use chrono::NaiveDate;
use switchboard_domain::agent::{Agent, AgentDraft, AgentFocus, AgentType, Voice};
use switchboard_domain::analysis::{Analysis, AnalysisDraft, AnalysisStatus, CompanyFit, Evaluation};
use switchboard_domain::ats::{Ats, BillingSystem, Mode};
use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus, ReasonCode};
use switchboard_domain::call_window::{CallWindow, JudgedIn};
use switchboard_domain::candidate::{Candidate, CandidateDraft, CandidateStatus};
use switchboard_domain::company::{Company, CompanyLocation, CompanySettings, OwnerStatus, parse_timezone};
use switchboard_domain::decision::{Asked, AskedOutcome, Decision, FailureKind, PolicyName, Slot};
use switchboard_domain::event::{Effect, Event, EventKind, OutboxRow};
use switchboard_domain::id::{
    AgentId, AnalysisId, AtsId, AuditId, CallAttemptId, CandidateId, CompanyId, DecisionId, EventId,
    InterviewId, InvitationId, JobId, KeyId, OutboxId, PhoneNumberId, ReleaseId, RemovalId, UserId,
};
use switchboard_domain::interview::{DecidedBy, Interview, InterviewStatus, Undecided};
use switchboard_domain::invitation::{Invitation, InvitationStatus};
use switchboard_domain::job::{ContractType, Education, Experience, SalaryPeriod, WorkMode};
use switchboard_domain::job::{Job, JobDraft, JobLocation, JobStatus, LanguageRequirement, Salary};
use switchboard_domain::key::{Key, Reach, Scope, Suspension};
use switchboard_domain::language::{CefrLevel, Language};
use switchboard_domain::lease::{Completion, Lease, LeaseEnd, Leased, Outcome};
use switchboard_domain::membership::{Membership, Role};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::release::{
    Digest, Implements, Limits, OnFailure, PluginVersion, Release, SlotState, Wasi,
};
use switchboard_domain::removal::{Removal, Removed};
use switchboard_domain::rollout::{EndedRollout, RollbackBounds, Rollout, RolloutEnd, SlotRollouts, Stage};
use switchboard_domain::text::{CountryCode, CurrencyCode, EmailAddress, Locale, WebUrl};
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::UsageRecord;
use switchboard_domain::user::User;

use super::super::idempotency::{Reply, ReplyKey};

/// The id with this number; greater numbers sort later.
pub(super) fn id(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

pub(super) const ATS: AtsId = AtsId::from_bytes([1; 16]);
pub(super) const COMPANY: CompanyId = CompanyId::from_bytes([2; 16]);
pub(super) const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);
pub(super) const SLOT: Slot = Slot { ats_id: Some(ATS), policy: PolicyName::JobResolution };

fn metadata() -> Option<Metadata> {
    Some(Metadata::check(&serde_json::json!({ "a": [1, "b"] })).expect("is metadata"))
}

fn url() -> WebUrl {
    WebUrl::parse("https://example.com/a").expect("is a URL")
}

pub(super) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("is a number")
}

pub(super) fn ats() -> Ats {
    Ats {
        id: ATS,
        name: "North".to_owned(),
        mode: Mode::Test,
        billing_system: BillingSystem::Credits,
        zulu_is_offset: true,
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn key(number: u64) -> Key {
    Key {
        id: KeyId::from_bytes(id(number)),
        name: "main".to_owned(),
        reach: Reach::Company(ATS, COMPANY),
        scopes: vec![Scope::ReadJobs, Scope::WriteWebhooks],
        expires_at: Some(AT),
        allowed_ips: vec!["10.0.0.0/8".parse().expect("is a block")],
        rate_per_minute: 60,
        rate_per_hour: 2_000,
        suspension: Some(Suspension { at: AT, reason: "unpaid".to_owned() }),
        revoked_at: None,
        created_at: AT,
    }
}

pub(super) fn company(company_id: CompanyId) -> Company {
    Company {
        id: company_id,
        ats_id: ATS,
        revision: 1,
        name: "Acme".to_owned(),
        description: Some("d".to_owned()),
        website: Some(url()),
        industry: Some("i".to_owned()),
        size: Some("s".to_owned()),
        location: Some(CompanyLocation {
            city: Some("Wien".to_owned()),
            country_code: Some(CountryCode::parse("AT").expect("is a country")),
        }),
        settings: CompanySettings {
            timezone: parse_timezone("Europe/Vienna").expect("is a zone"),
            locale: Locale::parse("de-AT").expect("is a tag"),
            call_window: CallWindow::new("09:00", "17:30", &["MON", "FRI"]).expect("is a window"),
        },
        metadata: metadata(),
        owner_email: Some(EmailAddress::parse("o@example.com").expect("is an address")),
        owner_status: Some(OwnerStatus::Invited),
        billing_system: BillingSystem::Minutes,
        usage_limit_thousandths: Some(1_000),
        calls_at_once: Some(7),
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn phone_number() -> CompanyPhoneNumber {
    CompanyPhoneNumber {
        id: PhoneNumberId::from_bytes(id(1)),
        company_id: COMPANY,
        number: number("+436641234567"),
        created_at: AT,
    }
}

pub(super) fn job(number: u64, status: JobStatus) -> Job {
    Job {
        id: JobId::from_bytes(id(number)),
        company_id: COMPANY,
        revision: 1,
        body: JobDraft {
            title: "Nurse".to_owned(),
            description: "Night shifts".to_owned(),
            status,
            job_url: Some(url()),
            benefits: Some("b".to_owned()),
            required_skills: vec!["care".to_owned()],
            nice_to_have_skills: vec!["cars".to_owned()],
            language_requirements: Some(vec![LanguageRequirement {
                language: Language::De,
                proficiency: CefrLevel::B2,
            }]),
            education: Some(vec![Education::BachelorLevel]),
            experience: Some(Experience::OneTo3Years),
            contract_type: Some(ContractType::PartTime),
            location: Some(JobLocation {
                work_mode: Some(WorkMode::Hybrid),
                street: Some("Ring 1".to_owned()),
                city: Some("Wien".to_owned()),
                postal_code: Some("1010".to_owned()),
                country_code: Some(CountryCode::parse("AT").expect("is a country")),
            }),
            salary: Some(Salary {
                min: Some(1.5),
                max: Some(2.5),
                currency: Some(CurrencyCode::parse("EUR").expect("is a currency")),
                period: Some(SalaryPeriod::Hourly),
            }),
            metadata: metadata(),
        },
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn candidate(number_of: u64, status: CandidateStatus, job_ids: Vec<JobId>) -> Candidate {
    Candidate {
        id: CandidateId::from_bytes(id(number_of)),
        company_id: COMPANY,
        revision: 1,
        body: CandidateDraft {
            first_name: "Ada".to_owned(),
            last_name: "Byron".to_owned(),
            email: Some(EmailAddress::parse("a@example.com").expect("is an address")),
            phone_number: Some(number("+436641234567")),
            gdpr_expiry_date: NaiveDate::from_ymd_opt(2030, 1, 31).expect("is a date"),
            metadata: metadata(),
        },
        job_ids,
        status,
        overall_rating: Some(80),
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn agent(number: u64) -> Agent {
    Agent {
        id: AgentId::from_bytes(id(number)),
        company_id: COMPANY,
        revision: 1,
        body: AgentDraft {
            name: "Sue".to_owned(),
            agent_type: AgentType::Phone,
            focus: AgentFocus::LanguageTest,
            language: Language::Fil,
            duration_minutes: 20,
            questions: Some(vec!["Why?".to_owned()]),
            instructions: Some("Ask.".to_owned()),
            voice_id: Some(Voice::Sue),
            cefr_level: Some(CefrLevel::C1),
            company_phone_number_id: Some(PhoneNumberId::from_bytes(id(1))),
            metadata: metadata(),
        },
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn interview(
    number: u64,
    candidate_id: CandidateId,
    job_id: Option<JobId>,
    status: InterviewStatus,
) -> Interview {
    Interview {
        id: InterviewId::from_bytes(id(number)),
        company_id: COMPANY,
        candidate_id,
        agent_id: AgentId::from_bytes(id(7)),
        revision: 1,
        job_id,
        status,
        scheduled_at: AT,
        duration_minutes: Some(12),
        finished_at: Some(AT),
        metadata: metadata(),
        is_test: true,
        agent: agent(7).body,
        decisions: vec![DecidedBy {
            policy: PolicyName::JobResolution,
            decision_id: DecisionId::from_bytes(id(3)),
        }],
        undecided: Some(Undecided {
            call_attempt_id: Some(CallAttemptId::from_bytes(id(5))),
            since: AT,
            ask_at: AT,
        }),
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn call_attempt(interview: u64, number: u64) -> CallAttempt {
    CallAttempt {
        id: CallAttemptId::from_bytes(id(number)),
        interview_id: InterviewId::from_bytes(id(interview)),
        company_id: COMPANY,
        revision: 1,
        status: CallAttemptStatus::Failed,
        reason_code: Some(ReasonCode::Voicemail),
        notes: Some("n".to_owned()),
        retry_number: 2,
        decision_id: Some(DecisionId::from_bytes(id(3))),
        recording_url: Some(url()),
        duration_seconds: Some(61),
        scheduled_at: AT,
        judged_in: JudgedIn::Phone(vec![parse_timezone("Europe/Vienna").expect("is a zone")]),
        called_at: Some(AT),
    }
}

/// Due at once, in the company's queue.
pub(super) fn waiting(interview: u64, number: u64) -> CallAttempt {
    let attempt = call_attempt(interview, number);
    CallAttempt { status: CallAttemptStatus::Scheduled, reason_code: None, called_at: None, ..attempt }
}

/// A call that is in progress.
pub(super) fn lease(number: u64) -> Lease {
    Lease {
        of: Leased::Call(CallAttemptId::from_bytes(id(number))),
        interview_id: InterviewId::from_bytes(id(4)),
        company_id: COMPANY,
        ats_id: ATS,
        revision: 1,
        token_hash: [6; 32],
        length_seconds: 60,
        began_at: AT,
        expires_at: Timestamp::from_unix_millis(AT.unix_millis() + 60_000),
        scheduled_at: AT,
        retry_number: 2,
        agent_focus: AgentFocus::LanguageTest,
        agent_duration_minutes: 20,
        billing_system: BillingSystem::Credits,
        ended: None,
    }
}

pub(super) fn ended_lease(number: u64) -> Lease {
    let completion = Completion { outcome: Outcome::Voicemail, duration_seconds: 61, digest: [8; 32] };
    Lease { ended: Some(LeaseEnd { at: AT, completion: Some(completion) }), ..lease(number) }
}

/// A call of an interview that ended at this moment.
pub(super) fn usage(
    interview: u64,
    number: u64,
    billing_system: BillingSystem,
    at: Timestamp,
) -> UsageRecord {
    let lease = Lease { interview_id: InterviewId::from_bytes(id(interview)), ..lease(number) };
    UsageRecord::of(&lease, billing_system, 61, at).expect("lasted")
}

pub(super) fn analysis(number: u64) -> Analysis {
    Analysis {
        id: AnalysisId::from_bytes(id(number)),
        interview_id: InterviewId::from_bytes(id(4)),
        company_id: COMPANY,
        candidate_id: CandidateId::from_bytes(id(9)),
        revision: 1,
        body: AnalysisDraft {
            overall_rating: 80,
            company_fit: CompanyFit::High,
            education: Education::BachelorLevel,
            experience: Experience::OneTo3Years,
            strong_points: vec!["s".to_owned()],
            weak_points: vec!["w".to_owned()],
            evaluation: vec![Evaluation { criterion: "c".to_owned(), rating: 9, comment: "d".to_owned() }],
            status: AnalysisStatus::Completed,
            specific: Some("{}".to_owned()),
        },
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn decision(number: u64, is_degraded: bool) -> Decision {
    let outcome = if is_degraded {
        AskedOutcome::Failed(FailureKind::OutOfFuel, "fuel".to_owned())
    } else {
        AskedOutcome::Answered("\"no-job\"".to_owned())
    };
    let release_id = ReleaseId::from_bytes(id(1));
    Decision {
        id: DecisionId::from_bytes(id(number)),
        at: Timestamp::from_unix_millis(AT.unix_millis() + i64::try_from(number).expect("is small")),
        slot: SLOT,
        company_id: COMPANY,
        candidate_id: Some(CandidateId::from_bytes(id(9))),
        policy_version: "0.1.0".to_owned(),
        facts: "{}".to_owned(),
        asked: vec![Asked {
            release_id,
            outcome,
            fuel_used: 1_000,
            duration_micros: 5,
            log: vec!["l".to_owned()],
        }],
        answered_by: if is_degraded { None } else { Some(release_id) },
        interview_id: None,
    }
}

pub(super) fn release(number: u64, slot: Slot) -> Release {
    Release {
        id: ReleaseId::from_bytes(id(number)),
        slot,
        plugin: "standard".to_owned(),
        digest: Digest([5; 32]),
        policy_version: "0.1.0".to_owned(),
        settings: "{}".to_owned(),
        limits: Limits {
            fuel: 10,
            timeout_millis: 20,
            memory_mib: 30,
            table_elements: 40,
            input_kib: 50,
            output_kib: 60,
            log_kib: 61,
            calls_in_flight: 62,
        },
        on_failure: OnFailure::LastGood,
        wasi: Wasi::Minimal,
        grants: vec!["job-title".to_owned()],
        comment: Some("c".to_owned()),
        author: "operator".to_owned(),
        created_at: AT,
    }
}

pub(super) fn slot_state() -> SlotState {
    SlotState {
        slot: SLOT,
        revision: 2,
        active: ReleaseId::from_bytes(id(2)),
        activated_at: AT,
        history: vec![ReleaseId::from_bytes(id(1))],
    }
}

pub(super) fn rollouts() -> SlotRollouts {
    let rollout = Rollout {
        release_id: ReleaseId::from_bytes(id(2)),
        stage: Stage::Canary,
        percent: 5,
        begun_at: AT,
        promote_after_seconds: Some(3600),
        bounds: RollbackBounds { failures: Some(10), p99_millis: Some(50), ..RollbackBounds::default() },
    };
    let ended = EndedRollout {
        release_id: ReleaseId::from_bytes(id(1)),
        stage: Stage::Shadow,
        begun_at: AT,
        ended_at: AT,
        end: RolloutEnd::RolledBack,
        reason: Some("slow".to_owned()),
    };
    SlotRollouts { slot: SLOT, revision: 2, under_way: vec![rollout], ended: vec![ended] }
}

pub(super) fn audit_entry(number: u64) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bytes(id(number)),
        at: AT,
        actor: "m.nowak".to_owned(),
        action: Action::ReleaseCanary,
        subjects: vec![SLOT.to_string(), ReleaseId::from_bytes(id(2)).to_string()],
    }
}

pub(super) fn plugin_version(name: &str, digest: Digest) -> PluginVersion {
    PluginVersion {
        name: name.to_owned(),
        digest,
        implements: vec![Implements { policy: PolicyName::Billing, version: "0.1.0".to_owned() }],
        size_bytes: 300_000,
        compile_millis: 40,
        pushed_at: AT,
    }
}

pub(super) fn event(number: u64, candidate_id: Option<CandidateId>) -> Event {
    Event {
        id: EventId::from_bytes(id(number)),
        sequence: 0,
        at: AT,
        ats_id: ATS,
        company_id: COMPANY,
        candidate_id,
        is_test: true,
        kind: EventKind::CallAttemptScheduled {
            interview_id: InterviewId::from_bytes(id(4)),
            call_attempt_id: CallAttemptId::from_bytes(id(5)),
        },
    }
}

pub(super) fn outbox_row(number: u64) -> OutboxRow {
    OutboxRow {
        id: OutboxId::from_bytes(id(number)),
        at: AT,
        company_id: COMPANY,
        candidate_id: None,
        effect: Effect::OwnerOnboarding,
    }
}

pub(super) fn removal(number: u64, removed: Removed) -> Removal {
    let id = RemovalId::from_bytes(id(number));
    let walked_to = Some(InterviewId::from_bytes(self::id(4)));
    Removal { id, at: AT, company_id: COMPANY, removed, walked_to }
}

pub(super) fn reply(number: u8, at: Timestamp) -> Reply {
    Reply {
        key: ReplyKey([number; 32]),
        status: 201,
        headers: vec![("location".to_owned(), "/jobs/1".to_owned())],
        body: b"{}".to_vec(),
        body_hash: [4; 32],
        at,
        company_id: Some(COMPANY),
        candidate_id: Some(CandidateId::from_bytes(id(9))),
    }
}

pub(super) fn user(number: u64) -> User {
    User {
        id: UserId::from_bytes(id(number)),
        email: EmailAddress::parse("Ada@B\u{fc}cher.example").expect("is an address"),
        name: "Ada".to_owned(),
        created_at: AT,
    }
}

pub(super) fn membership(user: u64) -> Membership {
    let user_id = UserId::from_bytes(id(user));
    Membership { company_id: COMPANY, user_id, role: Role::Owner, created_at: AT }
}

pub(super) fn invitation(number: u64) -> Invitation {
    Invitation {
        id: InvitationId::from_bytes(id(number)),
        company_id: COMPANY,
        token_hash: [6; 32],
        email: EmailAddress::parse("o@example.com").expect("is an address"),
        template: "company-invitation".to_owned(),
        locale: Locale::parse("sk-SK").expect("is a tag"),
        message: Some("m".to_owned()),
        status: InvitationStatus::Accepted,
        created_at: AT,
        expires_at: AT,
        sent_at: Some(AT),
        closed_at: Some(AT),
    }
}

pub(super) fn invitation_row(number: u64, invitation: u64) -> OutboxRow {
    let effect = Effect::Invitation(InvitationId::from_bytes(id(invitation)));
    OutboxRow { effect, ..outbox_row(number) }
}

pub(super) fn outbox_try(number: u64) -> OutboxTry {
    OutboxTry {
        outbox_id: OutboxId::from_bytes(id(number)),
        tries: 2,
        since: AT,
        tried_at: AT,
        next_at: Some(AT),
        reason: "421".to_owned(),
    }
}
