//! `plugin`: components that are pushed to a server.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;

use super::failure::Failure;
use super::output::{Output, print_text};
use super::request::{Body, Request};
use super::{Global, answer};

#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    /// Has a component checked, compiled and stored.
    Push {
        file: PathBuf,
        /// The plugin's name; the file's name without `.wasm` when not given.
        #[arg(long)]
        name: Option<String>,
    },
    /// All of them.
    List,
    /// Removes a version that no release is made of.
    Remove {
        #[arg(value_name = "NAME@VERSION")]
        plugin: String,
    },
    /// One of them, in one version or all.
    Show {
        #[arg(value_name = "NAME[@VERSION]")]
        plugin: String,
    },
    /// What a stored component imports and exports, as WIT: of the newest version, or of the named one.
    Wit {
        #[arg(value_name = "NAME[@VERSION]")]
        plugin: String,
    },
}

/// Asks and prints. WIT is printed as it is, for people and tools alike, unless `--json` was given.
pub(super) fn run(command: &Plugin, global: &Global, output: &Output) -> Result<(), Failure> {
    let value = answer(&command.request()?, global)?;
    match command {
        Plugin::Wit { .. } if !output.json_wanted => {
            let text = value["text"].as_str().unwrap_or_default();
            // Comments are the author's, and must not steer the operator's terminal.
            let is_steering = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            print_text(&text.replace(is_steering, "\u{fffd}"))
        }
        Plugin::Push { .. }
        | Plugin::List
        | Plugin::Remove { .. }
        | Plugin::Show { .. }
        | Plugin::Wit { .. } => output.print(&value),
    }
}

impl Plugin {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Push { file, name } => push(file, name.as_deref())?,
            Self::List => Request::get(&["plugins"]),
            Self::Remove { plugin } => Request::delete(&["plugins", plugin]),
            Self::Show { plugin } => Request::get(&["plugins", plugin]),
            Self::Wit { plugin } => Request::get(&["plugins", plugin, "wit"]),
        })
    }
}

/// Pushes a component under a name, or under that of its file.
pub(super) fn push(file: &Path, name: Option<&str>) -> Result<Request, Failure> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let name = name
        .or(stem)
        .ok_or_else(|| Failure::Usage(format!("{} gives the plugin no name: say --name", file.display())))?;
    let component = Body::Component(read(file)?);
    let request = Request::new(Method::POST, &["plugins"]).query(&[("name", Some(name))]);
    Ok(Request { body: component, ..request })
}

/// A file that a command sends.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file)
        .map_err(|error| Failure::Refused(format!("the file {} cannot be read: {error}", file.display())))
}
