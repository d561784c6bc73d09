//! Phone numbers: E.164 text, and the numbers that companies call from.

use serde::{Deserialize, Serialize};

use crate::id::{CompanyId, PhoneNumberId};
use crate::time::Timestamp;

/// A possible number in E.164 form. Masked in `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhoneNumber(String);

/// A number that is assigned to a company; its phone agents call from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyPhoneNumber {
    /// Its id.
    pub id: PhoneNumberId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// The number.
    pub number: PhoneNumber,
    /// Since when.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneNumber(***)")
    }
}
