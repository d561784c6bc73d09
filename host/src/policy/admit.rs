//! Admission: size, component or not, imports, exports, compiling, types, and the scenarios that it carries. Every
//! refusal is a sentence that says what to change.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::bounds::{COMPONENT_BYTES_MAX, TABLE_ELEMENTS};
use switchboard_domain::decision::{FailureKind, PolicyName};
use switchboard_domain::release::{Digest, Implements, Limits, Release, Wasi};
use tokio::time::Instant;
use wasmtime::component::{ComponentExportIndex, ComponentType, InstancePre, Lift};

use super::adapter::check_type;
use super::billing::Billing;
use super::call::{self, Bounds, Failure};
use super::call_scheduling::CallScheduling;
use super::guest::{Guest, LOG_INTERFACE};
use super::job_resolution::JobResolution;
use super::owner_onboarding::OwnerOnboarding;
use super::runtime::{Loaded, Runtime, digest_of};
use super::{Error, shape};

/// The versions of each policy's WIT package that this server speaks.
const VERSIONS: [&str; 1] = ["0.1.0"];
/// Nobody reads more of them.
const SETTINGS_PROBLEMS_MAX: usize = 50;
/// For the trial at admission and for `validate-settings`: nobody's request waits for it.
const TRIAL_LIMITS: Limits = Limits {
    fuel: 2_000_000_000,
    timeout_millis: 5_000,
    memory_mib: 64,
    table_elements: *TABLE_ELEMENTS.end(),
    ..Limits::DEFAULT
};

/// What a push is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// In the order of `PolicyName`.
    pub implements: Vec<Implements>,
    /// Of the component.
    pub size_bytes: u64,
    /// 0 when the compiled code was there already.
    pub compile_millis: u64,
    /// How many of its own scenarios passed.
    pub scenarios: usize,
}

/// One thing that a plugin does not like about its settings.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct SettingsProblem {
    /// RFC 6901 JSON pointer; empty for the whole.
    #[component(name = "pointer")]
    pub pointer: String,
    /// In the plugin's words.
    #[component(name = "message")]
    pub message: String,
}

type Verdict = (Result<(), Vec<SettingsProblem>>,);

/// A component made ready for one policy's calls.
pub(super) struct Callee {
    pub(super) loaded: Arc<Loaded>,
    pub(super) pre: InstancePre<Guest>,
    pub(super) decide: ComponentExportIndex,
    validate_settings: ComponentExportIndex,
}

impl std::fmt::Debug for Callee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callee").field("loaded", &self.loaded).finish_non_exhaustive()
    }
}

impl Callee {
    pub(super) fn prepare(
        loaded: Arc<Loaded>,
        policy: PolicyName,
        version: &str,
        wasi: Wasi,
    ) -> Result<Self, String> {
        let linker = match wasi {
            Wasi::None => &loaded.house.plain,
            Wasi::Minimal => &loaded.house.minimal_wasi,
        };
        let pre = linker.instantiate_pre(&loaded.component).map_err(|error| unsatisfied(wasi, &error))?;
        let interface = interface_name(policy, version);
        let (decide, validate_settings) = exported_functions(&loaded, &interface).ok_or_else(|| {
            format!("It does not export `{interface}` with `decide` and `validate-settings`.")
        })?;
        Ok(Self { loaded, pre, decide, validate_settings })
    }
}

fn unsatisfied(wasi: Wasi, error: &wasmtime::Error) -> String {
    let instead = match wasi {
        Wasi::None => " If it needs WASI to start, make the release with `--wasi minimal`.",
        Wasi::Minimal => "",
    };
    format!("Its imports cannot be satisfied: {error:#}.{instead}")
}

fn exported_functions(
    loaded: &Loaded,
    interface: &str,
) -> Option<(ComponentExportIndex, ComponentExportIndex)> {
    let component = &loaded.component;
    let instance = component.get_export_index(None, interface)?;
    let decide = component.get_export_index(Some(&instance), "decide")?;
    Some((decide, component.get_export_index(Some(&instance), "validate-settings")?))
}

fn interface_name(policy: PolicyName, version: &str) -> String {
    format!("switchboard:{policy}/policy@{version}")
}

