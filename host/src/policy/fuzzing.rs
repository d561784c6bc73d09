//! The entry for fuzzing admission: any bytes are admitted or refused in sentences, and the process lives on.

use std::sync::{Arc, OnceLock};

use super::runtime::digest_of;
use super::{Error, Runtime, Setup};

/// What somebody pushes as a component.
pub fn component(data: &[u8]) {
    let bytes: Arc<[u8]> = data.into();
    let digest = digest_of(&bytes);
    let (threads, runtime) = platform();
    match threads.block_on(runtime.admit(bytes)) {
        Ok(admitted) => {
            assert_eq!(admitted.digest, digest);
            assert!(!admitted.implements.is_empty(), "admitted without a policy");
        }
        Err(Error::Refused(reasons)) => {
            assert!(!reasons.is_empty(), "refused without a reason");
            for reason in reasons {
                assert!(reason.ends_with('.'), "no sentence: {reason}");
            }
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(runtime.loaded_components(), 0, "code stays that nobody uses");
}

/// One for all runs: a pool reserves a good deal of address space.
fn platform() -> &'static (tokio::runtime::Runtime, Runtime) {
    static PLATFORM: OnceLock<(tokio::runtime::Runtime, Runtime)> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let runtime = Runtime::start(Setup { compiled_folder: None, cache_key: [7; 32] });
        (threads, runtime.expect("the engines start"))
    })
}
