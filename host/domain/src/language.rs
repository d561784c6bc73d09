//! Languages and how well they are spoken.

use serde::{Deserialize, Serialize};

/// Common European Framework of Reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum CefrLevel {
    A1,
    A2,
    B1,
    B2,
    C1,
    C2,
}

/// The contract's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum Language {
    Undefined,
    En,
    Ja,
    Zh,
    De,
    Hi,
    Fr,
    Ko,
    Pt,
    It,
    Es,
    Id,
    Nl,
    Tr,
    Fil,
    Pl,
    Sv,
    Bg,
    Ro,
    Ar,
    Cs,
    El,
    Fi,
    Hr,
    Ms,
    Sk,
    Da,
    Ta,
    Uk,
    Ru,
    Hu,
    No,
    Vi,
}
