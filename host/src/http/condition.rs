//! Conditional requests (RFC 9110 §13): the entity tag of a resource, and the two headers that name tags.
//!
//! Promised: a tag changes whenever a byte of `data` changes. It is made of the record's revision and of a digest
//! of the bytes, since a resource also shows what its own record does not know (counts, attempts), and a newer
//! program may show more of the same record. A header that cannot be read names no tag.

use hyper::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use xxhash_rust::xxh3::xxh3_64;

use super::compress::is_tag_of;
use super::request::hex;

/// The strong tag of `data` as it leaves, quotes included: `"3-0123456789abcdef"`.
pub(super) fn etag(revision: u64, data: &[u8]) -> String {
    // Every read makes one, so this does not go through the format interpreter, and becomes a header as it is.
    let digits = revision.checked_ilog10().unwrap_or(0) as usize + 1;
    let mut tag = String::with_capacity(digits + "\"-0123456789abcdef\"".len());
    tag.push('"');
    tag.push_str(&revision.to_string());
    tag.push('-');
    // No secret and no proof: who could make two alike would fool only himself.
    tag.extend(hex(xxh3_64(data)).map(char::from));
    tag.push('"');
    tag
}

/// What a header says of the tag that a resource must have, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// `*`: any, as long as there is the resource.
    Any,
    /// These.
    Tags(Vec<Tag>),
}

/// One tag of a header, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    text: String,
}

/// `If-Match`: the writer changes nothing but what they have read.
#[derive(Debug, Clone)]
pub(super) struct IfMatch(Option<Named>);

impl IfMatch {
    /// As sent.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(named(headers, &IF_MATCH))
    }

    /// Whether a resource with this tag may be changed. By the strong comparison (RFC 9110 §13.1.1): a weak tag
    /// is equal to none.
    pub(super) fn allows(&self, etag: impl FnOnce() -> String) -> bool {
        match &self.0 {
            None | Some(Named::Any) => true,
            Some(Named::Tags(tags)) => {
                let etag = etag();
                tags.iter().any(|tag| !tag.is_weak && is_tag_of(&tag.text, &etag))
            }
        }
    }
}

/// `If-None-Match`: whether the sender has this tag's bytes already. By the weak comparison (RFC 9110 §13.1.2).
pub(super) fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    match named(headers, &IF_NONE_MATCH) {
        None => false,
        Some(Named::Any) => true,
        Some(Named::Tags(tags)) => tags.iter().any(|tag| is_tag_of(&tag.text, etag)),
    }
}

fn named(headers: &HeaderMap, name: &HeaderName) -> Option<Named> {
    if !headers.contains_key(name) {
        return None;
    }
    // Several lines are one list.
    let lines = headers.get_all(name).iter();
    let lines: Option<Vec<&str>> = lines.map(|value| std::str::from_utf8(value.as_bytes()).ok()).collect();
    let list = lines.unwrap_or_default().join(",");
    if list.trim() == "*" {
        return Some(Named::Any);
    }
    Some(Named::Tags(tags(&list).unwrap_or_default()))
}

/// `"a", W/"b"`: nothing where it is no such list.
fn tags(list: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = next(list);
    while !rest.is_empty() {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let end = quoted.strip_prefix('"')?.find('"')? + 2;
        tags.push(Tag { is_weak, text: quoted[..end].to_owned() });
        let behind = quoted[end..].trim_start();
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = next(behind);
    }
    Some(tags)
}

/// Empty elements of a list are skipped (RFC 9110 §5.6.1).
fn next(list: &str) -> &str {
    list.trim_start_matches([',', ' ', '\t']).trim_end()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn both_headers_find_the_tag_where_the_rfc_says() {
        for (lines, is_changed, is_known) in [
            (&[][..], true, false),
            (&["*"], true, true),
            (&[" * "], true, true),
            (&["\"a\""], true, true),
            (&["W/\"a\""], false, true),
            (&["\"b\""], false, false),
            (&["\"b\", \"a\""], true, true),
            (&["\"b\",,\t\"a\","], true, true),
            (&["\"b\"", "\"a\""], true, true),
            (&["\"x,y\",\"a\""], true, true),
            (&["\"x,\"a\",y\""], false, false),
            // What cannot be read names nothing, and so lets nothing be changed.
            (&["a"], false, false),
            (&[""], false, false),
            (&["\"a"], false, false),
            (&["\"a\" \"b\""], false, false),
            (&["w/\"a\""], false, false),
            (&["*, \"a\""], false, false),
            (&["\"A\""], false, false),
        ] {
            let allows = IfMatch::of(&headers(&IF_MATCH, lines)).allows(|| "\"a\"".to_owned());
            assert_eq!(allows, is_changed, "If-Match {lines:?}");
            let known = has_already(&headers(&IF_NONE_MATCH, lines), "\"a\"");
            assert_eq!(known, is_known, "If-None-Match {lines:?}");
        }
    }

    #[test]
    fn a_tag_is_the_revision_and_the_bytes() {
        assert_eq!(etag(3, b"{}"), "\"3-1349cde127705c16\"");
        assert_ne!(etag(3, b"{}"), etag(4, b"{}"));
        assert_ne!(etag(3, b"{}"), etag(3, b"{ }"));
    }

    proptest! {
        #[test]
        fn a_list_of_tags_is_read_back(tags in prop::collection::vec((any::<bool>(), "[!#-~]{0,9}"), 1..6)) {
            let written: Vec<String> =
                tags.iter().map(|(is_weak, text)| format!("{}\"{text}\"", if *is_weak { "W/" } else { "" })).collect();
            let read = super::tags(&written.join(", ")).unwrap();
            let read: Vec<_> = read.into_iter().map(|tag| (tag.is_weak, tag.text)).collect();
            let sent: Vec<_> = tags.into_iter().map(|(is_weak, text)| (is_weak, format!("\"{text}\""))).collect();
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn any_header_is_read_or_names_nothing(line in "[\"W/, *a\\t]{0,20}|\\PC{0,20}") {
            let _ = super::tags(&line);
        }
    }
}
