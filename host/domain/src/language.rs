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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_and_levels_are_the_contracts() {
        let words: Vec<_> = Language::ALL.iter().map(|language| language.as_str()).collect();
        assert_eq!(
            words.join(" "),
            "UNDEFINED EN JA ZH DE HI FR KO PT IT ES ID NL TR FIL PL SV BG RO AR CS EL FI HR MS SK DA TA \
             UK RU HU NO VI"
        );
        let levels: Vec<_> = CefrLevel::ALL.iter().map(|level| level.as_str()).collect();
        assert_eq!(levels, ["A1", "A2", "B1", "B2", "C1", "C2"]);
        assert!(CefrLevel::A2 < CefrLevel::B1);
    }
}
