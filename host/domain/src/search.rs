//! `search` of lists (contract §1): every word given begins some word of the record, case-folded.

/// The words that a partner searches for. Words are runs of letters and digits, so that `jana@post.example` is
/// three of them, in the search as in the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search(Vec<String>);

impl Search {
    /// Takes the words out of a text; a text without any finds everything.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(words(&text.to_lowercase()).map(str::to_owned).collect())
    }

    /// Whether nothing is searched for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a record with these texts is found.
    #[must_use]
    pub fn finds(&self, texts: &[&str]) -> bool {
        let folded: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0.iter().all(|wanted| {
            folded.iter().flat_map(|text| words(text)).any(|word| word.starts_with(wanted.as_str()))
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_begins_some_word() {
        let texts = ["Jana", "Nováková", "jana.n@post.example"];
        for found in ["", " ", "jan", "NOVÁ", "nov jana", "jana@post", "example"] {
            assert!(Search::new(found).finds(&texts), "{found}");
        }
        for not_found in ["ana", "jana petra", "novak", "postexample"] {
            assert!(!Search::new(not_found).finds(&texts), "{not_found}");
        }
    }
}
