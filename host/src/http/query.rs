//! Query parameters, read strictly: what is asked for must stand there once, in UTF-8. What nobody asks for
//! is ignored.

use std::borrow::Cow;
use std::str::FromStr;

use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::search::Search;

/// The query of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Name and value; no value where it is not UTF-8.
    pairs: Vec<(String, Option<String>)>,
}

impl Query {
    /// Takes the part of the URL after `?` apart. Parameters whose names are not UTF-8 are nobody's.
    #[must_use]
    pub fn parse(raw: Option<&str>) -> Self {
        let pairs = raw
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let name = String::from_utf8(form_decoded(name)).ok()?;
                Some((name, String::from_utf8(form_decoded(value)).ok()))
            })
            .collect();
        Self { pairs }
    }

    /// A parameter's text, if it is there; a problem when it stands there twice or is not UTF-8.
    pub fn text(&self, name: &str, problems: &mut Problems) -> Option<&str> {
        let mut found = self.pairs.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        if found.next().is_some() {
            problems.add(name, Flaw::invalid("must be sent once"));
            return None;
        }
        if value.is_none() {
            problems.add(name, Flaw::invalid("must be percent-encoded UTF-8"));
        }
        value.as_deref()
    }

    /// A parameter's value, as `parse` reads it.
    pub fn read<T>(
        &self,
        name: &str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        match parse(self.text(name, problems)?) {
            Ok(value) => Some(value),
            Err(flaw) => {
                problems.add(name, flaw);
                None
            }
        }
    }

    /// An id.
    pub fn id<T: FromStr>(&self, name: &str, problems: &mut Problems) -> Option<T> {
        self.read(name, problems, |text| text.parse().map_err(|_| Flaw::invalid("is not a valid id")))
    }

    /// The words of `search`.
    pub fn search(&self, problems: &mut Problems) -> Search {
        self.read("search", problems, Search::parse).unwrap_or_default()
    }

    /// `true` or `false`; absent is false.
    pub fn flag(&self, name: &str, problems: &mut Problems) -> bool {
        self.read(name, problems, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Flaw::invalid("must be true or false")),
        })
        .unwrap_or(false)
    }

    /// A parameter's text for the log, without judging it.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref())
    }
}

/// A path segment, percent-decoded where that gives UTF-8, else as it was written.
#[must_use]
pub fn decoded_segment(raw: &str) -> Cow<'_, str> {
    if !raw.contains('%') {
        return Cow::Borrowed(raw);
    }
    String::from_utf8(percent_decoded(raw.as_bytes())).map_or(Cow::Borrowed(raw), Cow::Owned)
}

fn form_decoded(raw: &str) -> Vec<u8> {
    if raw.contains('+') {
        percent_decoded(raw.replace('+', " ").as_bytes())
    } else {
        percent_decoded(raw.as_bytes())
    }
}

/// A `%` that two hexadecimal digits do not follow stands for itself, as in the WHATWG URL standard.
fn percent_decoded(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(nibble(*high) << 4 | nibble(*low));
                after
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_domain::id::JobId;

    use super::*;

    #[test]
    fn reads_what_is_there_once() {
        let query = Query::parse(Some("a=1&b=x+y%20%C3%A9&&c&d=%zz&a%62=7&%ff=1"));
        let mut problems = Problems::default();
        assert_eq!(query.text("a", &mut problems), Some("1"));
        assert_eq!(query.text("b", &mut problems), Some("x y é"));
        assert_eq!(query.text("c", &mut problems), Some(""));
        assert_eq!(query.text("d", &mut problems), Some("%zz"));
        assert_eq!(query.text("ab", &mut problems), Some("7"));
        assert_eq!(query.text("e", &mut problems), None);
        assert!(problems.is_empty());
    }

    #[test]
    fn refuses_duplicates_bad_utf8_and_bad_ids_at_their_names() {
        let query = Query::parse(Some("a=1&a=1&b=%ff&job=12&dryRun=yes&stranger=1&stranger=2"));
        let mut problems = Problems::default();
        assert_eq!(query.text("a", &mut problems), None);
        assert_eq!(query.text("b", &mut problems), None);
        assert_eq!(query.id::<JobId>("job", &mut problems), None);
        assert!(!query.flag("dryRun", &mut problems));
        let paths: Vec<_> = problems.list().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "job", "dryRun"]);
    }

    proptest! {
        #[test]
        fn what_a_form_encodes_is_read_back(value in ".{0,30}") {
            let raw = form_urlencoded::Serializer::new(String::new()).append_pair("v", &value).finish();
            let mut problems = Problems::default();
            let query = Query::parse(Some(&raw));
            prop_assert_eq!(query.text("v", &mut problems), Some(value.as_str()));
        }
    }
}
