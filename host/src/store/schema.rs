//! What lies in the file: every table once, every secondary index once with its reason, and the version.
//!
//! A record's shape is frozen under the version byte of its value. When a shape changes, its old form is
//! kept here, the version grows, and `upgrade` rewrites what is stored.

use super::engine::Writing;
use super::{Error, codec, upgrade};

pub(crate) mod format_2;
pub(crate) mod format_3;
pub(crate) mod format_5;
mod tag;

pub(crate) use tag::{Shape, Tag};

/// Tables. Those that requests write are keyed in time order, since neighbours share a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Name → bytes: the file's version, secrets of the installation.
    Meta,
    /// `AtsId` → `Ats`
    Ats,
    /// `KeyId` → `StoredKey`
    Key,
    /// `CompanyId` → `Company`
    Company,
    /// `PhoneNumberId` → `CompanyPhoneNumber`
    PhoneNumber,
    /// `UserId` → `User`
    User,
    /// `CompanyId`, `UserId` → `Membership`: the members of a company are neighbours.
    Membership,
    /// `InvitationId` → `Invitation`
    Invitation,
    /// `JobId` → `Job`
    Job,
    /// `CandidateId` → `Candidate`
    Candidate,
    /// `AgentId` → `Agent`
    Agent,
    /// `InterviewId` → `Interview`
    Interview,
    /// `InterviewId`, `CallAttemptId` → `CallAttempt`: the attempts of an interview are neighbours.
    CallAttempt,
    /// Id of a call attempt or an online interview → `Lease`: it outlives both.
    Lease,
    /// `CompanyId` → `CallQueue`: one row for each company that has attempts waiting.
    CallQueue,
    /// `AnalysisId` → `Analysis`
    Analysis,
    /// `DecisionId` → `Decision`
    Decision,
    /// `ReleaseId` → `Release`
    Release,
    /// ATS id or zeros, policy → `SlotState`
    Slot,
    /// ATS id or zeros, policy → `SlotRollouts`
    Rollout,
    /// Name, digest → `PluginVersion`: what makes an artifact visible.
    PluginVersion,
    /// Digest, number of the chunk → bytes of a component.
    ArtifactChunk,
    /// Sequence → `Event`; behind the newest, under eight times 0xFF, the last sequence given out.
    Event,
    /// `OutboxId` → `OutboxRow`
    Outbox,
    /// `OutboxId` → `OutboxTry`: only of rows that could not leave at once. Beside them, so that what was committed
    /// with its cause is never rewritten; both go together.
    OutboxTry,
    /// Hash of API key, path and `Idempotency-Key` → `Reply`
    Idempotency,
    /// `RemovalId` → `Removal`: deletions under way; empty nearly always.
    Removal,
    /// ATS, company, moment of the end, call → `UsageRecord`: a company's calls are in their order, and outlive it.
    Usage,
    /// ATS, company, unit, cost key, day → `DayUsage`: what a period is read from. Outlives its company too.
    UsageDay,
    /// Interview, call, moment of its beginning → `InterviewCall`: no call is written down twice.
    UsageCall,
    /// ATS, company, unit or none, moment of the end, call → `Repeat`: calls of interviews that had one before.
    UsageRepeat,
    /// `AuditId` → `AuditEntry`
    Audit,
    /// Every secondary index and every kept count; see `Tag`.
    Index,
}

impl Table {
    /// All of them, in the order in which a commit writes them.
    pub const ALL: [Self; 33] = [
        Self::Meta,
        Self::Ats,
        Self::Key,
        Self::Company,
        Self::PhoneNumber,
        Self::User,
        Self::Membership,
        Self::Invitation,
        Self::Job,
        Self::Candidate,
        Self::Agent,
        Self::Interview,
        Self::CallAttempt,
        Self::Lease,
        Self::CallQueue,
        Self::Analysis,
        Self::Decision,
        Self::Release,
        Self::Slot,
        Self::Rollout,
        Self::PluginVersion,
        Self::ArtifactChunk,
        Self::Event,
        Self::Outbox,
        Self::OutboxTry,
        Self::Idempotency,
        Self::Removal,
        Self::Usage,
        Self::UsageDay,
        Self::UsageCall,
        Self::UsageRepeat,
        Self::Audit,
        Self::Index,
    ];

    /// Its name in the file. Never changed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Ats => "ats",
            Self::Key => "key",
            Self::Company => "company",
            Self::PhoneNumber => "phone_number",
            Self::User => "user",
            Self::Membership => "membership",
            Self::Invitation => "invitation",
            Self::Job => "job",
            Self::Candidate => "candidate",
            Self::Agent => "agent",
            Self::Interview => "interview",
            Self::CallAttempt => "call_attempt",
            Self::Lease => "lease",
            Self::CallQueue => "call_queue",
            Self::Analysis => "analysis",
            Self::Decision => "decision",
            Self::Release => "release",
            Self::Slot => "slot",
            Self::Rollout => "rollout",
            Self::PluginVersion => "plugin_version",
            Self::ArtifactChunk => "artifact_chunk",
            Self::Event => "event",
            Self::Outbox => "outbox",
            Self::OutboxTry => "outbox_try",
            Self::Idempotency => "idempotency",
            Self::Removal => "removal",
            Self::Usage => "usage",
            Self::UsageDay => "usage_day",
            Self::UsageCall => "usage_call",
            Self::UsageRepeat => "usage_repeat",
            Self::Audit => "audit",
            Self::Index => "index",
        }
    }

    pub(crate) const fn position(self) -> usize {
        self as usize
    }

    /// Whether a change of it may make something wait for another moment than before: a call, or the end of a call,
    /// of a lease, of an interview; or the conversion of a call.
    pub(crate) const fn has_deadlines(self) -> bool {
        matches!(self, Self::Interview | Self::CallQueue | Self::Lease | Self::Usage)
    }
}

/// The owner of what belongs to the installation.
pub(crate) const INSTALLATION: [u8; 16] = [0; 16];

/// The version of everything above and of the records' shapes.
pub(crate) const FORMAT: u32 = 6;

const FORMAT_KEY: &[u8] = b"format";

/// Brings a file to [`FORMAT`], in the write transaction that opens it.
pub(crate) fn migrate(writing: &mut Writing) -> Result<(), Error> {
    let found = match writing.get(Table::Meta, FORMAT_KEY)? {
        // A new file.
        None => 0,
        Some(bytes) => codec::decode(Table::Meta.name(), 1, &bytes)?,
    };
    if FORMAT < found {
        return Err(Error::NewerFile { found, known: FORMAT });
    }
    upgrade::ask(writing, found)?;
    if found < FORMAT {
        writing.put(Table::Meta, FORMAT_KEY, &codec::encode(Table::Meta.name(), 1, &FORMAT)?)?;
    }
    Ok(())
}
