//! The scenarios that a component carries: facts, and what its author expects it to say. A push asks each of them, on
//! the production engine, and refuses a component that says something else.
//!
//! They lie in the component's custom sections of the name `switchboard:scenarios`, each a JSON array of what
//! `switchboard decision show ID --as-scenario` prints. Several sections add up.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use switchboard_domain::bounds::{SCENARIOS_BYTES_MAX, SCENARIOS_MAX, SCENARIOS_SECONDS_MAX, TIMEOUT_MILLIS};
use switchboard_domain::decision::{Facts as _, PolicyName};
use switchboard_domain::difference;
use switchboard_domain::release::{Implements, Limits, check_settings};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::Error;
use super::adapter::{self, Policy};
use super::admit::{Answer, Callee, validate};
use super::billing::Billing;
use super::call::{Bounds, Failure};
use super::call_scheduling::CallScheduling;
use super::job_resolution::JobResolution;
use super::owner_onboarding::OwnerOnboarding;
use super::runtime::Runtime;
use super::shape::SCENARIOS_SECTION;

/// Scenarios that are told of a refused component; of the others their number.
const TOLD_MAX: usize = 10;
/// Differences that are told of one scenario.
const DIFFERENCES_MAX: usize = 5;
/// Of one value in a sentence: an id, a reason, a short list.
const VALUE_CHARS_MAX: usize = 200;

/// One of them. What is not asked for says where it came from.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scenario {
    name: String,
    policy: String,
    /// Absent: the version that the component exports.
    policy_version: Option<String>,
    #[serde(default = "no_settings")]
    settings: Value,
    input: Value,
    /// The answer, or `{"failure": KIND}`.
    expected: Value,
    #[serde(default, rename = "decision")]
    _decision: IgnoredAny,
    #[serde(default, rename = "at")]
    _at: IgnoredAny,
    #[serde(default, rename = "slot")]
    _slot: IgnoredAny,
    #[serde(default, rename = "release")]
    _release: IgnoredAny,
    #[serde(default, rename = "plugin")]
    _plugin: IgnoredAny,
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "limits")]
    _limits: IgnoredAny,
    #[serde(default, rename = "wasi")]
    _wasi: IgnoredAny,
    /// Another build needs other fuel for the same answer.
    #[serde(default, rename = "fuel")]
    _fuel: IgnoredAny,
}

fn no_settings() -> Value {
    json!({})
}

impl Runtime {
    /// Asks every scenario that lies in `sections` of the bytes; how many there are. One blocking thread does it.
    ///
    /// # Errors
    /// `Error::Refused`: a section cannot be read, or the component says something else.
    pub(super) async fn try_scenarios(
        &self,
        callees: Vec<(Implements, Callee)>,
        bytes: Arc<[u8]>,
        sections: Vec<Range<usize>>,
    ) -> Result<usize, Error> {
        if sections.is_empty() {
            return Ok(0);
        }
        let within = Duration::from_secs(SCENARIOS_SECONDS_MAX);
        let work = move |_: &Self| {
            let sections: Vec<&[u8]> = sections.into_iter().filter_map(|place| bytes.get(place)).collect();
            let scenarios = read(&sections).map_err(|sentence| vec![sentence])?;
            Handle::current().block_on(ask_all(&callees, &scenarios, within))?;
            Ok(scenarios.len())
        };
        self.off_thread(work).await?.map_err(Error::Refused)
    }
}

/// All of them, in the order in which they lie in the component; or the sentence that says why they cannot be read.
fn read(sections: &[&[u8]]) -> Result<Vec<Scenario>, String> {
    let bytes: usize = sections.iter().map(|section| section.len()).sum();
    if SCENARIOS_BYTES_MAX < bytes {
        return Err(format!(
            "Its scenarios have {bytes} bytes; at most {SCENARIOS_BYTES_MAX} are admitted. Keep the others as tests of \
             the plugin's own."
        ));
    }
    let mut scenarios = Vec::new();
    for (number, section) in (1..).zip(sections) {
        let place = match sections.len() {
            1 => format!("section `{SCENARIOS_SECTION}`"),
            all => format!("section `{SCENARIOS_SECTION}` ({number} of {all})"),
        };
        let values: Vec<Value> = serde_json::from_slice(section)
            .map_err(|error| format!("Its {place} is no JSON array of scenarios: {error}."))?;
        for (number, value) in (1..).zip(values) {
            let scenario = Scenario::deserialize(value).map_err(|error| {
                format!(
                    "Scenario {number} of its {place} cannot be read: {error}. Write it as \
                     `switchboard decision show ID --as-scenario` does."
                )
            })?;
            scenarios.push(scenario);
        }
    }
    if SCENARIOS_MAX < scenarios.len() {
        return Err(format!(
            "It has {} scenarios; at most {SCENARIOS_MAX} are admitted. Keep the others as tests of the plugin's own.",
            scenarios.len()
        ));
    }
    Ok(scenarios)
}

