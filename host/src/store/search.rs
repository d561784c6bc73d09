//! Word lists: for each beginning of each word that `search` looks into, the list of the records that have such a
//! word.

use switchboard_domain::search::beginnings;

use super::codec;
use super::index::Place;
use super::key_list::KeyList;
use super::schema::Tag;

/// The texts of a record that `search` looks into, whose it is, and the index of its words.
#[derive(Debug, PartialEq, Eq)]
pub struct Searched<'a> {
    pub(crate) owner: [u8; 16],
    pub(crate) tag: Tag,
    pub(crate) texts: Vec<&'a str>,
}

impl Searched<'_> {
    /// The lists that the record is in, in order, each once.
    pub(crate) fn lists(&self) -> Vec<KeyList> {
        beginnings(&self.texts).iter().map(|word| with_word(self.owner, self.tag, word)).collect()
    }
}

/// The records of one owner that have a word which begins so.
pub(crate) fn with_word(owner: [u8; 16], tag: Tag, word: &str) -> KeyList {
    let mut value = Vec::with_capacity(word.len() + 2);
    codec::push_text(&mut value, word);
    Place::new(owner, tag, &value).into()
}
