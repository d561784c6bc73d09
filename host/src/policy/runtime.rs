//! The engines, the one place where components are compiled or loaded, and the tick that lets looping guests
//! be interrupted.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use switchboard_domain::release::Digest;
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::Error;
use super::cache::Cache;
use super::engine::{self, House, Kind};
use super::fuel_model;
use super::shape;

/// A looping guest gives its thread back this often.
const TICK: Duration = Duration::from_millis(2);
/// While no guest runs; the first tick of one that begins to loop then may come so late.
const IDLE_TICK: Duration = Duration::from_millis(20);
/// Cranelift uses all cores for one component already.
const COMPILES_AT_ONCE: usize = 1;

/// What the platform needs from outside.
#[derive(Clone)]
pub struct Setup {
    /// Where compiled code is kept. Absent: nowhere.
    pub compiled_folder: Option<PathBuf>,
    /// Seals what is kept there. Secret, and the same after a restart.
    pub cache_key: [u8; 32],
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("compiled_folder", &self.compiled_folder).finish_non_exhaustive()
    }
}

/// The policy platform. Cheap to clone; the ticking thread ends with the last clone.
#[derive(Debug, Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    compact: Arc<House>,
    roomy: Arc<House>,
    cache: Option<Cache>,
    /// One component per digest, however many slots use it; whoever uses it keeps it.
    loaded: Mutex<HashMap<Digest, Weak<Loaded>>>,
    loaded_count: Arc<AtomicU64>,
    compiles: Semaphore,
    /// Dropped with the platform, which ends the ticking thread.
    _ticking: mpsc::Sender<()>,
}

/// A compiled component. Its code goes when the last `Arc` does.
pub(super) struct Loaded {
    pub(super) digest: Digest,
    pub(super) component: Component,
    pub(super) house: Arc<House>,
    /// 0 when it came from the cache.
    pub(super) compile_millis: u64,
    count: Arc<AtomicU64>,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("digest", &self.digest).field("house", &self.house).finish()
    }
}

