//! Free-form metadata: a JSON object of bounded size, depth and number of keys.

use serde::{Deserialize, Serialize};

/// A checked metadata object, kept as compact JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata(String);
