//! `user`: people who sign in.

use clap::Subcommand;

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Makes one, who becomes the owner of a company without being invited.
    Create {
        /// Nobody else's, whatever the case.
        #[arg(long, value_name = "E")]
        email: String,
        #[arg(long, value_name = "N")]
        name: String,
    },
    /// The newest 1,000.
    List,
    /// Deletes one for ever, with all that is kept about them.
    Delete { id: String },
}

impl User {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create { email, name } => Request::post(
                &["users"],
                Fields::new().with("email", Some(email.as_str())).with("name", Some(name.as_str())),
            ),
            Self::List => Request::get(&["users"]),
            Self::Delete { id } => Request::delete(&["users", id]),
        })
    }
}
