//! `search` of lists (contract §1): every word given begins some word of the record, case-folded.
//!
//! Words are runs of letters and digits with the marks on them, so that `jana@post.example` is three of them, in
//! the search as in the record. Texts are compared after canonical composition (NFC) and Unicode's full case
//! folding: `STRASSE` is `Straße`, `ΟΔΥΣΣΕΥΣ` is `Οδυσσευς`, and an `é` is one however it was typed. Accents
//! count, as they do in a name: `novak` does not find `Nováková`.
//!
//! What is said here of a text lies in the lists of every file. Whoever changes it changes the stored format.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

use crate::bounds::{SEARCH_BEGINNING_CHARS, SEARCH_WORDS_MAX};
use crate::problem::Flaw;

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const MARKS: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();

/// The words that a partner searches for: folded, in order, none of them the beginning of another, since that
/// other one asks for more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search(Vec<String>);

impl Search {
    /// Takes the words out of a text; a text without any finds everything.
    ///
    /// # Errors
    /// There are too many.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let folded = fold(text);
        let mut found: Vec<&str> = words(&folded).collect();
        found.sort_unstable();
        let begins_next =
            |place: usize| found.get(place + 1).is_some_and(|next| next.starts_with(found[place]));
        let asked = (0..found.len()).filter(|place| !begins_next(*place));
        let asked: Vec<String> = asked.map(|place| found[place].to_owned()).collect();
        if SEARCH_WORDS_MAX < asked.len() {
            let flaw =
                format!("must have at most {SEARCH_WORDS_MAX} different words; it has {}", asked.len());
            return Err(Flaw::invalid(flaw));
        }
        Ok(Self(asked))
    }

    /// Whether nothing is searched for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of each word what [`beginnings`] has of it.
    pub fn beginnings(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|word| cut(word))
    }

    /// Whether a record whose [`beginnings`] have all of this one's is found for sure. Otherwise a word is longer
    /// than what they tell, and [`Search::finds`] has to decide.
    #[must_use]
    pub fn is_told_by_beginnings(&self) -> bool {
        self.0.iter().all(|word| cut(word).len() == word.len())
    }

    /// Whether a record with these texts is found.
    #[must_use]
    pub fn finds(&self, texts: &[&str]) -> bool {
        let folded: Vec<Cow<'_, str>> = texts.iter().map(|text| fold(text)).collect();
        self.0.iter().all(|wanted| {
            folded.iter().flat_map(|text| words(text)).any(|word| word.starts_with(wanted.as_str()))
        })
    }
}

/// All that a search may ask for and find a record with these texts: every beginning of every word, of up to
/// [`SEARCH_BEGINNING_CHARS`] letters, in order, each once.
#[must_use]
pub fn beginnings(texts: &[&str]) -> Vec<String> {
    let folded: Vec<Cow<'_, str>> = texts.iter().map(|text| fold(text)).collect();
    let mut found: Vec<&str> = folded.iter().flat_map(|text| words(text)).map(cut).collect();
    found.sort_unstable();
    found.dedup();
    let mut all = Vec::new();
    let mut before = "";
    for word in found {
        // What it shares with the word before was said there. Both are in order, so no earlier one shares more.
        let shared = shared_bytes(before, word);
        let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8());
        all.extend(ends.filter(|end| shared < *end).map(|end| word[..end].to_owned()));
        before = word;
    }
    all
}

/// Bytes at the beginning in which the two agree.
fn shared_bytes(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count()
}

fn cut(word: &str) -> &str {
    word.char_indices().nth(SEARCH_BEGINNING_CHARS).map_or(word, |(end, _)| &word[..end])
}

/// The form in which texts are compared.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let folded: String = NFC.normalize(text).chars().flat_map(fold_letter).collect();
    Cow::Owned(NFC.normalize(&folded).into_owned())
}

/// Letter by letter, since `str::to_lowercase` looks at a sigma's neighbours. Up and down again is what full case
/// folding does: `ß` is `ss`, and every sigma is the same. First down, for capitals that have no other case above
/// them, such as `ẞ`.
fn fold_letter(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|letter| !is_of_a_word(letter)).filter(|word| !word.is_empty())
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || MARKS.get_u8(letter) != 0
}

#[cfg(test)]
mod tests;
