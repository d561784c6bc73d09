//! Every secondary index once, with its reason, and how its rows lie in the file.

/// A secondary index. Its rows lie in the table `Index` and begin with `owner (16) | tag (1) | value`. So all that
/// belongs to one candidate shares a page. Values are of one length per tag, or end in a way that none is the beginning
/// of another. What follows depends on the index's [`Shape`].
///
/// Entries, for what sorts by a moment, is unique, or is short by nature:
/// - `… | 0x01 | key of the record` → nothing
/// - where they are counted, `… | 0xFF` → how many (8), right behind the newest entry
///
/// Lists, for what is shown page by page or goes with its owner: records with keys of sixteen bytes. A commit that adds
/// many records to a list writes one row for all of them and one for each 32, where entries would be rows each; and a
/// far page is found in as many rows. The newest 8 to 39 records lie in the list's head, which is written again, and
/// all before in blocks of 32, which are not.
/// - head: `… | 0xFF` → how many in all (8) | the first that the head may hold (16) | keys of records (16 each), oldest
///   first
/// - block: `… | 0x01 | first key (16)` → keys of records (16 each), oldest first
///
/// Words are lists whose value is `word | 0x00 0x00`. A record is in many of them, one for each beginning of each of its
/// words (a candidate in about 30, a job with its description in some hundred): each such list must be there, for a
/// search finds its page and its total without reading what else it matches.
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
    /// ATS: `GET /company`.
    Company = 5,
    /// Company: agents name one of its numbers.
    PhoneNumber = 6,
    /// Installation, number: one number belongs to one company.
    PhoneNumberByNumber = 7,
    /// Company: `GET /jobs`.
    Job = 10,
    /// Company, status: its filter.
    JobByStatus = 11,
    /// Company, beginning of a word: `search`.
    JobByWord = 12,
    /// Company: `GET /agents`.
    Agent = 20,
    /// Company, type: its filter.
    AgentByType = 21,
    /// Company, focus: its filter.
    AgentByFocus = 22,
    /// Company: `GET /candidates`.
    Candidate = 30,
    /// Company, job: its filter, and the assignments that a deleted job clears.
    CandidateByJob = 31,
    /// Company, status: its filter.
    CandidateByStatus = 32,
    /// Company, beginning of a word: `search`.
    CandidateByWord = 33,
    /// Company: `GET /interviews`.
    Interview = 40,
    /// Company, status: its filter.
    InterviewByStatus = 41,
    /// Company, agent: its filter, and the interviews that a deleted agent cancels.
    InterviewByAgent = 42,
    /// Company, job: its filter.
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
    /// Candidate: its filter, and `interviewCount`, so that the candidate is not rewritten.
    InterviewOfCandidate = 50,
    /// Candidate: goes with the candidate. Only those that no interview names.
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
    /// Candidate: `GET /candidates/{id}/analyses` and `analysisCount`.
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

/// How the rows of an index lie in the file; see [`Tag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One for each record.
    Entries,
    /// The same, and how many there are.
    CountedEntries,
    /// A list of keys for each value of so many bytes.
    List { value_bytes: usize },
    /// A list of keys for each beginning of a word.
    Words,
}

impl Tag {
    /// Those whose rows are lists.
    const LISTS: [Self; 21] = [
        Self::Company,
        Self::Job,
        Self::JobByStatus,
        Self::Agent,
        Self::AgentByType,
        Self::AgentByFocus,
        Self::Candidate,
        Self::CandidateByJob,
        Self::CandidateByStatus,
        Self::Interview,
        Self::InterviewByStatus,
        Self::InterviewByAgent,
        Self::InterviewByJob,
        Self::DecisionOfCompany,
        Self::InterviewOfCandidate,
        Self::DecisionOfCandidate,
        Self::AnalysisOfCandidate,
        Self::DecisionBySlot,
        Self::DecisionFailed,
        Self::JobByWord,
        Self::CandidateByWord,
    ];

    /// Those whose number in the file this is, if its rows are lists.
    pub(crate) fn of_list(number: u8) -> Option<Self> {
        Self::LISTS.into_iter().find(|tag| *tag as u8 == number)
    }

    /// How its rows lie in the file.
    pub(crate) const fn shape(self) -> Shape {
        match self {
            Self::Company
            | Self::Job
            | Self::Agent
            | Self::Candidate
            | Self::Interview
            | Self::DecisionOfCompany
            | Self::InterviewOfCandidate
            | Self::DecisionOfCandidate
            | Self::AnalysisOfCandidate
            | Self::DecisionFailed => Shape::List { value_bytes: 0 },
            Self::JobByStatus
            | Self::AgentByType
            | Self::AgentByFocus
            | Self::CandidateByStatus
            | Self::InterviewByStatus
            | Self::DecisionBySlot => Shape::List { value_bytes: 1 },
            Self::CandidateByJob | Self::InterviewByAgent | Self::InterviewByJob => {
                Shape::List { value_bytes: 16 }
            }
            Self::JobByWord | Self::CandidateByWord => Shape::Words,
            Self::LeaseOfCompany | Self::UsageHeld => Shape::CountedEntries,
            Self::AtsByName
            | Self::KeyOfAts
            | Self::KeyOfCompany
            | Self::PhoneNumber
            | Self::PhoneNumberByNumber
            | Self::EventOfCompany
            | Self::OutboxOfCompany
            | Self::ReplyOfCompany
            | Self::RemovalOfJob
            | Self::EventOfCandidate
            | Self::OutboxOfCandidate
            | Self::ReplyOfCandidate
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
            | Self::InvitationByDeadline => Shape::Entries,
        }
    }
}
