//! Builds the plugins: cargo makes core modules, the encoder makes components of them.
//!
//! The same sources give the same bytes, in whatever folder they lie: no path of the machine gets into a
//! component. Nothing is written when nothing changed, so that whoever depends on the files is not rebuilt.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wit_component::ComponentEncoder;

use crate::scenarios;
use crate::step::{Failed, cargo, program, say, variable, workspace_root};

/// std without WASI, so that a guest imports nothing but the log.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Each is written as `target/policies/<name without "policy-">.wasm`.
const PACKAGES: [&str; 6] = [
    "policy-standard",
    "policy-granite",
    "policy-lindenhof",
    "policy-northstar",
    "policy-tidewater",
    "policy-hostile",
];

/// A small stack in front of everything else: an overflow traps instead of spoiling data, and with the SDK's arena and
/// 20 KiB of data a plugin starts in one page of memory. Settings are read on it as deep as they may be.
const LINKER_FLAGS: [&str; 2] = ["-Clink-arg=-zstack-size=20480", "-Clink-arg=--stack-first"];

/// Makes `target/policies/*.wasm` be what the sources say.
pub(crate) fn build() -> Result<(), Failed> {
    add_target()?;
    let modules = build_modules()?;
    let folder = workspace_root().join("target").join("policies");
    fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    for package in PACKAGES {
        let crate_name = package.replace('-', "_");
        let file_name = format!("{crate_name}.wasm");
        let module =
            modules.iter().find(|path| path.file_name().is_some_and(|name| name == file_name.as_str()));
        let module = module.ok_or_else(|| Failed::new(&format!("xtask: cargo made no {file_name}")))?;
        let name = package.trim_start_matches("policy-");
        let mut component = encode(module)?;
        component.extend(scenarios::section(&workspace_root().join("plugins").join(name).join("scenarios"))?);
        write_when_changed(&folder.join(format!("{name}.wasm")), &component)?;
    }
    Ok(())
}

/// `-p` for each plugin.
pub(crate) fn package_arguments() -> impl Iterator<Item = &'static str> {
    PACKAGES.into_iter().flat_map(|package| ["-p", package])
}

/// Asks rustup for the target's standard library when it is not there.
pub(crate) fn add_target() -> Result<(), Failed> {
    let folder =
        program("find the toolchain", &rustc()).args(["--print", "target-libdir", "--target", TARGET]);
    if Path::new(folder.output()?.trim()).is_dir() {
        return Ok(());
    }
    say(&format!("xtask: adding the target {TARGET}, which the plugins are built for"));
    let added = program("add the target", &"rustup".into()).args(["target", "add", TARGET]).run();
    added.map_err(|failed| {
        Failed::new(&format!(
            "{failed}\nxtask: the plugins need Rust's standard library for {TARGET}; \
             add it to this toolchain, with rustup or by the means it was installed with"
        ))
    })
}

/// The core modules that cargo made, or that were there and fresh.
fn build_modules() -> Result<Vec<PathBuf>, Failed> {
    let arguments = ["build", "--profile", "guest", "--target", TARGET, "--message-format"];
    let messages = cargo("build the plugins", &arguments)
        .args(["json-render-diagnostics"])
        .args(package_arguments())
        .args(["--target-dir".into(), target_folder()])
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags()?)
        .output()?;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = artifacts.flat_map(|message| match message.get("filenames") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(PathBuf::from).collect(),
        _ => Vec::new(),
    });
    Ok(files.filter(|path| path.extension().is_some_and(|ending| ending == "wasm")).collect())
}

/// A target folder that the environment names may serve several checkouts, and cargo gives the module of a
/// plugin the same name in each, so that each checkout needs a folder of its own in there.
fn target_folder() -> OsString {
    let root = workspace_root();
    match variable("CARGO_TARGET_DIR") {
        None => root.join("target").into_os_string(),
        Some(shared) => {
            let checkout = fnv1a(root.to_string_lossy().as_bytes());
            root.join(shared).join(format!("guests-{checkout:016x}")).into_os_string()
        }
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Flags in cargo's own encoding. They replace whatever the person's environment or configuration says:
/// plugins are built the same everywhere.
fn rust_flags() -> Result<OsString, Failed> {
    let sysroot = program("find the toolchain", &rustc()).args(["--print", "sysroot"]).output()?;
    let cargo_home = variable("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".cargo")));
    let mut flags: Vec<OsString> = LINKER_FLAGS.map(OsString::from).to_vec();
    flags.push(remap(&workspace_root(), "/switchboard"));
    flags.push(remap(Path::new(sysroot.trim()), "/rust"));
    flags.extend(cargo_home.map(|folder| remap(&folder, "/cargo")));
    Ok(flags.join("\u{1f}".as_ref()))
}

fn remap(folder: &Path, name: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(folder);
    flag.push("=");
    flag.push(name);
    flag
}

fn home() -> Option<PathBuf> {
    variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from)
}

fn rustc() -> OsString {
    variable("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn encode(module: &Path) -> Result<Vec<u8>, Failed> {
    let bytes = fs::read(module).map_err(|error| at(module, &error))?;
    ComponentEncoder::default().validate(true).module(&bytes).and_then(|encoder| encoder.encode()).map_err(
        |error| Failed::new(&format!("xtask: could not make a component of {}: {error:#}", module.display())),
    )
}

fn write_when_changed(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    // A reader sees the old file or the new one, never half of it.
    let unfinished = path.with_extension("wasm.unfinished");
    fs::write(&unfinished, bytes).map_err(|error| at(&unfinished, &error))?;
    fs::rename(&unfinished, path).map_err(|error| at(path, &error))?;
    say(&format!("xtask: wrote {} ({} KB)", path.display(), bytes.len().div_ceil(1000)));
    Ok(())
}

pub(crate) fn at(path: &Path, error: &std::io::Error) -> Failed {
    Failed::new(&format!("xtask: {}: {error}", path.display()))
}
