//! The scenarios that a plugin carries: `plugins/<name>/scenarios/*.json`, one a file, as
//! `switchboard decision show ID --as-scenario` prints them. They go into a custom section of the component, and a push
//! asks them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::guests::at;
use crate::step::Failed;

/// Where the server looks for them.
const SECTION: &str = "switchboard:scenarios";

/// A custom section with all files of the folder, to stand behind a component; nothing where there are none. The files
/// are taken as they are, in the order of their names: the same files give the same bytes.
pub(crate) fn section(folder: &Path) -> Result<Vec<u8>, Failed> {
    let mut all = Vec::new();
    for path in files(folder)? {
        let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
        if let Err(error) = serde_json::from_str::<Value>(&text) {
            return Err(Failed::new(&format!("xtask: {} is not JSON: {error}", path.display())));
        }
        all.push(text.trim().to_owned());
    }
    if all.is_empty() {
        return Ok(Vec::new());
    }
    Ok(custom_section(SECTION, format!("[{}]", all.join(",")).as_bytes()))
}

/// The scenarios of a folder that need not be there, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let path = entry.map_err(|error| at(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// As the binary format has it: 0, the length of the rest, the length of the name, the name, the content.
fn custom_section(name: &str, content: &[u8]) -> Vec<u8> {
    let mut rest = leb128(name.len());
    rest.extend_from_slice(name.as_bytes());
    rest.extend_from_slice(content);
    [&[0], leb128(rest.len()).as_slice(), &rest].concat()
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_webassembly_has_them() {
        for (number, bytes) in
            [(0, &[0][..]), (127, &[0x7f]), (128, &[0x80, 1]), (300, &[0xac, 2]), (16_384, &[0x80, 0x80, 1])]
        {
            assert_eq!(leb128(number), bytes, "{number}");
        }
        assert_eq!(custom_section("ab", b"c"), [0, 4, 2, b'a', b'b', b'c']);
    }
}
