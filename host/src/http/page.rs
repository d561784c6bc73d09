//! Lists: which page is asked for, and the frame in which it is answered.

use serde::Serialize;
use switchboard_domain::problem::{Flaw, Problems};
use utoipa::ToSchema;

use super::query::Query;

/// The last page that can be asked for by number; further ones are reached with `after`.
pub const PAGE_MAX: u32 = 10_000;
/// Entries of one page at most.
pub const LIMIT_MAX: u32 = 100;
/// Entries of a page for which no limit was sent.
pub const LIMIT_DEFAULT: u32 = 20;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// From 1. With `after`, the number that the cursor carries.
    pub page: u32,
    /// Entries at most.
    pub limit: u32,
    /// Continue behind this entry, whatever was inserted since; then `page` only counts.
    pub after: Option<Cursor>,
}

impl Listing {
    /// Reads `page`, `limit` and `after`. Where all three are sent, `after` says where to go on.
    pub fn read(query: &Query, problems: &mut Problems) -> Self {
        let page = query.read("page", problems, |text| number(text, PAGE_MAX)).unwrap_or(1);
        let limit = query.read("limit", problems, |text| number(text, LIMIT_MAX)).unwrap_or(LIMIT_DEFAULT);
        let after = query.read("after", problems, Cursor::parse);
        Self { page: after.map_or(page, |cursor| cursor.page), limit, after }
    }

    /// How many entries stand before the page, without `after`.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.limit)
    }
}

fn number(text: &str, max: u32) -> Result<u32, Flaw> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits && (1..=max).contains(&number) => Ok(number),
        _ => Err(Flaw::invalid(format!("must be a whole number from 1 to {max}"))),
    }
}

/// The place behind one entry of a list: its id, and the number of the page that begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    page: u32,
    id: [u8; 16],
}

/// A cursor is the end of a page, and where the next one begins.
const FIRST_PAGE_OF_A_CURSOR: u32 = 2;
/// Begins every cursor, so that its form can change.
const CURSOR_VERSION: &str = "c1";

/// The form of every cursor, for the document.
pub const CURSOR_PATTERN: &str = "^c1[0-9a-f]{40}$";

impl Cursor {
    /// The place behind the entry with this id, where page `page` begins.
    #[must_use]
    pub const fn new(page: u32, id: [u8; 16]) -> Self {
        Self { page, id }
    }

    /// The sixteen bytes of the id.
    #[must_use]
    pub const fn id_bytes(&self) -> &[u8; 16] {
        &self.id
    }

    /// Reads what [`Cursor`]'s text form wrote, and nothing else.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let read = || {
            let hex = text.strip_prefix(CURSOR_VERSION)?;
            if hex.len() != 40 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return None;
            }
            let page = u32::from_str_radix(&hex[..8], 16).ok()?;
            let id = u128::from_str_radix(&hex[8..], 16).ok()?;
            if page < FIRST_PAGE_OF_A_CURSOR {
                return None;
            }
            Some(Self { page, id: id.to_be_bytes() })
        };
        read().ok_or_else(|| Flaw::invalid("must be the nextCursor of an earlier answer, unchanged"))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{CURSOR_VERSION}{:08x}{:032x}", self.page, u128::from_be_bytes(self.id))
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageView<T> {
    /// The entries, newest first.
    pub data: Vec<T>,
    /// Entries of the whole list.
    pub total: u64,
    /// From 1.
    #[schema(minimum = 1)]
    pub page: u32,
    /// Entries of a page at most.
    #[schema(minimum = 1, maximum = 100)]
    pub limit: u32,
    /// 0 for an empty list.
    pub total_pages: u64,
    /// Whether entries follow.
    pub has_next_page: bool,
    /// Whether entries stand before.
    pub has_previous_page: bool,
    /// For `after`; null where nothing follows.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> PageView<T> {
    /// Frames the entries of a page. `last_id` is that of the last of them, `more` whether any follow it.
    #[must_use]
    pub fn new(listing: &Listing, total: u64, data: Vec<T>, last_id: Option<[u8; 16]>, more: bool) -> Self {
        let next = last_id.filter(|_| more).map(|id| Cursor::new(listing.page.saturating_add(1), id));
        Self {
            data,
            total,
            page: listing.page,
            limit: listing.limit,
            total_pages: total.div_ceil(u64::from(listing.limit.max(1))),
            has_next_page: more,
            has_previous_page: total > 0 && (listing.page > 1 || listing.after.is_some()),
            next_cursor: next.map(|cursor| cursor.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> (Listing, Vec<String>) {
        let mut problems = Problems::default();
        let listing = Listing::read(&Query::parse(Some(raw)), &mut problems);
        (listing, problems.list().iter().map(|problem| problem.path.clone()).collect())
    }

    #[test]
    fn defaults_and_bounds() {
        assert_eq!(read(""), (Listing { page: 1, limit: 20, after: None }, vec![]));
        assert_eq!(read("page=10000&limit=100").0.offset(), 999_900);
        for wrong in ["0", "-1", "+1", "1.0", "", "abc", "10001", "99999999999", "%201"] {
            assert_eq!(read(&format!("page={wrong}")).1, ["page"], "{wrong}");
        }
        assert_eq!(read("page=0&limit=101&after=x").1, ["page", "limit", "after"]);
    }

    #[test]
    fn pages_of_a_list_of_45() {
        let at = |page| Listing { page, limit: 20, after: None };
        let first = PageView::new(&at(1), 45, vec![0; 20], Some([7; 16]), true);
        assert_eq!((first.total_pages, first.has_next_page, first.has_previous_page), (3, true, false));
        let cursor = Cursor::parse(&first.next_cursor.unwrap()).unwrap();
        assert_eq!((cursor.page, cursor.id_bytes()), (2, &[7; 16]));
        let last = PageView::new(&at(3), 45, vec![0; 5], Some([9; 16]), false);
        assert_eq!((last.has_next_page, last.has_previous_page, last.next_cursor), (false, true, None));
        let beyond = PageView::new(&at(9), 45, Vec::<u8>::new(), None, false);
        assert_eq!((beyond.has_next_page, beyond.has_previous_page), (false, true));
        let empty = PageView::new(&at(2), 0, Vec::<u8>::new(), None, false);
        assert_eq!((empty.total_pages, empty.has_previous_page), (0, false));
    }

    #[test]
    fn a_cursor_of_a_page_that_none_leads_to_is_refused() {
        for (page, is_read) in [(0, false), (1, false), (2, true), (u32::MAX, true)] {
            let text = Cursor::new(page, [7; 16]).to_string();
            assert_eq!(Cursor::parse(&text).is_ok(), is_read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_back(page in FIRST_PAGE_OF_A_CURSOR.., id: [u8; 16]) {
            let cursor = Cursor::new(page, id);
            prop_assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        }

        #[test]
        fn other_text_is_refused(text in "\\PC{0,60}") {
            if let Ok(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
