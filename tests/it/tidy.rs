//! The house rules that a compiler does not know: walls, frozen interfaces, names and sizes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Which top-level modules of the host each one may name. A new edge is a decision: make it here.
/// `store` and `policy` do not know each other, nor do `http` and `worker`.
const WALLS: [(&str, &[&str]); 18] = [
    ("main", ALL),
    ("lib", ALL),
    ("fuzzing", &["http", "policy", "store"]),
    ("cli", &["http", "config", "telemetry", "clock", "ids"]),
    ("http", &["app", "config", "metrics", "span", "clock", "ids", "drain"]),
    ("worker", &["app", "metrics", "clock", "ids", "drain"]),
    ("drain", &[]),
    ("admin_file", &["ids"]),
    ("app", &["store", "policy", "mail", "metrics", "span", "clock", "ids"]),
    ("store", &["metrics", "clock"]),
    ("policy", &["metrics", "clock"]),
    ("mail", &["metrics", "clock"]),
    ("config", &["telemetry"]),
    ("telemetry", &["config", "metrics", "span"]),
    ("span", &[]),
    ("ids", &["clock"]),
    ("clock", &[]),
    ("metrics", &[]),
];

/// Only for the two files that put everything together.
const ALL: &[&str] = &[
    "admin_file",
    "app",
    "drain",
    "fuzzing",
    "cli",
    "clock",
    "config",
    "http",
    "ids",
    "mail",
    "metrics",
    "policy",
    "span",
    "store",
    "telemetry",
    "worker",
];

/// A crate of the host that one module owns.
const OWNED_CRATES: [(&str, &str); 6] = [
    ("redb", "store"),
    ("wasmtime", "policy"),
    ("wasmtime_wasi", "policy"),
    ("opentelemetry", "telemetry"),
    ("opentelemetry_sdk", "telemetry"),
    ("tracing_opentelemetry", "telemetry"),
];

/// With none of these can the domain do I/O, keep time, draw randomness or log.
const NOT_FOR_THE_DOMAIN: [&str; 9] = [
    "tokio",
    "hyper",
    "hyper-util",
    "redb",
    "wasmtime",
    "wasmtime-wasi",
    "tracing",
    "getrandom",
    "switchboard",
];

/// What of std would do the same. An address is a value, a socket is not.
const IMPURE: [&str; 9] = [
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Utc::now",
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 12] = [
    "mod", "util", "utils", "helper", "helpers", "common", "misc", "type", "types", "manager", "service",
    "services",
];

/// A file is looked at above 400 lines, and split before this.
const MOST_LINES: usize = 600;

/// Folders that nobody wrote by hand.
const NOT_OURS: [&str; 3] = ["target", ".git", "node_modules"];

