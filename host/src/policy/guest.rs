//! What belongs to one running guest: its log, its allowance, its WASI state. Made for one call, then dropped.

use std::collections::VecDeque;

use switchboard_domain::release::Limits;
use wasmtime::component::{ComponentType, Lift, Linker, WasmStr};
use wasmtime::{ResourceLimiter, StoreContextMut};

use super::adapter::kib;
use super::wasi::WasiState;

/// The interface that every guest may import.
pub(super) const LOG_INTERFACE: &str = "switchboard:log/log@0.1.0";

/// Lines kept of one call, the newest, however short they are: nobody reads more of them.
const LOG_LINES_MAX: usize = 50;
/// Of one line.
const LOG_LINE_BYTES_MAX: usize = 1_000;
/// Message bytes that are looked at in one call. What comes after is counted and not read, so that a guest
/// that writes megabytes costs the host little.
const LOG_READ_BYTES_MAX: usize = 256 << 10;
/// Stands where something was cut.
const CUT: &str = "… [cut]";

/// A store's data.
pub(super) struct Guest {
    pub(super) log: LogBook,
    pub(super) allowance: Allowance,
    /// The moment that the guest may know.
    pub(super) now_millis: i64,
    /// Made when the guest first asks for it.
    pub(super) wasi: Option<Box<WasiState>>,
}

impl Guest {
    pub(super) fn new(limits: &Limits, now_millis: i64) -> Self {
        let allowance = Allowance {
            memory_bytes_max: (limits.memory_mib as usize) << 20,
            memory_bytes: 0,
            table_elements_max: limits.table_elements as usize,
            refused: false,
        };
        Self { log: LogBook::new(kib(limits.log_kib)), allowance, now_millis, wasi: None }
    }
}

/// `level` of the log interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "its values are made by lifting a guest's")]
pub(super) enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Defines the log interface. The message is borrowed from the guest's memory and only its kept part copied.
pub(super) fn link_log(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let write = |mut store: StoreContextMut<'_, Guest>, (level, message): (Level, WasmStr)| {
        if store.data().log.is_full() {
            store.data_mut().log.dropped += 1;
            return Ok(());
        }
        let mut kept = String::new();
        let message_bytes = {
            let message = message.to_str(&store)?;
            let end = message.floor_char_boundary(LOG_LINE_BYTES_MAX);
            kept.push_str(level.as_str());
            kept.push_str(": ");
            kept.push_str(&message[..end]);
            if end < message.len() {
                kept.push_str(CUT);
            }
            message.len()
        };
        store.data_mut().log.note(kept, message_bytes);
        Ok(())
    };
    linker.instance(LOG_INTERFACE)?.func_wrap("write", write)
}

/// The bounded log of one call.
#[derive(Debug)]
pub(super) struct LogBook {
    lines: VecDeque<String>,
    /// Of the lines that are kept.
    bytes: usize,
    bytes_max: usize,
    read_bytes: usize,
    dropped: u64,
}

impl LogBook {
    fn new(bytes_max: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, bytes_max, read_bytes: 0, dropped: 0 }
    }

    fn is_full(&self) -> bool {
        self.read_bytes >= LOG_READ_BYTES_MAX
    }

    fn note(&mut self, line: String, message_bytes: usize) {
        // An empty message costs as well.
        self.read_bytes += message_bytes.max(64);
        self.bytes += line.len();
        self.lines.push_back(line);
        while LOG_LINES_MAX < self.lines.len() || self.bytes_max < self.bytes {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
    }

    /// The kept lines, oldest first; the first one tells how many are not there.
    pub(super) fn into_lines(self) -> Vec<String> {
        let mark = (self.dropped > 0).then(|| format!("[{} lines cut]", self.dropped));
        mark.into_iter().chain(self.lines).collect()
    }
}

/// What the guest may allocate, and whether it was refused some.
#[derive(Debug)]
pub(super) struct Allowance {
    memory_bytes_max: usize,
    memory_bytes: usize,
    table_elements_max: usize,
    /// A trap after a refusal is the allocator's way of saying so.
    pub(super) refused: bool,
}

impl ResourceLimiter for Allowance {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all_bytes = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        let allowed = all_bytes <= self.memory_bytes_max;
        if allowed {
            self.memory_bytes = all_bytes;
        }
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.table_elements_max;
        self.refused |= !allowed;
        Ok(allowed)
    }
}
