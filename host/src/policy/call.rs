//! One call: a fresh store and instance, bounded in fuel, time, memory, tables, stack, log and answer.
//!
//! A guest's loop gives the thread back at every tick, so no guest can stop the runtime. Whatever happens is
//! a `FailureKind` with a sentence for the operator; nothing of the guest outlives the call.

use std::collections::HashSet;
use std::time::Duration;

use switchboard_domain::decision::FailureKind;
use switchboard_domain::release::Limits;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};
use wasmtime::{FrameInfo, PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace};

use super::engine::{BACKTRACE_FRAMES_MAX, House};
use super::guest::Guest;

/// Functions that may take part in what is taken for a recursion.
const RECURSING_FUNCTIONS_MAX: usize = 6;
/// Frames of a trap that are told: the place and how it came there.
const FRAMES_MAX: usize = 12;
/// Of the sentence for the operator.
const EXPLANATION_BYTES_MAX: usize = 4_000;
/// How wasmtime says that more came out of the guest than `set_hostcall_fuel` allows; it has no type for it.
const TOO_MUCH_OUT: &str = "fuel allocated for hostcalls has been exhausted";

/// What happened in one call.
#[derive(Debug)]
pub(super) struct Called<R> {
    pub(super) result: Result<R, Failure>,
    pub(super) fuel_used: u64,
    pub(super) log: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) explanation: String,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, explanation: impl Into<String>) -> Self {
        Self { kind, explanation: clip(explanation.into()) }
    }
}

impl<R> Called<R> {
    /// The guest was not run.
    pub(super) fn not_run(failure: Failure) -> Self {
        Self { result: Err(failure), fuel_used: 0, log: Vec::new() }
    }
}

/// What one call may use, and when it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) limits: &'a Limits,
    pub(super) now_millis: i64,
    pub(super) deadline: Instant,
}

/// Waits for a place until the deadline.
pub(super) async fn place(places: &Semaphore, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
    if let Ok(permit) = places.try_acquire() {
        return Ok(permit);
    }
    match timeout_at(deadline, places.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => {
            Err(Failure::new(FailureKind::TooBusy, "no place for the call became free in time"))
        }
    }
}

/// Calls one exported function on a fresh instance.
pub(super) async fn call<P, R>(
    house: &House,
    pre: &InstancePre<Guest>,
    function: &ComponentExportIndex,
    parameters: P,
    bounds: Bounds<'_>,
) -> Called<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let _place = match place(&house.places, bounds.deadline).await {
        Ok(place) => place,
        Err(failure) => return Called::not_run(failure),
    };
    let mut store = match fresh_store(house, &bounds) {
        Ok(store) => store,
        Err(error) => return Called::not_run(Failure::new(FailureKind::Unavailable, format!("{error:#}"))),
    };
    let run = async {
        let instance = pre.instantiate_async(&mut store).await?;
        let function = instance.get_typed_func::<P, R>(&mut store, function)?;
        function.call_async(&mut store, parameters).await
    };
    let time_left = Duration::from_millis(bounds.limits.timeout_millis);
    let until = bounds.deadline.min(Instant::now() + time_left);
    // A dropped call is unwound by wasmtime; the store stays ours and tells the fuel.
    let ended = timeout_at(until, run).await;
    let fuel_used = bounds.limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let guest = store.into_data();
    let result = match ended {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(explain(&error, guest.allowance.refused)),
        Err(_) => {
            let explanation = if until == bounds.deadline {
                "no answer before the request's own deadline".to_owned()
            } else {
                format!("no answer within {} ms", bounds.limits.timeout_millis)
            };
            Err(Failure::new(FailureKind::Timeout, explanation))
        }
    };
    Called { result, fuel_used, log: guest.log.into_lines() }
}

/// Starts an instance and compares the type of one exported function with ours; does not call it.
pub(super) async fn check_type<P, R>(
    house: &House,
    pre: &InstancePre<Guest>,
    function: &ComponentExportIndex,
    bounds: Bounds<'_>,
) -> Result<(), String>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let _place = place(&house.places, bounds.deadline).await.map_err(|failure| failure.explanation)?;
    let mut store = fresh_store(house, &bounds).map_err(|error| format!("{error:#}"))?;
    let instance = match timeout_at(bounds.deadline, pre.instantiate_async(&mut store)).await {
        Ok(started) => started.map_err(|error| {
            let failure = explain(&error, store.data().allowance.refused);
            format!("it cannot be started: {}: {}", failure.kind.as_str(), failure.explanation)
        })?,
        Err(_) => return Err("it does not start in time".to_owned()),
    };
    let typed = instance.get_typed_func::<P, R>(&mut store, function);
    typed.map(|_| ()).map_err(|error| format!("{error:#}"))
}

fn fresh_store(house: &House, bounds: &Bounds<'_>) -> wasmtime::Result<Store<Guest>> {
    let memory_bytes = (bounds.limits.memory_mib as usize) << 20;
    let mut store = Store::new(&house.engine, Guest::new(bounds.limits, bounds.now_millis));
    store.limiter(|guest| &mut guest.allowance);
    store.set_fuel(bounds.limits.fuel)?;
    // Each tick gives the thread back; the time limit stands around it. tokio's own yield, since after any
    // other one the runtime looks at sockets and timers only once in 61 turns: with a looping guest on each
    // thread that is a third of a second for everybody else.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))));
    // A guest can name the same megabyte a thousand times in one list. What the host copies out of it in one
    // go is never more than what the guest may hold.
    store.set_hostcall_fuel(memory_bytes);
    Ok(store)
}

fn explain(error: &wasmtime::Error, refused_memory: bool) -> Failure {
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => FailureKind::StackOverflow,
        Some(Trap::OutOfFuel) => FailureKind::OutOfFuel,
        Some(Trap::MemoryOutOfBounds) if is_deep_recursion(error) => FailureKind::StackOverflow,
        _ if error.is::<PoolConcurrencyLimitError>() => FailureKind::TooBusy,
        _ if refused_memory => FailureKind::OutOfMemory,
        Some(_) => FailureKind::Trap,
        None if error.root_cause().to_string().contains(TOO_MUCH_OUT) => FailureKind::OutputTooLarge,
        None => FailureKind::Trap,
    };
    let mut explanation = error.root_cause().to_string();
    if kind == FailureKind::OutOfMemory {
        // What traps is the guest's allocator, which says nothing of why.
        explanation.insert_str(0, "it asked for more memory or table elements than its release allows: ");
    }
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        for line in backtrace.to_string().lines().take(FRAMES_MAX) {
            explanation.push('\n');
            explanation.push_str(line);
        }
    }
    Failure::new(kind, explanation)
}

/// A language's own stack lies at the low end of the guest's memory (`--stack-first`), so that too deep a
/// recursion leaves the memory before it exhausts the engine's stack. It shows as frames upon frames of few
/// functions.
fn is_deep_recursion(error: &wasmtime::Error) -> bool {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return false };
    let functions: HashSet<u32> = backtrace.frames().iter().map(FrameInfo::func_index).collect();
    backtrace.frames().len() >= BACKTRACE_FRAMES_MAX.get() && functions.len() <= RECURSING_FUNCTIONS_MAX
}

fn clip(mut text: String) -> String {
    if text.len() > EXPLANATION_BYTES_MAX {
        text.truncate(text.floor_char_boundary(EXPLANATION_BYTES_MAX));
        text.push('…');
    }
    text
}
