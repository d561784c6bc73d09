//! Leases: who has a call in hand, until when, and what was said of its end.
//!
//! A lease outlives its interview: a call that is in progress when the interview is deleted still ends, and what it
//! cost is still known. It holds ids and quantities only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agent::{AgentFocus, AgentType};
use crate::ats::BillingSystem;
use crate::bounds::{CALL_SECONDS_MAX, LEASE_KEPT_SECONDS};
use crate::call_attempt::ReasonCode;
use crate::id::{AtsId, CallAttemptId, CompanyId, InterviewId};
use crate::rejection::Rejection;
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// How a call ended, as the dialler says it.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum Outcome {
        Completed = "COMPLETED",
        NoAnswer = "NO_ANSWER",
        Busy = "BUSY",
        Voicemail = "VOICEMAIL",
        Declined = "DECLINED",
        InvalidNumber = "INVALID_NUMBER",
        NetworkError = "NETWORK_ERROR",
        AgentError = "AGENT_ERROR",
    }
}

impl Outcome {
    /// Why it failed, unless it did not.
    #[must_use]
    pub const fn failure(self) -> Option<ReasonCode> {
        match self {
            Self::Completed => None,
            Self::NoAnswer => Some(ReasonCode::NoAnswer),
            Self::Busy => Some(ReasonCode::Busy),
            Self::Voicemail => Some(ReasonCode::Voicemail),
            Self::Declined => Some(ReasonCode::Declined),
            Self::InvalidNumber => Some(ReasonCode::InvalidNumber),
            Self::NetworkError => Some(ReasonCode::NetworkError),
            Self::AgentError => Some(ReasonCode::AgentError),
        }
    }
}

/// What is in somebody's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Leased {
    /// A call to a phone.
    Call(CallAttemptId),
    /// An online interview.
    Online(InterviewId),
}

/// Who has a call in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Of what.
    pub of: Leased,
    /// The interview, which may be deleted meanwhile.
    pub interview_id: InterviewId,
    /// Whose call it is.
    pub company_id: CompanyId,
    /// Whose company it is.
    pub ats_id: AtsId,
    /// Grows by one with each change.
    pub revision: u64,
    /// SHA-256 of the token: whoever reads the file cannot speak for the dialler.
    pub token_hash: [u8; 32],
    /// How far a heartbeat that names no length reaches.
    pub length_seconds: u32,
    /// When the call began.
    pub began_at: Timestamp,
    /// From then on it is lost, unless it has ended.
    pub expires_at: Timestamp,
    /// When the attempt was due.
    pub scheduled_at: Timestamp,
    /// Of the attempt; 0 of an online interview.
    pub retry_number: u32,
    /// For the usage record of an interview that is deleted meanwhile.
    pub agent_focus: AgentFocus,
    /// For the same.
    pub agent_duration_minutes: u32,
    /// For the usage record of a company that is deleted meanwhile: its unit when the call began.
    pub billing_system: BillingSystem,
    /// Once it is over.
    pub ended: Option<LeaseEnd>,
}

/// How a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseEnd {
    /// When.
    pub at: Timestamp,
    /// What the dialler said; absent where it said nothing in time.
    pub completion: Option<Completion>,
}

/// What a dialler said of the end, as far as it is kept here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// How it ended.
    pub outcome: Outcome,
    /// Of the conversation.
    pub duration_seconds: u32,
    /// SHA-256 over all of it: the same completion again is told from another one.
    pub digest: [u8; 32],
}

/// What a completion finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The call is over now.
    Now,
    /// It was over, and just this was said of it.
    Again,
}

impl Leased {
    /// By phone or online.
    #[must_use]
    pub const fn agent_type(self) -> AgentType {
        match self {
            Self::Call(_) => AgentType::Phone,
            Self::Online(_) => AgentType::Online,
        }
    }

    /// The id's bytes. Ids of both kinds are drawn from one source and never meet.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        match self {
            Self::Call(id) => id.bytes(),
            Self::Online(id) => id.bytes(),
        }
    }
}

impl Lease {
    /// Whether somebody has it in hand, in time or not.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.ended.is_none()
    }

    /// No call lasts longer than this (contract §7).
    #[must_use]
    pub fn longest_end(&self) -> Timestamp {
        self.began_at.plus(Duration::from_secs(CALL_SECONDS_MAX.into()))
    }

    /// When it moves on by itself: a live one is lost then, an ended one is forgotten.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        match self.ended {
            None => self.expires_at,
            Some(end) => end.at.plus(Duration::from_secs(LEASE_KEPT_SECONDS.into())),
        }
    }

    /// Until when a lease that begins or beats now holds.
    #[must_use]
    pub fn until(&self, now: Timestamp, length_seconds: u32) -> Timestamp {
        now.plus(Duration::from_secs(length_seconds.into())).min(self.longest_end())
    }

    /// A heartbeat: prolongs it.
    ///
    /// # Errors
    /// [`Rejection::LeaseLost`]
    pub fn beat(
        &mut self,
        token_hash: &[u8; 32],
        length_seconds: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        self.check_in_hand(token_hash, now)?;
        self.expires_at = self.until(now, length_seconds.unwrap_or(self.length_seconds));
        self.revision += 1;
        Ok(())
    }

    /// Whether what a dialler says of the end holds.
    ///
    /// # Errors
    /// [`Rejection::LeaseLost`]: another token, too late, or something else was said before.
    pub fn check_end(
        &self,
        token_hash: &[u8; 32],
        completion: &Completion,
        now: Timestamp,
    ) -> Result<Ends, Rejection> {
        match self.ended.and_then(|end| end.completion) {
            Some(said) if self.token_hash == *token_hash && said.digest == completion.digest => {
                Ok(Ends::Again)
            }
            _ => self.check_in_hand(token_hash, now).map(|()| Ends::Now),
        }
    }

    /// It is over.
    pub fn end(&mut self, at: Timestamp, completion: Option<Completion>) {
        self.ended = Some(LeaseEnd { at, completion });
        self.revision += 1;
    }

    fn check_in_hand(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<(), Rejection> {
        let is_in_hand = self.is_live() && now < self.expires_at && self.token_hash == *token_hash;
        if is_in_hand { Ok(()) } else { Err(Rejection::LeaseLost) }
    }
}

#[cfg(test)]
mod tests;