impl Runtime {
    /// Admits pushed bytes: what they are, what they import, what they implement, whether they compile and
    /// start, and whether they say what the scenarios that they carry expect. Compiling and the scenarios happen off the
    /// request threads, one component at a time.
    ///
    /// # Errors
    /// `Error::Refused` with every reason that could be found.
    pub async fn admit(&self, bytes: Arc<[u8]>) -> Result<Admitted, Error> {
        let Trial { admitted, callees, scenarios } = self.admit_unasked(Arc::clone(&bytes)).await?;
        let scenarios = self.try_scenarios(callees, bytes, scenarios).await?;
        Ok(Admitted { scenarios, ..admitted })
    }

    /// Admits what this program itself carries, at each start. Whether its scenarios pass is a test's matter.
    ///
    /// # Errors
    /// As [`Runtime::admit`].
    pub async fn admit_embedded(&self, bytes: Arc<[u8]>) -> Result<Admitted, Error> {
        Ok(self.admit_unasked(bytes).await?.admitted)
    }

    async fn admit_unasked(&self, bytes: Arc<[u8]>) -> Result<Trial, Error> {
        let size_bytes = bytes.len() as u64;
        if bytes.len() > COMPONENT_BYTES_MAX {
            return Err(Error::Refused(vec![format!(
                "The component has {size_bytes} bytes; at most {COMPONENT_BYTES_MAX} are admitted. Strip \
                 debug information and unused data."
            )]));
        }
        let shape = shape::read(&bytes).map_err(|sentence| Error::Refused(vec![sentence]))?;
        let mut refusals = refused_imports(&shape.imports);
        let implements = implemented(&shape.exports, &mut refusals);
        if !refusals.is_empty() {
            return Err(Error::Refused(refusals));
        }
        let needs_wasi = shape.imports.iter().any(|import| import.starts_with("wasi:"));
        let wasi = if needs_wasi { Wasi::Minimal } else { Wasi::None };
        let digest = digest_of(&bytes);
        let loaded = self.load(digest, move || Ok(bytes)).await?;
        let mut callees = Vec::with_capacity(implements.len());
        for one in &implements {
            match try_out(&loaded, one.policy, &one.version, wasi).await {
                Ok(callee) => callees.push((one.clone(), callee)),
                Err(sentence) => refusals.push(sentence),
            }
        }
        if !refusals.is_empty() {
            return Err(Error::Refused(refusals));
        }
        let compile_millis = loaded.compile_millis;
        let admitted = Admitted { digest, implements, size_bytes, compile_millis, scenarios: 0 };
        Ok(Trial { admitted, callees, scenarios: shape.scenarios })
    }

    /// Asks the plugin whether it can work with a release's settings. No problems: it can.
    ///
    /// # Errors
    /// `Error::Failed` when it fails instead of answering, `Error::Refused` when it cannot be loaded.
    pub async fn validate_settings(
        &self,
        release: &Release,
        bytes: Arc<[u8]>,
    ) -> Result<Vec<SettingsProblem>, Error> {
        let loaded = self.load(release.digest, move || Ok(bytes)).await?;
        let callee = Callee::prepare(loaded, release.slot.policy, &release.policy_version, release.wasi)
            .map_err(|sentence| Error::Refused(vec![sentence]))?;
        match validate(&callee, &release.settings).await {
            Ok(()) => Ok(Vec::new()),
            Err(Answer::Problems(mut problems)) => {
                problems.truncate(SETTINGS_PROBLEMS_MAX);
                Ok(problems)
            }
            Err(Answer::Failed(Failure { kind, explanation })) => Err(Error::Failed(kind, explanation)),
        }
    }
}

/// A component that starts, with what is still to be asked of it.
struct Trial {
    admitted: Admitted,
    callees: Vec<(Implements, Callee)>,
    /// Where they lie in its bytes.
    scenarios: Vec<Range<usize>>,
}

pub(super) enum Answer {
    Problems(Vec<SettingsProblem>),
    Failed(Failure),
}

pub(super) async fn validate(callee: &Callee, settings: &str) -> Result<(), Answer> {
    let called = call::call::<_, Verdict>(
        &callee.loaded.house,
        &callee.pre,
        &callee.validate_settings,
        (settings,),
        trial_bounds(),
    )
    .await;
    match called.result {
        Ok((Ok(()),)) => Ok(()),
        Ok((Err(problems),)) => Err(Answer::Problems(problems)),
        Err(failure) => Err(Answer::Failed(failure)),
    }
}

