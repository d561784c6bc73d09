//! From method and path to a route of the table. What a path looks like is taken from the table's templates, once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use hyper::Method;

use super::{Entry, Route, Verb};
use crate::http::query;

/// The ids in a path as they were written, percent-decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathIds {
    /// `{id}`
    pub id: Option<String>,
    /// `{attemptId}`
    pub attempt_id: Option<String>,
    /// `{token}`: no id, but a credential.
    pub token: Option<String>,
}

impl PathIds {
    /// The path of this template with these ids.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let id = self.id.as_deref().unwrap_or("{id}");
        let attempt_id = self.attempt_id.as_deref().unwrap_or("{attemptId}");
        let token = self.token.as_deref().unwrap_or("{token}");
        let fill = |part| match part {
            "{id}" => id,
            "{attemptId}" => attempt_id,
            "{token}" => token,
            fixed => fixed,
        };
        template.split('/').map(fill).collect::<Vec<_>>().join("/")
    }
}

/// What method and path say.
#[derive(Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A route, and what stood in the places of its path.
    Found(Route, PathIds),
    /// `OPTIONS` on a path that exists.
    Options {
        /// For the `Allow` header.
        allow: String,
    },
    /// The path exists, but not with this method.
    MethodNotAllowed {
        /// For the `Allow` header.
        allow: String,
    },
    /// No such path.
    NotFound,
}

/// Recognises a request. Every route is served bare and under `/v1`, and `/companies` is `/company`.
#[must_use]
pub fn recognise(method: &Method, path: &str) -> Recognised {
    let Some(segments) = segments(path) else { return Recognised::NotFound };
    let mut segments = segments.as_slice();
    if let [first, rest @ ..] = segments
        && first == "v1"
    {
        segments = rest;
    }
    let [first, rest @ ..] = segments else { return Recognised::NotFound };
    let first = if first == "companies" { "company" } else { first };
    let shapes = SHAPES.get(first).map_or(&[][..], Vec::as_slice);
    let wanted = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let found = shapes.iter().filter(|shape| shape.entry.verb.as_str() == wanted);
    for shape in found {
        if let Some(ids) = shape.fit(rest) {
            return Recognised::Found(shape.entry.route, ids);
        }
    }
    let allow = allowed(shapes.iter().filter(|shape| shape.fit(rest).is_some()));
    if allow.is_empty() {
        return Recognised::NotFound;
    }
    if *method == Method::OPTIONS {
        Recognised::Options { allow }
    } else {
        Recognised::MethodNotAllowed { allow }
    }
}

/// Path segments that any route could have; a longer path is none of ours.
const SEGMENTS_MAX: usize = 8;

/// The percent-decoded segments of a path, or nothing where no route can be meant (no leading slash, an
/// empty segment, too many). A segment that does not decode to UTF-8 stays as it was written.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut list = Vec::with_capacity(4);
    for raw in path.strip_prefix('/')?.split('/') {
        if raw.is_empty() || list.len() == SEGMENTS_MAX {
            return None;
        }
        list.push(query::decoded_segment(raw));
    }
    Some(list)
}

/// A template taken apart, so that nobody does so for a request.
struct Shape {
    entry: &'static Entry,
    /// Behind the first.
    parts: Vec<&'static str>,
}

/// By the first part of their templates.
static SHAPES: LazyLock<HashMap<&'static str, Vec<Shape>>> = LazyLock::new(|| {
    let mut shapes: HashMap<_, Vec<_>> = HashMap::new();
    for entry in Route::ALL {
        let mut parts = entry.template.split('/').skip(1);
        let first = parts.next().unwrap_or_default();
        shapes.entry(first).or_default().push(Shape { entry, parts: parts.collect() });
    }
    shapes
});

