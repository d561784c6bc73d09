use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn search(text: &str) -> Search {
    Search::parse(text).expect("a search")
}

/// Whether the lists and a look at the record agree, and what they say.
fn finds(wanted: &str, texts: &[&str]) -> bool {
    let search = search(wanted);
    let known = beginnings(texts);
    let is_listed = search.beginnings().all(|beginning| known.iter().any(|known| known == beginning));
    let is_found = search.finds(texts);
    assert!(is_listed || !is_found, "{wanted:?} in {texts:?}: what is found is listed");
    assert!(
        is_found || !is_listed || !search.is_told_by_beginnings(),
        "{wanted:?} in {texts:?}: what is listed is found, where that is promised"
    );
    is_found
}

#[test]
fn every_word_begins_some_word() {
    let texts = ["Jana", "Nováková", "jana.n@post.example"];
    for found in ["", " ", "jan", "NOVÁ", "nov jana", "jana@post", "example", "J", "jana jan j", "n  -- nov"]
    {
        assert!(finds(found, &texts), "{found}");
    }
    for not_found in ["ana", "jana petra", "novak", "nova", "postexample", "janan"] {
        assert!(!finds(not_found, &texts), "{not_found}");
    }
}

#[test]
fn letters_are_folded_as_unicode_says() {
    for (wanted, text) in [
        ("STRASSE", "Straße"),
        ("straße", "STRASSE"),
        ("straß", "STRAẞE"),
        ("strass", "Straße"),
        ("ΟΔΥΣ", "Οδυσσευς"),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("οδυσσευσ", "ΟΔΥΣΣΕΥΣ"),
        ("ЩУКИН", "Щукин"),
        ("İstanbul", "i\u{307}stanbul"),
        ("istanbul", "ISTANBUL"),
        ("ﬁnn", "Finn"),
        ("Nova\u{301}k", "Novák"),
        ("NOV\u{c1}", "Nova\u{301}kova\u{301}"),
        ("Å", "A\u{30a}ngström"),
        ("हिन्दी", "हिन्दी भाषा"),
        ("हिन्द", "हिन्दी भाषा"),
        ("山田", "山田太郎"),
        ("o'brien", "O’Brien"),
        ("42a", "Block 42A"),
    ] {
        assert!(finds(wanted, &[text]), "{wanted} in {text}");
    }
    for (wanted, text) in
        [("e", "é"), ("kova", "Nova\u{301}kova\u{301}"), ("太郎", "山田太郎"), ("stanbul", "İstanbul")]
    {
        assert!(!finds(wanted, &[text]), "{wanted} in {text}");
    }
}

#[test]
fn beginnings_are_all_and_each_once() {
    assert_eq!(beginnings(&["Ann", "ana-an", ""]), ["a", "an", "ana", "ann"]);
    assert_eq!(beginnings(&[]), [""; 0]);
    let long = "x".repeat(40);
    let known = beginnings(&[&long]);
    assert_eq!(known.len(), SEARCH_BEGINNING_CHARS);
    // Longer words are not told apart by their beginnings, and are by a look.
    let longer = search(&"x".repeat(41));
    assert_eq!(longer.beginnings().collect::<Vec<_>>(), [known.last().expect("some").as_str()]);
    assert!(!longer.is_told_by_beginnings() && !longer.finds(&[&long]));
    assert!(search(&"é".repeat(SEARCH_BEGINNING_CHARS)).is_told_by_beginnings());
}

#[test]
fn so_many_words_and_no_more() {
    let words = |count: usize| (0..count).map(|word| format!("w{word:03}x ")).collect::<String>();
    assert_eq!(search(&words(SEARCH_WORDS_MAX)).beginnings().count(), SEARCH_WORDS_MAX);
    assert!(Search::parse(&words(SEARCH_WORDS_MAX + 1)).is_err());
    // A word that is asked for again asks for nothing more.
    assert_eq!(search(&"jana jan JANA ".repeat(99)).beginnings().collect::<Vec<_>>(), ["jana"]);
}

/// The lists in every file were built with these tables of letters. When a newer compiler or library knows more
/// letters, this fails: grow the store's `FORMAT`, and let the migration build the lists again.
#[test]
fn letters_are_folded_and_cut_as_they_are_in_files() {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for letter in '\0'..=char::MAX {
        let text = letter.to_string();
        let folded = fold(&text);
        let told = words(&folded).collect::<Vec<_>>().join(" ");
        for byte in told.bytes().chain([u8::from(is_of_a_word(letter))]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    assert_eq!(hash, 0xeb6e_8e7f_61dd_48cc, "{hash:#x}");
}

/// Texts in which words meet and share beginnings.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abß ]{0,12}",
        "[aA\u{301}á'.@ ]{0,12}",
        "[σςΣ ]{0,8}",
        "\\PC{0,12}",
        "[ab]{14,20}( [ab]{14,20})?"
    ]
}

proptest! {
    #[test]
    fn lists_and_looks_agree(wanted in text(), texts in prop::collection::vec(text(), 0..4)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        finds(&wanted, &texts);
        let known = beginnings(&texts);
        let distinct: BTreeSet<&String> = known.iter().collect();
        prop_assert_eq!(distinct.len(), known.len());
        prop_assert!(known.is_sorted());
    }

    #[test]
    fn whatever_a_record_says_finds_it(texts in prop::collection::vec(text(), 0..4)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for text in &texts {
            prop_assert!(finds(text, &texts));
            prop_assert!(finds(&text.to_uppercase(), &texts));
            prop_assert!(finds(&text.to_lowercase(), &texts));
        }
        for beginning in beginnings(&texts) {
            prop_assert!(finds(&beginning, &texts));
        }
    }
}
