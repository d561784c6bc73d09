//! What the black-box tests and the benches share: a real server on real sockets and a real file, and a small
//! client. Nothing here knows more of the server than a partner or an operator does, but the steerable clock,
//! the gap between ask and commit, and the events, which have no endpoint yet.

mod client;
pub mod collector;
pub mod document;
mod hold;
mod host;
mod letter;
pub mod office;
mod plugins;
pub mod process;
mod scene;
pub mod smtp;

pub use client::{Answer, Client};
pub use hold::Hold;
pub use host::{Furnished, Options, TestHost};
pub use letter::Letter;
pub use office::{Dialler, Office};
pub use plugins::{policies_folder, variant, wasm, with_scenarios, with_section};
pub use process::Process;
pub use scene::Scene;
