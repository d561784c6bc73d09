//! Why an operation did not happen: as the house knows it, and as those outside may.

use switchboard_domain::decision::PolicyName;
use switchboard_domain::rejection::Rejection;

use crate::policy;
use crate::store::{self, Abort, CommitError};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller is told why and what to send instead.
    #[error("refused: {0:?}")]
    Rejected(Rejection),
    /// As `Rejected`, by the failure ladder of this policy instead of the active release.
    #[error("refused: {0:?}")]
    RejectedDegraded(Rejection, PolicyName),
    /// The operator of the admin API is told this sentence.
    #[error("{0}")]
    Refused(String),
    /// Too much of the kind waits already. The text is for the log.
    #[error("{0}")]
    Overloaded(&'static str),
    /// The store cannot take or do it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The policy platform cannot do it.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// A defect of ours; the text is for the log alone.
    #[error("internal: {0}")]
    Internal(String),
}

/// An [`Error`] as those outside may know it: without the store's and the platform's own terms.
#[derive(Debug)]
pub enum Told {
    /// The caller is told why and what to send instead.
    Rejected(Rejection),
    /// As `Rejected`, by the failure ladder of this policy.
    Degraded(Rejection, PolicyName),
    /// The operator is told this sentence.
    Refused(String),
    /// The component is not admitted; the operator is told every reason.
    PluginRefused(Vec<String>),
    /// Not now; the text is for the log.
    Unavailable(String),
    /// A defect of ours; the text is for the log.
    Internal(String),
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Rejected(rejection) => Self::Rejected(rejection),
            Error::RejectedDegraded(rejection, policy) => Self::Degraded(rejection, policy),
            Error::Refused(sentence) => Self::Refused(sentence),
            Error::Overloaded(_) | Error::Store(store::Error::Overloaded | store::Error::Failed(_)) => {
                Self::Unavailable(text)
            }
            Error::Policy(policy::Error::Refused(reasons)) => Self::PluginRefused(reasons),
            Error::Policy(policy::Error::Failed(kind, why)) => {
                Self::PluginRefused(vec![format!("The plugin failed when it was asked ({kind}): {why}")])
            }
            Error::Policy(policy::Error::UnreadableFacts(why)) => Self::Refused(why),
            Error::Store(_) | Error::Policy(policy::Error::Engine(_)) | Error::Internal(_) => {
                Self::Internal(text)
            }
        }
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Abort<Rejection>> for Error {
    fn from(abort: Abort<Rejection>) -> Self {
        match abort {
            Abort::Refused(rejection) => Self::Rejected(rejection),
            Abort::Store(error) => Self::Store(error),
        }
    }
}

impl From<CommitError<Rejection>> for Error {
    fn from(error: CommitError<Rejection>) -> Self {
        match error {
            CommitError::Refused(rejection) => Self::Rejected(rejection),
            CommitError::Panicked(what) => Self::Internal(format!("a commit panicked: {what}")),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CommitError<Error>> for Error {
    fn from(error: CommitError<Error>) -> Self {
        match error {
            CommitError::Refused(error) => error,
            CommitError::Panicked(what) => Self::Internal(format!("a commit panicked: {what}")),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}
