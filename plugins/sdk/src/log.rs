//! What a plugin says to the operator. The host bounds it: what is too long or too much is cut and marked.
//!
//! Natively there is no host to tell. Lines are kept for the thread that wrote them, so that a test can
//! look at them with `taken`.

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({ path: "../../wit/log", world: "logging" });
}

pub use bindings::switchboard::log::log::Level;

/// Writes a line for whoever is looking for a fault in the plugin.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line that is worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line that somebody should look at one day.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line that somebody should look at now.
pub fn error(message: &str) {
    write(Level::Error, message);
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    bindings::switchboard::log::log::write(level, message);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, message: &str) {
    native::LINES.with_borrow_mut(|lines| lines.push((level, message.to_owned())));
}

#[cfg(not(target_family = "wasm"))]
pub use native::taken;

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::cell::RefCell;

    use super::Level;

    thread_local! {
        pub(super) static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    }

    /// The lines that this thread wrote since it last asked. Only outside WebAssembly, for tests.
    #[must_use]
    pub fn taken() -> Vec<(Level, String)> {
        LINES.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_sees_what_the_rule_said() {
        debug("one");
        error("two");
        assert_eq!(taken(), [(Level::Debug, "one".to_owned()), (Level::Error, "two".to_owned())]);
        assert_eq!(taken(), []);
    }
}
