//! `phone-number`: the numbers that a company's agents call from.

use clap::Subcommand;

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Subcommand)]
pub(super) enum PhoneNumber {
    /// Assigns a number to a company.
    Create {
        #[arg(long, value_name = "ID")]
        company: String,
        /// In E.164 form, such as +12025550123.
        #[arg(long, value_name = "E164")]
        number: String,
    },
    /// A company's numbers.
    List {
        #[arg(long, value_name = "ID")]
        company: String,
    },
    /// Takes a number away.
    Delete { id: String },
}

impl PhoneNumber {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create { company, number } => Request::post(
                &["phone-numbers"],
                Fields::new().with("companyId", Some(company.as_str())).with("number", Some(number.as_str())),
            ),
            Self::List { company } => {
                Request::get(&["phone-numbers"]).query(&[("companyId", Some(company.as_str()))])
            }
            Self::Delete { id } => Request::delete(&["phone-numbers", id]),
        })
    }
}
