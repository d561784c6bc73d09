//! `key`: who may use the partners' API and the dialler protocol.

use clap::{Args, Subcommand, ValueEnum};

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Every company of an ATS.
    Ats,
    /// One company.
    Company,
    /// The dialler protocol.
    Worker,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[arg(long)]
    kind: Kind,
    /// Its ATS; required for the kind `ats`.
    #[arg(long, value_name = "ID")]
    ats: Option<String>,
    /// Its company; required for the kind `company`.
    #[arg(long, value_name = "ID")]
    company: Option<String>,
    /// What you call it.
    #[arg(long)]
    name: Option<String>,
    /// What it may do, such as read:jobs; all of its kind when none is given.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// From this moment on it is refused.
    #[arg(long, value_name = "T")]
    expires: Option<String>,
    /// Addresses or blocks that it may be used from; from everywhere when none is given.
    #[arg(long = "allow-ip", value_name = "CIDR", value_delimiter = ',')]
    allow_ips: Vec<String>,
    /// Requests a minute; 0 = no limit.
    #[arg(long, value_name = "N")]
    rate_minute: Option<u32>,
    /// Requests an hour; 0 = no limit.
    #[arg(long, value_name = "N")]
    rate_hour: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Makes one, and shows its secret this once.
    Create(Create),
    /// All of them, without their secrets.
    List,
    /// One of them.
    Show { id: String },
    /// Refuses one until it is resumed; partners are shown the reason.
    Suspend {
        id: String,
        #[arg(long)]
        reason: String,
    },
    /// Ends a suspension.
    Resume { id: String },
    /// Refuses one for ever.
    Revoke { id: String },
}

impl Key {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create(create) => create.request()?,
            Self::List => Request::get(&["keys"]),
            Self::Show { id } => Request::get(&["keys", id]),
            Self::Suspend { id, reason } => {
                Request::post(&["keys", id, "suspend"], Fields::new().with("reason", Some(reason.as_str())))
            }
            Self::Resume { id } => Request::post(&["keys", id, "resume"], Fields::new()),
            Self::Revoke { id } => Request::post(&["keys", id, "revoke"], Fields::new()),
        })
    }
}

impl Create {
    fn request(&self) -> Result<Request, Failure> {
        let usage = |sentence: &str| Err(Failure::Usage(sentence.to_owned()));
        let kind = match (self.kind, &self.ats, &self.company) {
            (Kind::Ats, Some(_), None) => "ats",
            (Kind::Company, None, Some(_)) => "company",
            (Kind::Worker, _, None) => "worker",
            (Kind::Ats, ..) => return usage("a key of the kind ats needs --ats ID and takes no --company"),
            (Kind::Company, ..) => {
                return usage("a key of the kind company needs --company ID and takes no --ats");
            }
            (Kind::Worker, ..) => return usage("a key of the kind worker takes no --company"),
        };
        let fields = Fields::new()
            .with("kind", Some(kind))
            .with("atsId", self.ats.as_deref())
            .with("companyId", self.company.as_deref())
            .with("name", self.name.as_deref())
            .with_list("scopes", &self.scopes)
            .with("expiresAt", self.expires.as_deref())
            .with_list("allowedIPs", &self.allow_ips)
            .with("ratePerMinute", self.rate_minute)
            .with("ratePerHour", self.rate_hour);
        Ok(Request::post(&["keys"], fields))
    }
}
