//! The client in `examples/typescript`: its types are generated from the document, checked by the compiler, and its
//! tour is walked against the real program.

use std::ffi::OsString;

use super::server::Server;
use crate::step::{Failed, Step, program, workspace_root};

pub(super) fn walk(server: &Server) -> Result<(), Failed> {
    npm("install the generator and the compiler", &["ci", "--ignore-scripts"]).run()?;
    npm("generate the client's types", &["run", "--silent", "generate"]).run()?;
    npm("check the client's types", &["run", "--silent", "check"]).run()?;
    npm("compile the client", &["run", "--silent", "build"]).run()?;
    npm("walk the partner's tour", &["run", "--silent", "tour"])
        .env("URL", &server.url)
        .env("KEY", &server.ats_key)
        .run()
}

fn npm(purpose: &'static str, arguments: &[&str]) -> Step {
    let folder = workspace_root().join("examples").join("typescript");
    program(purpose, &"npm".into()).args([OsString::from("--prefix"), folder.into()]).args(arguments)
}