/// One after another, so that a push takes one core and one place of the pool.
async fn ask_all(
    callees: &[(Implements, Callee)],
    scenarios: &[Scenario],
    within: Duration,
) -> Result<(), Vec<String>> {
    let deadline = Instant::now() + within;
    let mut refusals = Vec::new();
    let mut untold = 0_usize;
    for (done, scenario) in scenarios.iter().enumerate() {
        let held = scenario.ask(callees, deadline).await;
        if deadline <= Instant::now() {
            refusals.push(format!(
                "Its scenarios take more than {} s together: {done} of {} were asked in that time. Carry fewer, or \
                 smaller ones.",
                within.as_secs(),
                scenarios.len()
            ));
            break;
        }
        match held {
            Ok(()) => {}
            Err(_) if TOLD_MAX <= refusals.len() => untold += 1,
            Err(why) => refusals.push(format!("Its scenario `{}` {why}", clip(&scenario.name))),
        }
    }
    if 0 < untold {
        refusals.push(format!("{untold} more of its scenarios do not hold."));
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

impl Scenario {
    /// The rest of the sentence that begins with the scenario's name, where it does not hold.
    async fn ask(&self, callees: &[(Implements, Callee)], deadline: Instant) -> Result<(), String> {
        let (implements, callee) = self.callee(callees)?;
        let settings = self.settings.to_string();
        check_settings(&settings)
            .map_err(|flaw| format!("has settings that no release can have: `settings` {}.", flaw.message))?;
        match validate(callee, &settings).await {
            Ok(()) => {}
            Err(Answer::Problems(problems)) => {
                let told = problems.iter().take(DIFFERENCES_MAX);
                let told: Vec<_> =
                    told.map(|it| format!("`settings{}` {}", clip(&it.pointer), clip(&it.message))).collect();
                return Err(format!(
                    "has settings that the plugin itself refuses: {}. Mend the scenario's settings.",
                    told.join("; ")
                ));
            }
            Err(Answer::Failed(Failure { kind, explanation })) => {
                return Err(format!(
                    "has settings on which `validate-settings` fails: {kind}: {explanation}."
                ));
            }
        }
        // Fuel and memory are those of a release that says nothing of them. How fast this machine is just now is no
        // matter of the component, so that time is the most that any release can give.
        let limits = Limits { timeout_millis: *TIMEOUT_MILLIS.end(), ..Limits::DEFAULT };
        let bounds = Bounds { limits: &limits, now_millis: 0, deadline };
        let input = self.input.to_string();
        let said = match implements.policy {
            PolicyName::JobResolution => ask_as::<JobResolution>(callee, &input, &settings, bounds).await,
            PolicyName::CallScheduling => ask_as::<CallScheduling>(callee, &input, &settings, bounds).await,
            PolicyName::Billing => ask_as::<Billing>(callee, &input, &settings, bounds).await,
            PolicyName::OwnerOnboarding => ask_as::<OwnerOnboarding>(callee, &input, &settings, bounds).await,
        };
        let said = said.map_err(|error| {
            let Implements { policy, version } = implements;
            format!(
                "has an input that is none of `{policy}` {version}: {error}. Write it as `facts` in its WIT."
            )
        })?;
        self.compare(said)
    }

    fn callee<'a>(
        &self,
        callees: &'a [(Implements, Callee)],
    ) -> Result<(&'a Implements, &'a Callee), String> {
        let Some(policy) = PolicyName::parse(&self.policy) else {
            let known = PolicyName::ALL.map(PolicyName::as_str).join(", ");
            return Err(format!("is for `{}`, which is no policy; there are {known}.", clip(&self.policy)));
        };
        let mut of_policy = callees.iter().filter(|(implements, _)| implements.policy == policy).peekable();
        if of_policy.peek().is_none() {
            return Err(format!(
                "is for `{policy}`, which the component does not export. Take it out, or export the policy."
            ));
        }
        let version = self.policy_version.as_ref();
        let found = of_policy
            .find(|(implements, _)| version.is_none_or(|version| *version == implements.version))
            .map(|(implements, callee)| (implements, callee));
        found.ok_or_else(|| {
            let version = version.map(|version| clip(version)).unwrap_or_default();
            format!(
                "is for version {version} of `{policy}`, which the component does not export. Write it as the version \
                 that it exports has it."
            )
        })
    }

    fn compare(&self, said: Result<String, Failure>) -> Result<(), String> {
        let (came, explanation) = match said {
            Ok(answer) => (serde_json::from_str(&answer).unwrap_or_default(), None),
            Err(failure) => (json!({ "failure": failure.kind.as_str() }), Some(failure.explanation)),
        };
        let differences = difference::between(&self.expected, &came);
        if differences.is_empty() {
            return Ok(());
        }
        let mut fields: Vec<String> = differences
            .iter()
            .filter(|difference| !difference.path.is_empty())
            .take(DIFFERENCES_MAX)
            .map(|it| format!("`{}`: {} became {}", clip(&it.path), written(&it.before), written(&it.after)))
            .collect();
        if DIFFERENCES_MAX < differences.len() {
            fields.push(format!("{} more", differences.len() - DIFFERENCES_MAX));
        }
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join("; ")) };
        let why = explanation.map(|why| format!(": {why}")).unwrap_or_default();
        Err(format!(
            "does not hold: expected {}, came {}{fields}{why}. Mend the plugin, or the scenario where the rule was \
             changed on purpose.",
            written(&self.expected),
            written(&came)
        ))
    }
}

