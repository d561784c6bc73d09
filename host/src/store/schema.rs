//! What lies in the file: every table once, every secondary index once with its reason, and the version.
//!
//! A record's shape is frozen under the version byte of its value. When a shape changes, its old form is
//! kept here, the version grows, and `upgrade` rewrites what is stored.

use super::engine::Writing;
use super::{Error, codec, upgrade};

pub(crate) mod format_2;
pub(crate) mod format_3;

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

/// A secondary index. Its rows lie in [`Table::Index`] under
/// `owner (16) | tag (1) | value | 0x01 | key of the record`, and the kept count of one value under
/// `owner | tag | value | 0xFF`, right behind the newest entry. So all that belongs to one candidate shares
/// a page, and what a request writes to its company's lists shares few. Values are of one length per tag, or
/// end in a way that none is the beginning of another.
///
/// Word lists have other rows, since a record is in many of them, one for each beginning of each of its words (a
/// candidate in about 30, a job with its description in some hundred): each such list must be there, for a search
/// finds its page and its total without reading what else it matches. So that it costs one row a list to add a
/// record, the newest 8 to 39 records lie in the list's head, which is written again, and all before in blocks of
/// 32, which are not; a record takes 16 bytes of them instead of a row of its own.
/// - head: `owner | tag | word 0x00 0x00 | 0xFF` → how many in all (8) | the first that the head may hold (16) |
///   keys of records (16 each), oldest first
/// - block: `owner | tag | word 0x00 0x00 | 0x01 | first key (16)` → keys of records (16 each), oldest first
///
/// The numbers are in the file: never changed, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Tag {
    /// Installation, name: a slot may be written with the ATS's name.
    AtsByName = 1,
    /// ATS (zeros for a worker of the installation): keys go with their ATS, and are listed by it.
    KeyOfAts = 3,
    /// Company: keys go with their company.
    KeyOfCompany = 4,
    /// ATS; counted: `GET /company`.
    Company = 5,
    /// Company: agents name one of its numbers.
    PhoneNumber = 6,
    /// Installation, number: one number belongs to one company.
    PhoneNumberByNumber = 7,
    /// Company; counted: `GET /jobs`.
    Job = 10,
    /// Company, status; counted: its filter.
    JobByStatus = 11,
    /// Company, beginning of a word; a word list: `search`.
    JobByWord = 12,
    /// Company; counted: `GET /agents`.
    Agent = 20,
    /// Company, type; counted: its filter.
    AgentByType = 21,
    /// Company, focus; counted: its filter.
    AgentByFocus = 22,
    /// Company; counted: `GET /candidates`.
    Candidate = 30,
    /// Company, job; counted: its filter, and the assignments that a deleted job clears.
    CandidateByJob = 31,
    /// Company, status; counted: its filter.
    CandidateByStatus = 32,
    /// Company, beginning of a word; a word list: `search`.
    CandidateByWord = 33,
    /// Company; counted: `GET /interviews`.
    Interview = 40,
    /// Company, status; counted: its filter.
    InterviewByStatus = 41,
    /// Company, agent; counted: its filter, and the interviews that a deleted agent cancels.
    InterviewByAgent = 42,
    /// Company, job; counted: its filter.
    InterviewByJob = 43,
    /// Company: `decision list --company`, and what goes with the company.
    DecisionOfCompany = 44,
    /// Company, where no candidate is known: goes with the company.
    EventOfCompany = 45,
    /// Company, where no candidate is known: goes with the company.
    OutboxOfCompany = 46,
    /// Company, where no candidate is known: goes with the company.
    ReplyOfCompany = 47,
    /// Company: the deleted jobs that candidates are still assigned to; empty nearly always.
    RemovalOfJob = 48,
    /// Candidate; counted: its filter, and `interviewCount`, so that the candidate is not rewritten.
    InterviewOfCandidate = 50,
    /// Candidate, newest first: goes with the candidate. So the newest lies beside the candidate's newest interview,
    /// and one page takes both.
    DecisionOfCandidate = 51,
    /// Candidate: goes with the candidate.
    EventOfCandidate = 52,
    /// Candidate: goes with the candidate.
    OutboxOfCandidate = 53,
    /// Candidate: goes with the candidate.
    ReplyOfCandidate = 54,
    /// ATS (zeros for the default slots), policy: `decision list --slot`, and every backtest.
    DecisionBySlot = 60,
    /// Installation: `decision list --failed`; degraded decisions only, so few are written.
    DecisionFailed = 61,
    /// ATS (zeros for the default slots), policy: `release list`.
    ReleaseBySlot = 62,
    /// Installation, digest: a version is not removed while a release uses it.
    ReleaseByDigest = 63,
    /// Installation, moment: replies expire in the order in which they were given.
    ReplyByTime = 64,
    /// Company, moment: its attempts that wait, in the order in which they are due. What a claim takes from.
    CallDue = 70,
    /// Installation and ATS, moment of the first attempt: companies whose turn begins then; one entry a company,
    /// however many attempts it has.
    QueueWaits = 71,
    /// Installation and ATS, turn: companies whose attempts are due, in the order in which they are served. One
    /// that has reached its limit of calls is in neither of these.
    QueueRing = 72,
    /// Installation, moment of the first attempt: no company's attempts wait for ever, whatever its limit.
    QueueFirst = 73,
    /// Company; counted: how many of its calls are in progress.
    LeaseOfCompany = 74,
    /// Installation, moment: leases run out, and ended ones are forgotten, in this order.
    LeaseByDeadline = 75,
    /// Installation, moment: interviews that wait are moved on, and pending decisions taken, in this order.
    InterviewByDeadline = 76,
    /// Interview: its one analysis.
    AnalysisOfInterview = 77,
    /// Candidate; counted: `GET /candidates/{id}/analyses` and `analysisCount`.
    AnalysisOfCandidate = 78,
    /// Installation, moment: calls are converted, and asked for again, in this order. An entry lies here, and in the
    /// two below, only until its call is converted.
    UsageByDeadline = 90,
    /// Company, moment of the end: the calls of a period that are not converted yet.
    UsageWaits = 91,
    /// ATS; counted: how many effects its slot holds.
    UsageHeld = 92,
    /// Installation, address without case: who has it, which must be one at the most.
    UserByEmail = 80,
    /// User: memberships go with their user.
    MembershipOfUser = 81,
    /// Company: its pending invitations are revoked by another owner, and all of them go with it.
    InvitationOfCompany = 82,
    /// Installation, hash of the link's secret: all that a link says.
    InvitationByToken = 83,
    /// Installation, moment: invitations expire, and ended ones are forgotten, in this order.
    InvitationByDeadline = 84,
}

