//! A list as it lies in the file, row by row: for the walk that finds contradictions.

use std::fmt;

use super::super::record::hex;
use super::super::schema::{Shape, Tag};
use super::{BLOCK, HEAD, Head, Key, KeyList, decode};

/// The rows of one list, in the order of their keys, as far as they were read.
#[derive(Debug)]
pub(crate) struct StoredList {
    list: KeyList,
    /// Of all blocks.
    keys: Vec<Key>,
    head: Option<Head>,
    /// The first thing that was wrong.
    wrong: Option<String>,
}

/// Bytes of a list's rows before its value: the owner and the tag.
const BEFORE_VALUE: usize = 17;

impl KeyList {
    /// The list that a row of the index belongs to, if it belongs to one.
    pub(crate) fn of_row(key: &[u8]) -> Option<Self> {
        let tag = Tag::of_list(*key.get(BEFORE_VALUE - 1)?)?;
        let rest = &key[BEFORE_VALUE..];
        let value_bytes = match tag.shape() {
            Shape::List { value_bytes } => value_bytes,
            // No letter of a word is zero, so the first one ends it.
            Shape::Words => rest.iter().position(|byte| *byte == 0).map_or(rest.len(), |end| end + 2),
            Shape::Entries | Shape::CountedEntries => return None,
        };
        // A row without an end is a list of its own.
        let end = (BEFORE_VALUE + value_bytes).min(key.len());
        Some(Self { prefix: key[..end].to_vec() })
    }
}

impl fmt::Display for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Words are personal data, so that the bytes are enough for whoever looks for the row.
        f.write_str(&hex(&self.prefix))
    }
}

impl StoredList {
    pub(crate) const fn new(list: KeyList) -> Self {
        Self { list, keys: Vec::new(), head: None, wrong: None }
    }

    pub(crate) const fn list(&self) -> &KeyList {
        &self.list
    }

    /// Takes the next row.
    pub(crate) fn read(&mut self, key: &[u8], value: &[u8]) {
        let rest = key.strip_prefix(self.list.prefix.as_slice()).unwrap_or_default();
        let right = match rest.split_first() {
            Some((&HEAD, [])) => self.read_head(value),
            Some((&BLOCK, first)) => {
                first.try_into().is_ok_and(|first| self.read_block(Key::from_be_bytes(first), value))
            }
            _ => false,
        };
        if !right && self.wrong.is_none() {
            self.wrong = Some(format!("row {} cannot be right", hex(rest)));
        }
    }

    /// Blocks come before the head.
    fn read_block(&mut self, first: Key, value: &[u8]) -> bool {
        let Some(keys) = decode(value) else { return false };
        let follows = self.keys.last().is_none_or(|last| *last < first);
        let is_right =
            follows && keys.is_sorted_by(|left, right| left < right) && keys.first() >= Some(&first);
        self.keys.extend(keys);
        is_right
    }

    fn read_head(&mut self, value: &[u8]) -> bool {
        let Some(head) = Head::decode(value) else { return false };
        let is_right = head.keys.is_sorted_by(|left, right| left < right)
            && head.keys.first().is_none_or(|first| head.open_from <= *first)
            && self.keys.last().is_none_or(|last| *last < head.open_from);
        self.head = Some(head);
        is_right
    }

    /// Its records, or what is wrong with it.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, String> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let Some(head) = &self.head else { return Err("its head is missing".to_owned()) };
        let keys = [self.keys.as_slice(), &head.keys].concat();
        match u64::try_from(keys.len()) {
            Ok(found) if found == head.total => Ok(keys),
            _ => Err(format!("it has {} records and says {}", keys.len(), head.total)),
        }
    }
}
