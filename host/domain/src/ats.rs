//! The ATS: who integrates.

use serde::{Deserialize, Serialize};

use crate::id::AtsId;
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// Whether real telephone networks are reached. Keys are of their ATS's mode.
    pub enum Mode {
        /// `sk_live_` keys.
        Live = "live",
        /// `sk_test_` keys; its calls go to no telephone network.
        Test = "test",
    }
}

words! {
    /// The unit in which a company's calls are billed.
    pub enum BillingSystem {
        /// Minutes, in thousandths inside.
        Minutes = "minutes",
        /// Credits, in thousandths inside.
        Credits = "credits",
    }
}

/// An applicant tracking system that integrates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ats {
    /// Its id.
    pub id: AtsId,
    /// 1 to 100 characters; unique names may stand for the id in a slot.
    pub name: String,
    /// Live or test, for ever.
    pub mode: Mode,
    /// What its new companies are billed in.
    pub billing_system: BillingSystem,
    /// Whether `Z` in a timestamp is read as the written offset `+00:00`.
    pub zulu_is_offset: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