impl Runtime {
    /// Builds both engines and starts the tick.
    ///
    /// # Errors
    /// `Error::Engine` when an engine cannot be built or the folder cannot be made.
    pub fn start(setup: Setup) -> Result<Self, Error> {
        let compact = Arc::new(House::build(Kind::Compact)?);
        let roomy = Arc::new(House::build(Kind::Roomy)?);
        let cache = match setup.compiled_folder {
            Some(folder) => {
                Some(Cache::open(folder, setup.cache_key).map_err(|error| Error::Engine(error.to_string()))?)
            }
            None => None,
        };
        let ticking = start_ticking([&compact, &roomy].map(Arc::downgrade))?;
        let shared = Shared {
            compact,
            roomy,
            cache,
            loaded: Mutex::new(HashMap::new()),
            loaded_count: Arc::new(AtomicU64::new(0)),
            compiles: Semaphore::new(COMPILES_AT_ONCE),
            _ticking: ticking,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The compact engine's settings, for a bench against bare wasmtime.
    #[must_use]
    pub fn engine_config_compact() -> wasmtime::Config {
        engine::compact_config()
    }

    /// The fuel model that this program counts under, in words that change with it.
    #[must_use]
    pub fn fuel_model() -> &'static str {
        fuel_model::text()
    }

    /// Components whose code is in memory now.
    #[must_use]
    pub fn loaded_components(&self) -> u64 {
        self.shared.loaded_count.load(Ordering::Relaxed)
    }

    /// The component of that digest: from memory, from the cache, or compiled from what `bytes` gives. The
    /// work is done on a blocking thread.
    pub(super) async fn load<B>(&self, digest: Digest, bytes: B) -> Result<Arc<Loaded>, Error>
    where
        B: FnOnce() -> Result<Arc<[u8]>, String> + Send + 'static,
    {
        if let Some(loaded) = self.in_memory(digest) {
            return Ok(loaded);
        }
        // Not behind the permit: an activation does not wait for somebody's compile.
        if let Some(loaded) = self.off_thread(move |runtime| runtime.load_cached(digest)).await? {
            return Ok(loaded);
        }
        let _permit = self.shared.compiles.acquire().await.map_err(|_| closed())?;
        // Somebody may have compiled it while we waited.
        if let Some(loaded) = self.in_memory(digest) {
            return Ok(loaded);
        }
        self.off_thread(move |runtime| runtime.compile(digest, bytes)).await?
    }

    /// Does the work on a blocking thread.
    pub(super) async fn off_thread<R, F>(&self, work: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&Self) -> R + Send + 'static,
    {
        let runtime = self.clone();
        let work = tokio::task::spawn_blocking(move || work(&runtime));
        work.await.map_err(|error| Error::Engine(format!("the loading task died: {error}")))
    }

    fn in_memory(&self, digest: Digest) -> Option<Arc<Loaded>> {
        self.loaded_map().get(&digest).and_then(Weak::upgrade)
    }

    fn loaded_map(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Weak<Loaded>>> {
        self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn house(&self, kind: Kind) -> &Arc<House> {
        match kind {
            Kind::Compact => &self.shared.compact,
            Kind::Roomy => &self.shared.roomy,
        }
    }

    fn load_cached(&self, digest: Digest) -> Option<Arc<Loaded>> {
        let cache = self.shared.cache.as_ref()?;
        Kind::ALL.into_iter().find_map(|kind| {
            let house = self.house(kind);
            let component = cache.load(house, digest)?;
            Some(self.remember(digest, component, house, 0))
        })
    }

    fn compile<B>(&self, digest: Digest, bytes: B) -> Result<Arc<Loaded>, Error>
    where
        B: FnOnce() -> Result<Arc<[u8]>, String>,
    {
        let bytes = bytes().map_err(|reason| Error::Refused(vec![reason]))?;
        if digest_of(&bytes) != digest {
            let reason = format!("The stored component is not `{digest}`: its bytes are damaged.");
            return Err(Error::Refused(vec![reason]));
        }
        let shape = shape::read(&bytes).map_err(|sentence| Error::Refused(vec![sentence]))?;
        let house = self.house(Kind::for_shape(&shape));
        let started = std::time::Instant::now();
        let component = Component::from_binary(&house.engine, &bytes)
            .map_err(|error| Error::Refused(vec![format!("The component cannot be compiled: {error:#}.")]))?;
        let compile_millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        if let Some(cache) = &self.shared.cache {
            cache.keep(house, digest, &component);
        }
        Ok(self.remember(digest, component, house, compile_millis))
    }

    fn remember(
        &self,
        digest: Digest,
        component: Component,
        house: &Arc<House>,
        compile_millis: u64,
    ) -> Arc<Loaded> {
        let mut map = self.loaded_map();
        // Two may have loaded it from the cache at once: the first one stays.
        if let Some(known) = map.get(&digest).and_then(Weak::upgrade) {
            return known;
        }
        let count = Arc::clone(&self.shared.loaded_count);
        count.fetch_add(1, Ordering::Relaxed);
        let loaded = Arc::new(Loaded { digest, component, house: Arc::clone(house), compile_millis, count });
        map.retain(|_, known| known.strong_count() > 0);
        map.insert(digest, Arc::downgrade(&loaded));
        loaded
    }
}

/// SHA-256 of a component.
pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest(sha2::Sha256::digest(bytes).into())
}

fn closed() -> Error {
    Error::Engine("the platform is shutting down".to_owned())
}

/// Ticks until the returned sender is dropped.
fn start_ticking(houses: [Weak<House>; 2]) -> Result<mpsc::Sender<()>, Error> {
    let (alive, ended) = mpsc::channel::<()>();
    let tick = move || {
        let mut pause = IDLE_TICK;
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = IDLE_TICK;
            for house in houses.iter().filter_map(Weak::upgrade) {
                house.engine.increment_epoch();
                if house.is_in_use() {
                    pause = TICK;
                }
            }
        }
    };
    std::thread::Builder::new()
        .name("policy-tick".to_owned())
        .spawn(tick)
        .map_err(|error| Error::Engine(error.to_string()))?;
    Ok(alive)
}
