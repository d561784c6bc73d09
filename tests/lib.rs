//! What the black-box tests and the benches share: a real server on real sockets and a real file, and a small
//! client. Nothing here knows more of the server than a partner or an operator does, but the steerable clock and
//! the gap between ask and commit.

mod client;
pub mod document;
mod host;
mod letter;
mod plugins;
pub mod process;
mod scene;
pub mod smtp;

pub use client::{Answer, Client};
pub use host::{Furnished, Options, TestHost};
pub use letter::Letter;
pub use plugins::{policies_folder, wasm};
pub use process::Process;
pub use scene::Scene;
