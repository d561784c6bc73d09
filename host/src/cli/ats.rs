//! `ats`: the systems that integrate.

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Mode {
    Live,
    Test,
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum BillingSystem {
    Minutes,
    Credits,
}

impl BillingSystem {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Credits => "credits",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Ats {
    /// Makes one.
    Create {
        /// 1 to 100 characters; a unique one may stand for the id in a slot.
        #[arg(long)]
        name: String,
        /// Whether its calls reach real telephone networks.
        #[arg(long)]
        mode: Option<Mode>,
        /// What its new companies are billed in.
        #[arg(long)]
        billing_system: Option<BillingSystem>,
        /// Read `Z` in a timestamp as the written offset +00:00.
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        zulu_is_offset: Option<bool>,
    },
    /// All of them.
    List,
    /// One of them.
    Show { id: String },
    /// Changes one.
    Update {
        id: String,
        /// 1 to 100 characters.
        #[arg(long)]
        name: Option<String>,
        /// What its new companies are billed in.
        #[arg(long)]
        billing_system: Option<BillingSystem>,
        /// Read `Z` in a timestamp as the written offset +00:00.
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        zulu_is_offset: Option<bool>,
    },
    /// Deletes one, with everything that is its own.
    Delete { id: String },
}

impl Ats {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create { name, mode, billing_system, zulu_is_offset } => Request::post(
                &["ats"],
                Fields::new()
                    .with("name", Some(name.as_str()))
                    .with("mode", mode.map(Mode::as_str))
                    .with("billingSystem", billing_system.map(BillingSystem::as_str))
                    .with("zuluIsOffset", *zulu_is_offset),
            ),
            Self::List => Request::get(&["ats"]),
            Self::Show { id } => Request::get(&["ats", id]),
            Self::Update { id, name, billing_system, zulu_is_offset } => Request::patch(
                &["ats", id],
                Fields::new()
                    .with("name", name.as_deref())
                    .with("billingSystem", billing_system.map(BillingSystem::as_str))
                    .with("zuluIsOffset", *zulu_is_offset),
            ),
            Self::Delete { id } => Request::delete(&["ats", id]),
        })
    }
}
