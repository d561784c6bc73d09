//! `wasi = minimal`: WASI for guests that cannot start without it, over an empty world. No files, sockets,
//! environment or arguments; standard output is discarded; the clocks stand at the facts' `now`; randomness
//! follows from `now`. So a replay sees the same.

use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};

use super::guest::Guest;

/// Bytes after which the randomness repeats: guests seed hash maps with 16 of them.
const RANDOM_CYCLE_BYTES: usize = 1024;
/// What a guest may draw at once; the host allocates it.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// Handles that a guest may hold at once: each costs host memory beside the guest's own.
const RESOURCES_MAX: usize = 1_000;

/// A guest's WASI.
pub(super) struct WasiState {
    ctx: WasiCtx,
    table: ResourceTable,
}

/// Defines WASI 0.2.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let state = self.wasi.get_or_insert_with(|| Box::new(WasiState::standing_at(self.now_millis)));
        WasiCtxView { ctx: &mut state.ctx, table: &mut state.table }
    }
}

impl WasiState {
    fn standing_at(now_millis: i64) -> Self {
        let clock = StandingClock(Duration::from_millis(u64::try_from(now_millis).unwrap_or(0)));
        let ctx = WasiCtxBuilder::new()
            .wall_clock(clock)
            .monotonic_clock(clock)
            .secure_random(Deterministic::new(random_bytes("secure", now_millis)))
            .insecure_random(Deterministic::new(random_bytes("insecure", now_millis)))
            .insecure_random_seed(u128::from(now_millis.unsigned_abs()))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        Self { ctx, table }
    }
}

fn random_bytes(purpose: &str, now_millis: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RANDOM_CYCLE_BYTES);
    let mut block = 0_u64;
    while bytes.len() < RANDOM_CYCLE_BYTES {
        let mut hash = Sha256::new();
        hash.update(purpose.as_bytes());
        hash.update(now_millis.to_be_bytes());
        hash.update(block.to_be_bytes());
        bytes.extend_from_slice(&hash.finalize());
        block += 1;
    }
    bytes
}

/// Time does not pass inside of a decision.
#[derive(Clone, Copy)]
struct StandingClock(Duration);

impl HostWallClock for StandingClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for StandingClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}