impl Tag {
    /// Whether the number of its entries is kept: where a list shows it.
    pub(crate) const fn is_counted(self) -> bool {
        match self {
            Self::Company
            | Self::Job
            | Self::JobByStatus
            | Self::Agent
            | Self::AgentByType
            | Self::AgentByFocus
            | Self::Candidate
            | Self::CandidateByJob
            | Self::CandidateByStatus
            | Self::Interview
            | Self::InterviewByStatus
            | Self::InterviewByAgent
            | Self::InterviewByJob
            | Self::InterviewOfCandidate
            | Self::LeaseOfCompany
            | Self::AnalysisOfCandidate
            | Self::UsageHeld => true,
            Self::AtsByName
            | Self::KeyOfAts
            | Self::KeyOfCompany
            | Self::PhoneNumber
            | Self::PhoneNumberByNumber
            | Self::JobByWord
            | Self::CandidateByWord
            | Self::DecisionOfCompany
            | Self::EventOfCompany
            | Self::OutboxOfCompany
            | Self::ReplyOfCompany
            | Self::RemovalOfJob
            | Self::DecisionOfCandidate
            | Self::EventOfCandidate
            | Self::OutboxOfCandidate
            | Self::ReplyOfCandidate
            | Self::DecisionBySlot
            | Self::DecisionFailed
            | Self::ReleaseBySlot
            | Self::ReleaseByDigest
            | Self::ReplyByTime
            | Self::CallDue
            | Self::QueueWaits
            | Self::QueueRing
            | Self::QueueFirst
            | Self::LeaseByDeadline
            | Self::InterviewByDeadline
            | Self::AnalysisOfInterview
            | Self::UsageByDeadline
            | Self::UsageWaits
            | Self::UserByEmail
            | Self::MembershipOfUser
            | Self::InvitationOfCompany
            | Self::InvitationByToken
            | Self::InvitationByDeadline => false,
        }
    }
}

/// The owner of what belongs to the installation.
pub(crate) const INSTALLATION: [u8; 16] = [0; 16];

/// The version of everything above and of the records' shapes.
pub(crate) const FORMAT: u32 = 4;

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