impl Shape {
    /// What stands in the places, if a path with these segments behind its first has this form.
    fn fit(&self, segments: &[Cow<'_, str>]) -> Option<PathIds> {
        if self.parts.len() != segments.len() {
            return None;
        }
        let mut ids = PathIds::default();
        for (part, segment) in self.parts.iter().zip(segments) {
            match *part {
                "{id}" => ids.id = Some(segment.clone().into_owned()),
                "{attemptId}" => ids.attempt_id = Some(segment.clone().into_owned()),
                "{token}" => ids.token = Some(segment.clone().into_owned()),
                fixed if fixed == segment => {}
                _ => return None,
            }
        }
        Some(ids)
    }
}

/// The methods of these, for the `Allow` header; nothing where there is none.
fn allowed<'a>(shapes: impl Iterator<Item = &'a Shape>) -> String {
    let mut allow = String::new();
    for shape in shapes {
        allow.push_str(match shape.entry.verb {
            Verb::Get => "GET, HEAD, ",
            Verb::Post => "POST, ",
            Verb::Patch => "PATCH, ",
            Verb::Delete => "DELETE, ",
        });
    }
    if !allow.is_empty() {
        allow.push_str("OPTIONS");
    }
    allow
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_route_is_found_bare_and_under_v1() {
        for entry in Route::ALL {
            let path = entry.template.replace("{id}", "some%20id").replace("{attemptId}", "an%20other");
            let path = path.replace("{token}", "a%20secret");
            let id = entry.template.contains("{id}").then(|| "some id".to_owned());
            let attempt_id = entry.template.contains("{attemptId}").then(|| "an other".to_owned());
            let token = entry.template.contains("{token}").then(|| "a secret".to_owned());
            let ids = PathIds { id, attempt_id, token };
            assert_eq!(ids.fill(entry.template), path.replace("%20", " "));
            let method = Method::from_bytes(entry.verb.as_str().as_bytes()).unwrap();
            let found = Recognised::Found(entry.route, ids);
            assert_eq!(recognise(&method, &path), found);
            assert_eq!(recognise(&method, &format!("/v1{path}")), found);
            if path.starts_with("/company") {
                assert_eq!(recognise(&method, &path.replacen("company", "companies", 1)), found);
            }
            if entry.verb == Verb::Get {
                assert_eq!(recognise(&Method::HEAD, &path), found);
            }
        }
    }

    #[test]
    fn other_methods_are_told_what_is_allowed() {
        let allow = || "POST, GET, HEAD, OPTIONS".to_owned();
        assert_eq!(recognise(&Method::PUT, "/jobs"), Recognised::MethodNotAllowed { allow: allow() });
        assert_eq!(recognise(&Method::OPTIONS, "/v1/companies"), Recognised::Options { allow: allow() });
        let allow = "GET, HEAD, PATCH, DELETE, OPTIONS".to_owned();
        assert_eq!(recognise(&Method::POST, "/jobs/x"), Recognised::MethodNotAllowed { allow });
    }

    #[test]
    fn what_is_no_route_is_not_found() {
        for path in [
            "",
            "*",
            "/",
            "//",
            "/jobs/",
            "/jobs//",
            "/v1",
            "/v1/v1/jobs",
            "/jobs/a/b",
            "/Jobs",
            "/company/companies/x",
        ] {
            assert_eq!(recognise(&Method::GET, path), Recognised::NotFound, "{path}");
        }
        assert!(
            matches!(recognise(&Method::GET, "/jobs/%2F"), Recognised::Found(Route::GetJob, ids) if ids.id.as_deref() == Some("/"))
        );
        assert!(
            matches!(recognise(&Method::GET, "/jobs/%ff"), Recognised::Found(Route::GetJob, ids) if ids.id.as_deref() == Some("%ff"))
        );
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path in "[/a-z%0-9\\PC]{0,40}", method in "[A-Z]{1,8}") {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let _ = recognise(&method, &path);
            let _ = recognise(&method, &format!("/jobs/{path}"));
        }
    }
}
