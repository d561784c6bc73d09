//! Tables of bodies and the exact problems that a reader finds.

use serde_json::Value;
use switchboard_domain::problem::{FlawKind, Problems};

/// [`FlawKind`] without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Missing,
    UnreadableDate,
    Invalid,
}

/// A body, and every path with its kind in the order of discovery.
pub(crate) type Case<'a> = (Value, &'a [(&'a str, Kind)]);

pub(crate) fn assert_problems<T>(reader: impl Fn(&Value) -> Result<T, Problems>, cases: &[Case<'_>]) {
    for (body, expected) in cases {
        let problems = reader(body).err().unwrap_or_default();
        let found: Vec<(&str, Kind)> =
            problems.list().iter().map(|problem| (problem.path.as_str(), kind(&problem.flaw.kind))).collect();
        assert_eq!(found, *expected, "{body}");
    }
}

fn kind(kind: &FlawKind) -> Kind {
    match kind {
        FlawKind::Missing => Kind::Missing,
        FlawKind::UnreadableDate { .. } => Kind::UnreadableDate,
        FlawKind::Invalid => Kind::Invalid,
    }
}
