//! One step of a command: a program that is run with a name, so that a failure says which step it was.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The sentence that a person reads when a command ends early.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn new(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A program with a purpose.
pub(crate) struct Step {
    purpose: &'static str,
    command: Command,
}

/// A step that is a call of the same cargo that runs this program, at the root of the workspace.
pub(crate) fn cargo(purpose: &'static str, arguments: &[&str]) -> Step {
    program(purpose, &variable("CARGO").unwrap_or_else(|| "cargo".into())).args(arguments)
}

/// A step that is a call of any program, at the root of the workspace.
pub(crate) fn program(purpose: &'static str, name: &OsString) -> Step {
    let mut command = Command::new(name);
    command.current_dir(workspace_root());
    Step { purpose, command }
}

impl Step {
    pub(crate) fn args<S: AsRef<std::ffi::OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &OsString) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it with its output shown.
    pub(crate) fn run(mut self) -> Result<(), Failed> {
        let status = self.command.status().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(self.ended(status)) }
    }

    /// Runs it with its errors shown, and gives what it printed.
    pub(crate) fn output(mut self) -> Result<String, Failed> {
        let output =
            self.command.stderr(Stdio::inherit()).output().map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(self.ended(output.status))
        }
    }

    /// Whether it can be run and succeeds; shows nothing.
    pub(crate) fn succeeds(mut self) -> bool {
        let status = self.command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn not_started(&self, error: &std::io::Error) -> Failed {
        Failed(format!("xtask: cannot {}: `{}`: {error}", self.purpose, self.line()))
    }

    fn ended(&self, status: std::process::ExitStatus) -> Failed {
        Failed(format!("xtask: could not {}: `{}` ended with {status}", self.purpose, self.line()))
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// The folder of the checkout. Cargo tells it at run time, which stays right when checkouts share a target
/// folder and with it this program.
pub(crate) fn workspace_root() -> PathBuf {
    let here = variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).parent().unwrap_or(Path::new(&here)).to_path_buf()
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells its subcommands by environment; there is no configuration"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The names of all variables of the environment.
#[expect(clippy::disallowed_methods, reason = "to take some of them from a child")]
pub(crate) fn environment() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name)
}

/// A program of the workspace, which lies beside this one.
pub(crate) fn built(name: &str) -> Result<OsString, Failed> {
    let here =
        std::env::current_exe().map_err(|error| Failed::new(&format!("xtask: where am I? {error}")))?;
    Ok(here.with_file_name(name).into_os_string())
}

#[expect(clippy::print_stderr, reason = "this program talks to a person")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