#[test]
fn modules_of_the_host_stay_within_their_walls() {
    let mut broken = Vec::new();
    for (path, text) in sources("host/src") {
        let module = top_level_module(&path);
        let Some((_, allowed)) = WALLS.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{path}: give the module `{module}` its place in WALLS"));
            continue;
        };
        for named in named_modules(&text) {
            if named != module && !allowed.contains(&named.as_str()) {
                broken.push(format!("{path} names crate::{named}, which `{module}` must not know"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn engines_are_named_by_their_owners_only() {
    let mut broken = Vec::new();
    for (path, text) in sources("host/src") {
        let module = top_level_module(&path);
        // The name of a file is no use of the engine.
        let text = code(&text).replace(".redb", "");
        for (owned, owner) in OWNED_CRATES {
            if module != owner && has_word(&text, owned) {
                broken.push(format!("{path} names {owned}, which belongs to `{owner}`"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_domain_can_do_nothing_but_think() {
    let manifest = read(&root().join("host/domain/Cargo.toml"));
    let mut broken: Vec<String> = manifest
        .lines()
        .take_while(|line| !line.starts_with("[dev-dependencies]"))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| NOT_FOR_THE_DOMAIN.contains(name))
        .map(|name| format!("host/domain/Cargo.toml depends on {name}"))
        .collect();
    for (path, text) in sources("host/domain/src") {
        let text = code(&text);
        broken
            .extend(IMPURE.iter().filter(|name| text.contains(*name)).map(|name| format!("{path}: {name}")));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn files_are_short_and_named_after_what_is_inside() {
    let mut broken = Vec::new();
    for (path, text) in sources("") {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            broken.push(format!("{path} has {lines} lines: split it at the noun"));
        }
        for part in path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&part) {
                broken.push(format!("{path}: the name `{part}` says nothing"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_test_is_switched_off() {
    let attribute = concat!("#[", "ignore");
    let broken: Vec<String> =
        sources("").into_iter().filter(|(_, text)| text.contains(attribute)).map(|(path, _)| path).collect();
    assert!(broken.is_empty(), "{attribute}] in {}", broken.join(", "));
}

#[test]
fn interfaces_change_knowingly_only() {
    let golden = read(&root().join("tests/golden/wit.sha256"));
    let promised: BTreeMap<&str, &str> =
        golden.lines().filter_map(|line| line.split_once("  ")).map(|(hash, path)| (path, hash)).collect();
    let found: BTreeMap<String, String> =
        files("wit", "wit").into_iter().map(|(path, text)| (path, sha256(&text))).collect();
    let found: BTreeMap<&str, &str> =
        found.iter().map(|(path, hash)| (path.as_str(), hash.as_str())).collect();
    assert_eq!(
        found, promised,
        "a plugin that was built against the old text stops working: read wit/README.md; if it is meant, \
         run `sha256sum wit/*/*.wit > tests/golden/wit.sha256`"
    );
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    let folders =
        [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    let mut broken = Vec::new();
    for ending in ["rs", "toml", "md", "wit", "txt", "json", "yml", "sh", "lock", "run"] {
        for (path, text) in files("", ending) {
            // Behind a letter it is a part of a longer path, such as that of a page.
            let is_start =
                |at: usize| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.');
            let hit = folders.iter().find(|folder| text.match_indices(**folder).any(|(at, _)| is_start(at)));
            broken.extend(hit.map(|folder| format!("{path}: {folder}…")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_walls_are_read_in_every_way_of_writing_them() {
    let text = "use crate::store::{Txn, crate_name};\n// crate::comment\nuse crate::{\n    app::{Asker, Reach},\n    ids::Ids,\n};\nlet x = crate::clock::now();";
    assert_eq!(named_modules(text), ["store", "app", "ids", "clock"]);
    assert!(has_word("use redb::Database;", "redb"));
    assert!(!has_word("let predbx = 1; my_redb()", "redb"));
    assert_eq!(top_level_module("host/src/http/admin/slot.rs"), "http");
    assert_eq!(top_level_module("host/src/http.rs"), "http");
}

/// The modules behind every `crate::`, comments aside.
fn named_modules(text: &str) -> Vec<String> {
    let text = code(text);
    let mut named = Vec::new();
    for (at, found) in text.match_indices("crate::") {
        if text[..at].ends_with(is_of_a_word) || text[..at].ends_with('$') {
            continue;
        }
        let rest = &text[at + found.len()..];
        match rest.strip_prefix('{') {
            None => named.push(first_word(rest)),
            Some(group) => named.extend(heads_of_group(group)),
        }
    }
    named
}

/// The first word of each path in `a::{b, c}, d}`.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(first_word(group[start..at].trim_start()));
                start = at + 1;
                if sign == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|sign| is_of_a_word(*sign)).collect()
}

fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_of_a_word) && !text[at + word.len()..].starts_with(is_of_a_word)
    })
}

/// The text without the lines that are comments.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |all, line| all + line + "\n")
}

/// `host/src/http/route.rs` and `host/src/http.rs` are both of `http`.
fn top_level_module(path: &str) -> &str {
    let inside = path.trim_start_matches("host/src/");
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let sources = files(folder, "rs");
    assert!(!sources.is_empty(), "there are no sources under `{folder}`");
    sources
}

/// Path from the root of the workspace, and text, of every file below a folder with that ending. A file
/// without an ending counts by its name.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !NOT_OURS.contains(&name) {
                    folders.push(path);
                }
            } else if path.extension().map_or(name == ending, |found| found == ending) {
                let inside =
                    path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push((inside, read(&path)));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
