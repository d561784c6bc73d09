//! The two engines. What a fuel count depends on stands in `fuel_model`; all else here is about room and speed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;

use switchboard_domain::bounds::{MEMORY_MIB, TABLE_ELEMENTS};
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use super::guest::{self, Guest};
use super::shape::Shape;
use super::{Error, fuel_model, wasi};

/// The largest memory that a release can be given, which is also what a pool's slot has room for.
const MEMORY_BYTES_MAX: usize = (*MEMORY_MIB.end() as usize) << 20;
/// Compact guests in flight at once. Each used slot keeps `COMPACT_RESIDENT_BYTES`: 32 MiB in all.
pub(super) const COMPACT_CALLS_MAX: u32 = 128;
/// Covers the whole initial memory of a compact guest, so that a reset is a `memset` and no system call.
pub(super) const COMPACT_RESIDENT_BYTES: u64 = 256 << 10;
/// A compact guest's table is reset the same way.
const COMPACT_TABLE_RESIDENT_BYTES: usize = 16 << 10;
/// A module, its shim and its fix-up, with room to spare.
pub(super) const COMPACT_CORE_INSTANCES_MAX: u32 = 8;
/// Interpreters in flight at once: each may hold tens of MiB.
pub(super) const ROOMY_CALLS_MAX: u32 = 32;
/// Python has 38 core instances.
pub(super) const ROOMY_CORE_INSTANCES_MAX: u32 = 100;
/// The largest table that a release can be given, in the same way.
const TABLE_ELEMENTS_MAX: usize = *TABLE_ELEMENTS.end() as usize;
/// wasmtime's bookkeeping of one interpreter instance.
const INSTANCE_BYTES_MAX: usize = 4 << 20;
/// What the guest's own calls may use; recursion beyond it is a `StackOverflow`. No limit of a release: wasmtime fixes
/// it for a whole engine, whose stacks lie in a pool of one size. Half a megabyte is what browsers give a guest, and
/// some thousand frames of an interpreter.
const WASM_STACK_BYTES: usize = 512 << 10;
/// Frames that a trap collects; so many of the same few functions are a recursion.
pub(super) const BACKTRACE_FRAMES_MAX: NonZeroUsize = NonZeroUsize::new(24).unwrap();
/// The guest's stack, plus what host functions need below it.
const ASYNC_STACK_BYTES: usize = 1 << 20;

/// Which engine a component runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Small guests: no mmap-family system call per call.
    Compact,
    /// Interpreters: copy-on-write images, few slots.
    Roomy,
}

impl Kind {
    /// The engine for components of this shape.
    pub(super) fn for_shape(shape: &Shape) -> Self {
        let is_compact = shape.core_instances <= COMPACT_CORE_INSTANCES_MAX
            && shape.memories <= 1
            && shape.initial_memory_bytes <= COMPACT_RESIDENT_BYTES;
        if is_compact { Self::Compact } else { Self::Roomy }
    }

    pub(super) const ALL: [Self; 2] = [Self::Compact, Self::Roomy];

    /// In names of cached files.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Roomy => "roomy",
        }
    }
}

/// An engine with what belongs to it.
pub(super) struct House {
    pub(super) kind: Kind,
    pub(super) engine: Engine,
    /// Only `log`.
    pub(super) plain: Linker<Guest>,
    /// `log`, and WASI over nothing.
    pub(super) minimal_wasi: Linker<Guest>,
    /// One permit for each call that the pool has room for: an exhausted pool would be an error, not a wait.
    pub(super) places: Semaphore,
    places_max: usize,
    /// Changes whenever compiled code of one engine cannot be run by the other.
    pub(super) hash: u64,
}

impl House {
    pub(super) fn build(kind: Kind) -> Result<Self, Error> {
        let (config, places_max) = match kind {
            Kind::Compact => (compact_config(), COMPACT_CALLS_MAX as usize),
            Kind::Roomy => (roomy_config(), ROOMY_CALLS_MAX as usize),
        };
        let engine = Engine::new(&config).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let plain = linker(&engine).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let mut minimal_wasi = plain.clone();
        wasi::link(&mut minimal_wasi).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let hash = hasher.finish();
        let places = Semaphore::new(places_max);
        Ok(Self { kind, engine, plain, minimal_wasi, places, places_max, hash })
    }
}

impl House {
    /// Whether a guest runs in it.
    pub(super) fn is_in_use(&self) -> bool {
        self.places.available_permits() < self.places_max
    }
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    guest::link_log(&mut linker)?;
    Ok(linker)
}

/// Many small guests. A slot belongs to nobody: data segments are copied in, memory is reset by `memset`.
pub(super) fn compact_config() -> Config {
    let mut pool = pool(COMPACT_CALLS_MAX, COMPACT_CORE_INSTANCES_MAX, 1);
    // Small on purpose: the hot slots serve everybody and stay in the cache.
    pool.max_unused_warm_slots(4);
    #[expect(clippy::cast_possible_truncation, reason = "a constant of 256 KiB")]
    pool.linear_memory_keep_resident(COMPACT_RESIDENT_BYTES as usize);
    pool.table_keep_resident(COMPACT_TABLE_RESIDENT_BYTES);
    let mut config = deterministic_config();
    config.memory_init_cow(false);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Few large guests. A slot remembers its component's image; only touched pages are given back.
fn roomy_config() -> Config {
    let mut pool = pool(ROOMY_CALLS_MAX, ROOMY_CORE_INSTANCES_MAX, 4);
    pool.max_unused_warm_slots(ROOMY_CALLS_MAX);
    pool.linear_memory_keep_resident(64 << 10);
    pool.pagemap_scan(Enabled::Auto);
    let mut config = deterministic_config();
    config.memory_init_cow(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn pool(calls: u32, core_instances_each: u32, memories_each: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls * core_instances_each)
        .total_memories(calls * memories_each)
        .total_tables(calls * core_instances_each)
        .total_stacks(calls)
        .max_core_instances_per_component(core_instances_each)
        .max_memories_per_component(memories_each)
        .max_tables_per_component(core_instances_each)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_tables_per_module(4)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(MEMORY_BYTES_MAX);
    pool
}

/// What both engines share.
fn deterministic_config() -> Config {
    let mut config = Config::new();
    fuel_model::configure(&mut config);
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        // Compiled code never reads a stack slot that it did not write; zeroing would cost system calls.
        .async_stack_zeroing(false)
        // A trap names file and line where the component carries them.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES_MAX));
    config
}
