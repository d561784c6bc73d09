//! The last words of a guest that panics: a trap alone says nothing, so the hook writes the message and the
//! place into the host's log first.

use std::panic::{PanicHookInfo, set_hook};
use std::sync::Once;

/// Installs the hook. Every exported function calls this first; only the first call of an instance does it.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| set_hook(Box::new(|panic| crate::log::error(&last_words(panic)))));
}

fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    match panic.location() {
        Some(place) => format!("panicked at {}:{}:{}: {message}", place.file(), place.line(), place.column()),
        None => format!("panicked: {message}"),
    }
}