/// Starts the component once and checks the types of what it exports. That it dislikes empty settings is its
/// right; that it fails on them is not.
async fn try_out(
    loaded: &Arc<Loaded>,
    policy: PolicyName,
    version: &str,
    wasi: Wasi,
) -> Result<Callee, String> {
    let callee = Callee::prepare(Arc::clone(loaded), policy, version, wasi)?;
    check_decide(&callee, policy).await.map_err(|reason| {
        format!("Its `decide` does not fit `{}`: {reason}.", interface_name(policy, version))
    })?;
    match validate(&callee, "{}").await {
        Ok(()) | Err(Answer::Problems(_)) => Ok(callee),
        Err(Answer::Failed(failure)) => Err(format!(
            "Its `{policy}` fails in `validate-settings(\"{{}}\")`: {}: {}.",
            failure.kind.as_str(),
            failure.explanation
        )),
    }
}

async fn check_decide(callee: &Callee, policy: PolicyName) -> Result<(), String> {
    let bounds = trial_bounds();
    match policy {
        PolicyName::JobResolution => check_type::<JobResolution>(callee, bounds).await,
        PolicyName::CallScheduling => check_type::<CallScheduling>(callee, bounds).await,
        PolicyName::Billing => check_type::<Billing>(callee, bounds).await,
        PolicyName::OwnerOnboarding => check_type::<OwnerOnboarding>(callee, bounds).await,
    }
}

fn trial_bounds() -> Bounds<'static> {
    let deadline = Instant::now() + Duration::from_millis(2 * TRIAL_LIMITS.timeout_millis);
    Bounds { limits: &TRIAL_LIMITS, now_millis: 0, deadline }
}

fn refused_imports(imports: &[String]) -> Vec<String> {
    let log_series = LOG_INTERFACE.rsplit_once('.').map_or(LOG_INTERFACE, |(series, _)| series);
    let is_ours = |import: &str| import.rsplit_once('.').is_some_and(|(series, _)| series == log_series);
    let is_startup_wasi = |import: &str| WASI_PACKAGES.iter().any(|package| import.starts_with(package));
    let refused = imports.iter().filter(|import| !is_ours(import) && !is_startup_wasi(import));
    refused.map(|import| refusal_of(import)).collect()
}

/// What guests of other languages import before their first line runs. All of it is empty or frozen under
/// `--wasi minimal`; network packages are never there.
const WASI_PACKAGES: [&str; 5] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/"];

fn refusal_of(import: &str) -> String {
    let instead = if import.starts_with("wasi:") {
        "a policy has no network; everything that it may know is in its facts.".to_owned()
    } else if import.starts_with("switchboard:log/") {
        format!("this server has `{LOG_INTERFACE}`; build against its WIT.")
    } else if import.starts_with("switchboard:") {
        "a policy is exported, never imported; take what it needs from the facts.".to_owned()
    } else {
        format!(
            "a plugin may import only `{LOG_INTERFACE}` (and `wasi:…`, when its release says `--wasi minimal`); \
             everything that it may know is in its facts."
        )
    };
    format!("It imports `{import}`: {instead}")
}

/// The policies among the exports; an unknown version of one of ours is a refusal, other exports are ignored.
fn implemented(exports: &[String], refusals: &mut Vec<String>) -> Vec<Implements> {
    let mut implements = Vec::new();
    for policy in PolicyName::ALL {
        let prefix = format!("switchboard:{policy}/policy@");
        for version in exports.iter().filter_map(|export| export.strip_prefix(&prefix)) {
            if VERSIONS.contains(&version) {
                implements.push(Implements { policy, version: version.to_owned() });
            } else {
                refusals.push(format!(
                    "It exports version {version} of `{policy}`; this server speaks {}.",
                    VERSIONS.join(", ")
                ));
            }
        }
    }
    if implements.is_empty() && refusals.is_empty() {
        let known: Vec<_> = PolicyName::ALL
            .iter()
            .flat_map(|policy| VERSIONS.map(|version| format!("`{}`", interface_name(*policy, version))))
            .collect();
        refusals.push(format!("It exports no policy. Export at least one of {}.", known.join(", ")));
    }
    implements
}

/// A call that was never made, for a release that cannot be loaded.
pub(super) fn unavailable(reason: &str) -> Failure {
    Failure::new(FailureKind::Unavailable, reason)
}
