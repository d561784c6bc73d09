//! What the host needs of each policy, and what it then does the same for all of them: show a plugin what its
//! release may see, ask it, bound and check what it says.
//!
//! One adapter per WIT package and major version implements [`Policy`], in a file of its own. A new one cannot
//! forget a step: there is no other way to ask.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use switchboard_domain::decision::{self, FailureKind, PolicyName};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::admit::Callee;
use super::call::{self, Bounds, Called, Failure};

/// One policy: the domain's facts as its plugins see them, and what they say as the domain's verdict.
///
/// `Seen` and `Said` are the types of the WIT. Both are written as JSON for the record: names as in the WIT, fields
/// of a record sorted by name, so that the text is canonical.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// Its name.
    const NAME: PolicyName;
    /// All that a rule may ever know.
    type Facts: decision::Facts + fmt::Debug + Send + Sync + 'static;
    /// A checked answer.
    type Verdict: fmt::Debug + Clone + PartialEq + Send + Sync;
    /// The facts as a plugin sees them.
    type Seen: ComponentType + Lower + Serialize + DeserializeOwned + Clone + Send + Sync;
    /// What a plugin says.
    type Said: ComponentType + Lift + Serialize + Send + Sync + 'static;

    /// What a release with these grants may see of the facts.
    fn granted(facts: &Self::Facts, grants: &[String]) -> Self::Seen;

    /// The same facts for a release that may see no more than these grants: what it was never granted is taken
    /// away. Recorded facts replay for every member of a ladder this way.
    fn narrowed(seen: Self::Seen, grants: &[String]) -> Self::Seen;

    /// Facts with all that `check` looks at. What the plugin was not shown is not there.
    ///
    /// # Errors
    /// `Error::UnreadableFacts`
    fn to_checkable(seen: &Self::Seen) -> Result<Self::Facts, Error>;

    /// Bytes of all texts in it, and eight for each element of a list.
    fn seen_bytes(seen: &Self::Seen) -> usize;

    /// Bytes of all texts in it.
    fn said_bytes(said: &Self::Said) -> usize;

    /// Checks what a plugin said as a partner's JSON is checked.
    ///
    /// # Errors
    /// The sentence that says why it cannot be used.
    fn check(said: Self::Said, facts: &Self::Facts) -> Result<Self::Verdict, String>;
}

/// One plugin's checked answer.
#[derive(Debug)]
pub(super) struct Resolved<V> {
    pub(super) verdict: V,
    /// Canonical JSON of the WIT value.
    pub(super) answer: String,
}

/// Asks one plugin and checks what it says.
pub(super) async fn decide<P: Policy>(
    callee: &Callee,
    seen: &P::Seen,
    checked_against: &P::Facts,
    settings: &str,
    bounds: Bounds<'_>,
) -> Called<Resolved<P::Verdict>> {
    let house = &callee.loaded.house;
    let (input_bytes, input_bytes_max) =
        (P::seen_bytes(seen).saturating_add(settings.len()), kib(bounds.limits.input_kib));
    if input_bytes_max < input_bytes {
        let explanation = format!(
            "facts and settings have {input_bytes} bytes, and its release allows {input_bytes_max} (`--input-kib`)"
        );
        return Called::not_run(Failure::new(FailureKind::InputTooLarge, explanation));
    }
    let said_bytes_max = kib(bounds.limits.output_kib);
    let called =
        call::call::<_, (P::Said,)>(house, &callee.pre, &callee.decide, (seen, settings), bounds).await;
    let Called { result, fuel_used, log } = called;
    let result = result.and_then(|(said,)| accept::<P>(said, said_bytes_max, checked_against));
    Called { result, fuel_used, log }
}

fn accept<P: Policy>(
    said: P::Said,
    said_bytes_max: usize,
    facts: &P::Facts,
) -> Result<Resolved<P::Verdict>, Failure> {
    let said_bytes = P::said_bytes(&said);
    if said_bytes_max < said_bytes {
        let explanation = format!(
            "the answer has {said_bytes} bytes, and its release allows {said_bytes_max} (`--output-kib`)"
        );
        return Err(Failure::new(FailureKind::OutputTooLarge, explanation));
    }
    let answer = to_json(&said);
    match P::check(said, facts) {
        Ok(verdict) => Ok(Resolved { verdict, answer }),
        Err(sentence) => Err(Failure::new(FailureKind::BadAnswer, sentence)),
    }
}

/// Starts an instance and compares the type of its `decide` with this policy's.
pub(super) async fn check_type<P: Policy>(callee: &Callee, bounds: Bounds<'_>) -> Result<(), String> {
    let Callee { loaded, pre, decide, .. } = callee;
    call::check_type::<(&P::Seen, &str), (P::Said,)>(&loaded.house, pre, decide, bounds).await
}

/// An element of a list without a text is not nothing.
pub(super) const ELEMENT_BYTES: usize = 8;

pub(super) const fn kib(number: u32) -> usize {
    (number as usize) << 10
}

/// Bytes that most facts fit into, so that the text is allocated once.
const TYPICAL_FACTS_BYTES: usize = 1024;

pub(super) fn to_json(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(TYPICAL_FACTS_BYTES);
    // Strings, numbers and lists only: nothing that could fail.
    let written = serde_json::to_writer(&mut text, value);
    written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::UnreadableFacts(error.to_string()))
}

/// An id in recorded facts.
pub(super) fn id<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::UnreadableFacts(format!("`{what}` is no id")))
}

pub(super) fn has(grants: &[String], grant: &str) -> bool {
    grants.iter().any(|granted| granted == grant)
}