/// The answer as JSON, or the failure. It sees what a release with every grant sees.
async fn ask_as<P: Policy>(
    callee: &Callee,
    input: &str,
    settings: &str,
    bounds: Bounds<'_>,
) -> Result<Result<String, Failure>, Error> {
    let seen: P::Seen = adapter::from_json(input)?;
    let facts = P::to_checkable(&seen)?;
    let bounds = Bounds { now_millis: facts.now().unix_millis(), ..bounds };
    let called = adapter::decide::<P>(callee, &seen, &facts, settings, bounds).await;
    let last_words = called.log.last().map(|line| format!("{line}: ")).unwrap_or_default();
    let told = |failure: Failure| Failure::new(failure.kind, format!("{last_words}{}", failure.explanation));
    Ok(called.result.map(|resolved| resolved.answer).map_err(told))
}

fn written(value: &Value) -> String {
    clip(&value.to_string())
}

/// The beginning of a text that may be long.
fn clip(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(scenarios: &Value) -> Vec<u8> {
        scenarios.to_string().into_bytes()
    }

    fn scenario(name: &str) -> Value {
        json!({ "name": name, "policy": "billing", "input": {}, "expected": {} })
    }

    #[test]
    fn several_sections_add_up_and_have_one_bound() {
        let (one, other) =
            (section(&json!([scenario("a"), scenario("b")])), section(&json!([scenario("c")])));
        let names: Vec<String> =
            read(&[&one, b"[]", &other]).expect("readable").into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let many = section(&Value::Array(vec![scenario("a"); SCENARIOS_MAX]));
        assert_eq!(read(&[&many]).map(|all| all.len()), Ok(SCENARIOS_MAX));
        let refused = read(&[&many, &other]).expect_err("one too many");
        assert!(refused.contains("201 scenarios; at most 200"), "{refused}");
        let blanks = vec![b' '; SCENARIOS_BYTES_MAX];
        let refused = read(&[&blanks, &other]).expect_err("too large");
        assert!(refused.contains("at most 4194304 are admitted"), "{refused}");
    }

    #[tokio::test]
    async fn all_of_them_have_one_time() {
        let scenarios = read(&[&section(&json!([scenario("a"), scenario("b")]))]).expect("readable");
        let refused = ask_all(&[], &scenarios, Duration::ZERO).await.expect_err("it is over at once");
        assert_eq!(refused.len(), 1);
        assert!(refused[0].contains("take more than 0 s together: 0 of 2 were asked"), "{refused:?}");
        let refused = ask_all(&[], &scenarios, Duration::from_secs(60)).await.expect_err("nobody answers");
        assert_eq!(refused.len(), 2);
        assert!(
            refused[0].starts_with("Its scenario `a` is for `billing`, which the component"),
            "{refused:?}"
        );
    }
}
