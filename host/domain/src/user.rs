//! People who sign in: known by their e-mail address in the whole installation.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::text::EmailAddress;
use crate::time::Timestamp;

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// As written. Two users never have addresses that differ in case only ([`EmailAddress::folded`]).
    pub email: EmailAddress,
    /// 1 to 200 characters.
    pub name: String,
    /// When they were made.
    pub created_at: Timestamp,
}
