//! Who belongs to a company.

use serde::{Deserialize, Serialize};

use crate::id::{CompanyId, UserId};
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// What a member is.
    pub enum Role {
        /// Owns the company. There is one at the most.
        Owner = "OWNER",
    }
}

/// A user's place in a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Of this company.
    pub company_id: CompanyId,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}
