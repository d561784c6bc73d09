//! Languages and how well they are spoken.

use crate::words::words;

words! {
    /// Common European Framework of Reference.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum CefrLevel {
        A1 = "A1",
        A2 = "A2",
        B1 = "B1",
        B2 = "B2",
        C1 = "C1",
        C2 = "C2",
    }
}

words! {
    /// The contract's list.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum Language {
        Undefined = "UNDEFINED",
        En = "EN",
        Ja = "JA",
        Zh = "ZH",
        De = "DE",
        Hi = "HI",
        Fr = "FR",
        Ko = "KO",
        Pt = "PT",
        It = "IT",
        Es = "ES",
        Id = "ID",
        Nl = "NL",
        Tr = "TR",
        Fil = "FIL",
        Pl = "PL",
        Sv = "SV",
        Bg = "BG",
        Ro = "RO",
        Ar = "AR",
        Cs = "CS",
        El = "EL",
        Fi = "FI",
        Hr = "HR",
        Ms = "MS",
        Sk = "SK",
        Da = "DA",
        Ta = "TA",
        Uk = "UK",
        Ru = "RU",
        Hu = "HU",
        No = "NO",
        Vi = "VI",
    }
}
