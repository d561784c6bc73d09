//! What is wrong with a value, and the collection of all that is wrong with a request.

/// Why one value is refused. The message follows its field's name: "must have 2 to 100 characters".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Decides the code of the whole answer.
    pub kind: FlawKind,
    /// What is wrong and what to send instead.
    pub message: String,
}

/// The three kinds that the contract's codes distinguish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// The value is not there.
    Missing,
    /// A date that cannot be read; the reason says what exactly, at which character.
    UnreadableDate {
        /// For `details.reason`.
        reason: String,
    },
    /// Anything else.
    Invalid,
}

impl Flaw {
    /// A value that breaks a rule.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: FlawKind::Invalid, message: message.into() }
    }

    /// A required value that is not there.
    #[must_use]
    pub fn missing() -> Self {
        Self { kind: FlawKind::Missing, message: "is required".to_owned() }
    }

    /// A word that is not in its list.
    #[must_use]
    pub fn not_one_of(words: &[&str]) -> Self {
        Self::invalid(format!("must be one of {}", words.join(", ")))
    }

    /// A date that cannot be read.
    #[must_use]
    pub fn unreadable_date(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            message: format!("is not a date that can be read: {reason}"),
            kind: FlawKind::UnreadableDate { reason },
        }
    }
}

/// A flaw at a path such as `candidate.phoneNumber`, `requiredSkills[3]`, `page`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where in the request.
    pub path: String,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// All that is wrong with a request, in the order of discovery; one problem per path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<FieldProblem>,
}

impl Problems {
    /// Notes a flaw; the first one at a path stays.
    pub fn add(&mut self, path: impl Into<String>, flaw: Flaw) {
        let path = path.into();
        if self.list.iter().all(|known| known.path != path) {
            self.list.push(FieldProblem { path, flaw });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether something is wrong at exactly this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.list.iter().any(|problem| problem.path == path)
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[FieldProblem] {
        &self.list
    }
}

/// One name of a rule over several fields, and whether the request has it (a wrong value counts: it was
/// sent).
pub type Sent<'a> = (&'a str, bool);

/// Rules over several fields; `base` is the path of the object that has them, empty for the body itself.
/// Every name of a broken rule gets a problem (contract §1, `VALIDATION_ERROR`).
impl Problems {
    /// At least one of the fields must be there; none is *missing*, for both.
    pub fn at_least_one(&mut self, base: &str, fields: [Sent<'_>; 2]) {
        if fields.iter().any(|(_, is_sent)| *is_sent) {
            return;
        }
        for (name, other) in each_with_other(fields) {
            let message = format!("is required, or `{}` instead", field_path(base, other));
            self.add(field_path(base, name), Flaw { kind: FlawKind::Missing, message });
        }
    }

    /// At most one of the fields may be there.
    pub fn at_most_one(&mut self, base: &str, fields: [Sent<'_>; 2]) {
        if fields.iter().any(|(_, is_sent)| !is_sent) {
            return;
        }
        for (name, other) in each_with_other(fields) {
            let message = format!("must not be sent together with `{}`", field_path(base, other));
            self.add(field_path(base, name), Flaw::invalid(message));
        }
    }
}

fn each_with_other<'a>([a, b]: [Sent<'a>; 2]) -> [(&'a str, &'a str); 2] {
    [(a.0, b.0), (b.0, a.0)]
}

/// The path of a field of the object at `base`, which is empty for the body itself.
#[must_use]
pub fn field_path(base: &str, name: &str) -> String {
    if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") }
}

impl From<crate::id::MalformedId> for Flaw {
    fn from(malformed: crate::id::MalformedId) -> Self {
        Self::invalid(malformed.to_string())
    }
}

impl From<FieldProblem> for Problems {
    fn from(problem: FieldProblem) -> Self {
        Self { list: vec![problem] }
    }
}

#[cfg(test)]
mod tests;
