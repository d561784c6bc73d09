//! The headers that are an answer's own, until it leaves: a handful, which are looked through as they stand. What
//! every answer has comes when it leaves, into one map that has room for all of them.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// Room for those of a resource, so that the list is allocated once.
const TYPICAL_COUNT: usize = 4;

/// Headers of one answer, in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// With one.
    #[must_use]
    pub fn of(name: HeaderName, value: HeaderValue) -> Self {
        let mut headers = Vec::with_capacity(TYPICAL_COUNT);
        headers.push((name, value));
        Self(headers)
    }

    /// Sets a header, in place of what it was.
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds a header, beside what there is of that name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// The value of a header.
    #[must_use]
    pub fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether it is set.
    #[must_use]
    pub fn has(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// As they leave, in a map with room for so many more: one that grew would be made twice.
    #[must_use]
    pub fn into_map(self, more: usize) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.0.len() + more);
        map.extend(self.0);
        map
    }
}

#[cfg(test)]
impl std::ops::Index<HeaderName> for Headers {
    type Output = HeaderValue;

    fn index(&self, name: HeaderName) -> &HeaderValue {
        self.get(&name).unwrap_or_else(|| panic!("no {name}"))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{CONTENT_TYPE, ETAG, VARY};

    use super::*;

    #[test]
    fn what_is_set_replaces_and_what_is_added_stays_beside() {
        let mut headers = Headers::of(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        assert!(headers.has(&VARY) && !headers.has(&ETAG));
        let map = headers.into_map(3);
        assert_eq!(map[CONTENT_TYPE], "text/html");
        assert_eq!(map.get_all(VARY).iter().collect::<Vec<_>>(), ["accept", "accept-encoding"]);
        assert_eq!(map.len(), 3);
    }
}
