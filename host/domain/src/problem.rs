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

impl From<FieldProblem> for Problems {
    fn from(problem: FieldProblem) -> Self {
        Self { list: vec![problem] }
    }
}
