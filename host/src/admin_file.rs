//! `DIR/admin.json`: where the operators' API of the running server is, and the token that opens it. Commands
//! find the server by it.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ids::Ids;

const FILE: &str = "admin.json";

#[derive(Serialize, Deserialize)]
struct AdminFile {
    url: String,
    token: String,
}

/// The token of the first start; a new one where there is none that can be read.
pub(crate) fn token(folder: &Path, ids: &Ids) -> io::Result<String> {
    match fs::read(folder.join(FILE)) {
        Ok(bytes) => match serde_json::from_slice::<AdminFile>(&bytes) {
            Ok(file) if !file.token.is_empty() => Ok(file.token),
            Ok(_) | Err(_) => Ok(fresh(ids)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fresh(ids)),
        Err(error) => Err(error),
    }
}

fn fresh(ids: &Ids) -> String {
    ids.secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells where the server is. Readers see the old file or the new one, never half of one.
pub(crate) fn write(folder: &Path, address: SocketAddr, token: &str) -> io::Result<()> {
    let file = AdminFile { url: format!("http://{address}"), token: token.to_owned() };
    let new = folder.join(format!("{FILE}.new"));
    // A left-over of another mode would keep that mode.
    drop(fs::remove_file(&new));
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    out.write_all(&serde_json::to_vec(&file)?)?;
    out.sync_all()?;
    fs::rename(new, folder.join(FILE))
}
