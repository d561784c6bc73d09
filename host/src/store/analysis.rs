//! Analysis rows: one of an interview, listed by candidate.

use switchboard_domain::analysis::Analysis;
use switchboard_domain::id::{AnalysisId, CandidateId, InterviewId};

use super::Error;
use super::index::Place;
use super::key_list::KeyList;
use super::list::{PageRequest, Walk};
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
use super::txn::Read;

impl Record for Analysis {
    type Id = AnalysisId;
    const TABLE: Table = Table::Analysis;

    fn id(&self) -> AnalysisId {
        self.id
    }

    fn key(id: &AnalysisId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![of_interview(self.interview_id), of_candidate(self.candidate_id)].into()
    }
}

pub(crate) fn of_interview(interview_id: InterviewId) -> Place {
    Place::new(*interview_id.bytes(), Tag::AnalysisOfInterview, &[])
}

pub(crate) fn of_candidate(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::AnalysisOfCandidate, &[])
}

/// The analysis of an interview, if there is one.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of(read: &impl Read, interview_id: InterviewId) -> Result<Option<Analysis>, Error> {
    let first = of_interview(interview_id).keys(read)?.next().transpose()?;
    first.map(|key| record::named(read, &key)).transpose()
}

/// The way to a page of the analyses about a candidate, newest first.
#[must_use]
pub fn walk(candidate_id: CandidateId, request: &PageRequest) -> Walk<Analysis> {
    Walk::new(vec![of_candidate(candidate_id).into()], *request)
}

/// How many there are about a candidate.
///
/// # Errors
/// The engine fails.
pub fn count(read: &impl Read, candidate_id: CandidateId) -> Result<u64, Error> {
    of_candidate(candidate_id).count(read)
}

/// The rating of the newest analysis about a candidate that judged them.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn newest_rating(read: &impl Read, candidate_id: CandidateId) -> Result<Option<u8>, Error> {
    for key in KeyList::from(of_candidate(candidate_id)).newest(read, None)? {
        if let Some(rating) = record::named::<Analysis>(read, &key?.to_be_bytes())?.rating() {
            return Ok(Some(rating));
        }
    }
    Ok(None)
}
