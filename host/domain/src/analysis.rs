//! Analyses: what an interview has told about the candidate, as the dialler's side delivers it.

use serde::{Deserialize, Serialize};

use crate::id::{AnalysisId, CandidateId, CompanyId, InterviewId};
use crate::job::{Education, Experience};
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// How well the candidate fits the company.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum CompanyFit {
        Low = "LOW",
        Medium = "MEDIUM",
        High = "HIGH",
    }
}

words! {
    /// Whether there was enough to analyse.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum AnalysisStatus {
        Completed = "COMPLETED",
        Failed = "FAILED",
    }
}

/// One criterion, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What was looked at.
    pub criterion: String,
    /// 0 to 100.
    pub rating: u8,
    /// Why.
    pub comment: String,
}

/// What a request says of an analysis; checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisDraft {
    /// 0 to 100.
    pub overall_rating: u8,
    /// How well the candidate fits the company.
    pub company_fit: CompanyFit,
    /// The highest level.
    pub education: Education,
    /// Years in the trade.
    pub experience: Experience,
    /// Each 1 to 1000 characters, at most 50.
    pub strong_points: Vec<String>,
    /// As the strong ones.
    pub weak_points: Vec<String>,
    /// At most 50.
    pub evaluation: Vec<Evaluation>,
    /// Whether there was enough to analyse.
    pub status: AnalysisStatus,
    /// What only this kind of interview has: a JSON object as compact text.
    pub specific: Option<String>,
}

/// What an interview has told about the candidate; an interview has one at the most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Its id.
    pub id: AnalysisId,
    /// Of this interview.
    pub interview_id: InterviewId,
    /// Whose interview.
    pub company_id: CompanyId,
    /// About whom, so that it goes when they go.
    pub candidate_id: CandidateId,
    /// Grows by one with each change.
    pub revision: u64,
    /// What was said.
    pub body: AnalysisDraft,
    /// When it was delivered first.
    pub created_at: Timestamp,
    /// When it was delivered last.
    pub updated_at: Timestamp,
}

impl Analysis {
    /// The rating that counts for the candidate: a failed analysis has judged nobody.
    #[must_use]
    pub fn rating(&self) -> Option<u8> {
        (self.body.status == AnalysisStatus::Completed).then_some(self.body.overall_rating)
    }
}
