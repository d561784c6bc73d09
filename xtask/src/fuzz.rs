//! Fuzz targets, each for a short time: `cargo fuzz` with the seeds of the repository, and what earlier runs on this
//! machine found interesting.
//!
//! Without a sanitizer nothing of it needs a nightly compiler: there is next to no unsafe code to be watched, a broken
//! promise is a panic, and an integer that overflows is one too.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::guests;
use crate::step::{Failed, Step, cargo, program, say, workspace_root};

const HELP: &str = "\
cargo xtask fuzz [TARGET]… [--seconds N] [--sanitizer none|address]

  TARGET         written_time, body, request_target, credential, component or stored_value; all when none is named
  --seconds N    how long each of them runs [default: 20]
  --sanitizer S  `address` takes much longer to build and needs a nightly toolchain [default: none]";

/// Where the rows of the golden file become seeds.
const STORED_VALUE: &str = "stored_value";

/// Needs no part of the host, so that it is built in a minute.
const OF_THE_DOMAIN: &str = "written_time";

const TARGETS: [&str; 6] = [OF_THE_DOMAIN, "body", "request_target", "credential", "component", STORED_VALUE];

/// A component may loop until its trial's deadline; nothing else takes a second.
const INPUT_TIMEOUT_SECONDS: u32 = 60;
/// Two engines reserve pools, and Cranelift compiles.
const MEMORY_MIB_MAX: u32 = 4096;

struct Wanted {
    targets: Vec<&'static str>,
    seconds: u32,
    sanitizer: String,
}

/// Builds all that are wanted, then runs them one after the other; the first finding ends it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let Some(wanted) = wanted(arguments)? else {
        say(HELP);
        return Ok(());
    };
    if !cargo("look for cargo-fuzz", &["fuzz", "--version"]).succeeds() {
        return Err(Failed::new(
            "xtask: cargo-fuzz is missing: run `cargo install cargo-fuzz --locked`, then this again",
        ));
    }
    guests::build()?;
    wanted.cargo_fuzz("build the fuzz targets", "build").args(wanted.only_one()).run()?;
    for target in &wanted.targets {
        let corpus = corpus(target)?;
        say(&format!("xtask: {target} for {} s", wanted.seconds));
        wanted
            .cargo_fuzz("keep the promises", "run")
            .args([OsString::from(target), corpus.into(), seeds(target)?.into(), "--".into()])
            .args([
                format!("-max_total_time={}", wanted.seconds),
                format!("-timeout={INPUT_TIMEOUT_SECONDS}"),
            ])
            .args([format!("-rss_limit_mb={MEMORY_MIB_MAX}"), "-print_final_stats=1".to_owned()])
            // Guests trap by signal, and wasmtime answers; whatever is left ends the process and is seen.
            .args(["-handle_segv=0", "-handle_ill=0", "-handle_fpe=0", "-handle_bus=0"])
            .run()?;
    }
    Ok(())
}

/// Nothing: a person asks for help.
fn wanted(arguments: &[String]) -> Result<Option<Wanted>, Failed> {
    let unknown = |word: &str| Failed::new(&format!("what is `{word}`?\n\n{HELP}"));
    let mut wanted = Wanted { targets: Vec::new(), seconds: 20, sanitizer: "none".to_owned() };
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--help" | "-h" => return Ok(None),
            "--seconds" => {
                let number = words.next().and_then(|word| word.parse().ok());
                wanted.seconds = number.ok_or_else(|| unknown(word))?;
            }
            "--sanitizer" => match words.next() {
                Some(sanitizer @ ("none" | "address")) => sanitizer.clone_into(&mut wanted.sanitizer),
                _ => return Err(unknown(word)),
            },
            word => {
                let target = TARGETS.into_iter().find(|target| *target == word);
                wanted.targets.push(target.ok_or_else(|| unknown(word))?);
            }
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets = TARGETS.to_vec();
    }
    Ok(Some(wanted))
}

impl Wanted {
    fn cargo_fuzz(&self, purpose: &'static str, command: &str) -> Step {
        let with_sanitizer = self.sanitizer != "none";
        let step = if with_sanitizer {
            program(purpose, &"rustup".into()).args(["run", "nightly", "cargo", "fuzz", command])
        } else {
            cargo(purpose, &["fuzz", command])
        };
        let built_in = workspace_root().join("target").join("fuzz");
        let step = step.args(["--fuzz-dir".into(), workspace_root().join("fuzz").into_os_string()]);
        let step = step.args([OsString::from("--target-dir"), built_in.into()]);
        let step = step.args(["--codegen-units", "16", "--sanitizer", &self.sanitizer]);
        if self.targets == [OF_THE_DOMAIN] { step.args(["--no-default-features"]) } else { step }
    }

    /// The target that is to be built, where it is not all of them.
    fn only_one(&self) -> &[&'static str] {
        match self.targets.as_slice() {
            [one] => std::slice::from_ref(one),
            _ => &[],
        }
    }
}

/// Grows from run to run; nobody else's.
fn corpus(target: &str) -> Result<PathBuf, Failed> {
    let folder = workspace_root().join("fuzz").join("corpus").join(target);
    fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    Ok(folder)
}

/// The seeds of the repository. Those of stored values are the rows of the store's golden file, so that they are
/// always of the present shapes.
fn seeds(target: &str) -> Result<PathBuf, Failed> {
    if target != STORED_VALUE {
        return Ok(workspace_root().join("fuzz").join("seeds").join(target));
    }
    let golden = workspace_root().join("host/src/store/tests/golden.txt");
    let rows = fs::read_to_string(&golden).map_err(|error| at(&golden, &error))?;
    let folder = workspace_root().join("target").join("fuzz").join("seeds").join(target);
    fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    for (number, row) in rows.lines().enumerate() {
        let Some(seed) = stored_value(row) else { continue };
        let path = folder.join(format!("{number:03}"));
        fs::write(&path, seed).map_err(|error| at(&path, &error))?;
    }
    Ok(folder)
}

/// `table key = value` with hexadecimal bytes → `table value` with real ones.
fn stored_value(row: &str) -> Option<Vec<u8>> {
    let mut words = row.split(' ');
    let (table, value) = (words.next()?, words.nth(2)?);
    let bytes = (0..value.len()).step_by(2).map(|at| u8::from_str_radix(value.get(at..at + 2)?, 16).ok());
    let mut seed = format!("{table} ").into_bytes();
    seed.extend(bytes.collect::<Option<Vec<u8>>>()?);
    Some(seed)
}

fn at(path: &Path, error: &std::io::Error) -> Failed {
    Failed::new(&format!("xtask: {}: {error}", path.display()))
}
