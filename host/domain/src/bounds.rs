//! Every bound, with its unit in the name and its reason. "§" is a section of the partner API's contract;
//! lengths of texts are counted in Unicode scalar values, both ends of a range are allowed.

use std::ops::RangeInclusive;

// Companies (§2).

/// §2.
pub const COMPANY_NAME_CHARS: RangeInclusive<usize> = 2..=100;
/// §2.
pub const COMPANY_DESCRIPTION_CHARS: RangeInclusive<usize> = 1..=1_000;
/// §2.
pub const COMPANY_INDUSTRY_CHARS: RangeInclusive<usize> = 0..=100;
/// §2.
pub const COMPANY_SIZE_CHARS: RangeInclusive<usize> = 0..=100;
/// Cities, streets and postal codes have no bound in the contract. This one holds the longest place name of
/// the world (168 letters) and keeps a location out of the business of storing documents.
pub const LOCATION_TEXT_CHARS: RangeInclusive<usize> = 0..=200;

// Values that several nouns have.

/// §2 and §3: what browsers and servers agree to carry.
pub const URL_CHARS: RangeInclusive<usize> = 1..=2_048;
/// §2: the longest address that SMTP can carry (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const EMAIL_CHARS: RangeInclusive<usize> = 1..=254;
/// RFC 5646 §4.4.1 asks for room for 35; private-use subtags may add to it.
pub const LOCALE_CHARS: RangeInclusive<usize> = 1..=100;
/// §1, as compact JSON.
pub const METADATA_BYTES_MAX: usize = 10_240;
/// What a policy is told of one metadata object, pointers included: twice the object, so that only one made to
/// grow is cut.
pub const METADATA_LEAVES_BYTES_MAX: usize = 20_480;
/// §1, the object itself is one. Arrays count as objects do.
pub const METADATA_LEVELS_MAX: usize = 5;
/// §1, those of all nested objects together.
pub const METADATA_KEYS_MAX: usize = 50;

// Lists (§1).

/// Words of a `search`. A job's title has no more, so that any title can be searched for as a whole.
pub const SEARCH_WORDS_MAX: usize = 100;
/// Letters of a word that the lists of `search` tell apart: longer words are rare, and a beginning that long is
/// shared by few records, which are looked at.
pub const SEARCH_BEGINNING_CHARS: usize = 16;

// Jobs (§3).

/// §3.
pub const JOB_TITLE_CHARS: RangeInclusive<usize> = 5..=200;
/// §3.
pub const JOB_DESCRIPTION_CHARS: RangeInclusive<usize> = 10..=5_000;
/// §3.
pub const JOB_BENEFITS_CHARS: RangeInclusive<usize> = 0..=5_000;
/// §3.
pub const SKILL_CHARS: RangeInclusive<usize> = 1..=128;
/// §3, required and nice-to-have ones together.
pub const SKILLS_MAX: usize = 10;
/// §3.
pub const LANGUAGE_REQUIREMENTS_MAX: usize = 5;
/// The contract has no bound; there are ten values, and naming one twice says nothing.
pub const EDUCATION_MAX: usize = 10;

// Candidates (§4).

/// §4, first and last name alike.
pub const PERSON_NAME_CHARS: RangeInclusive<usize> = 1..=100;
/// §4, when the list is sent with a new candidate. A later change may empty it.
pub const JOB_IDS_COUNT: RangeInclusive<usize> = 1..=50;

// Agents (§5).

/// §5.
pub const AGENT_NAME_CHARS: RangeInclusive<usize> = 2..=100;
/// §5.
pub const AGENT_DURATION_MINUTES: RangeInclusive<u32> = 1..=180;
/// §5.
pub const QUESTIONS_MAX: usize = 100;
/// §5.
pub const QUESTION_CHARS: RangeInclusive<usize> = 0..=1_000;
/// §5.
pub const INSTRUCTIONS_CHARS: RangeInclusive<usize> = 0..=10_000;

// Keys and ATSs (§1).

/// What an operator calls an ATS or a key; shown in one line of a table.
pub const OPERATOR_NAME_CHARS: RangeInclusive<usize> = 1..=100;
/// Why a key was suspended; shown to the partner in one line.
pub const SUSPENSION_REASON_CHARS: RangeInclusive<usize> = 1..=500;
/// Characters of a key after its prefix: 32 of Base62 are 190 bits, beyond guessing (§1).
pub const SECRET_CHARS: usize = 32;
/// Networks of one key: each is compared at each request.
pub const ALLOWED_IPS_MAX: usize = 100;
/// §1, settable per key.
pub const RATE_PER_MINUTE_DEFAULT: u32 = 60;
/// §1, settable per key.
pub const RATE_PER_HOUR_DEFAULT: u32 = 2_000;

// The door (operator's contract, "Serving").

/// Requests of one address. Two thousand keys at their default rate can stand behind one: an ATS sends all its
/// companies' requests from the same few machines. More than this is no partner, or one whose operator knows.
pub const ADDRESS_REQUESTS_PER_MINUTE_DEFAULT: u32 = 120_000;
/// Wrong keys of one address. An integration whose key was revoked and that asks each second makes 60; sixteen of
/// them behind one address do not keep their neighbours out. Whoever guesses is kept to some seventeen a second,
/// out of 62³² keys.
pub const ADDRESS_FAILURES_PER_MINUTE_DEFAULT: u32 = 1_000;

// Releases (operator's contract, "Plugins and releases").

/// The largest component that is admitted: a Python guest has 18 MiB.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;
/// Scenarios that a component may carry. Each is asked at the push; an author who has more of them keeps them as
/// tests of the plugin's own.
pub const SCENARIOS_MAX: usize = 200;
/// Of all scenarios of a component together, as JSON: some KiB each, with room for one of the largest facts.
pub const SCENARIOS_BYTES_MAX: usize = 4 << 20;
/// All scenarios of a component together, at the push: as long as two hundred calls that use up the fuel of the default
/// take on a slow machine. An operator waits for it, as for the compiler.
pub const SCENARIOS_SECONDS_MAX: u64 = 30;
/// Some hundred times what the standard plugin needs for the largest facts, so that a rule has room and a
/// runaway loop still ends within milliseconds.
pub const FUEL_DEFAULT: u64 = 50_000_000;
/// From 1, so that a release that always runs dry can be made on purpose. The maximum is some seconds of
/// work: more never fits into `TIMEOUT_MILLIS`.
pub const FUEL: RangeInclusive<u64> = 1..=10_000_000_000;
/// A partner waits for it. Ten times what a guest that starts an interpreter needs.
pub const TIMEOUT_MILLIS_DEFAULT: u64 = 200;
/// The maximum keeps the whole failure ladder inside a partner's usual patience of ten seconds.
pub const TIMEOUT_MILLIS: RangeInclusive<u64> = 1..=5_000;
/// A compact guest uses some pages of 64 KiB; this lets it parse the largest facts many times over.
pub const MEMORY_MIB_DEFAULT: u32 = 16;
/// The maximum times the calls in flight must fit into the machine's memory.
pub const MEMORY_MIB: RangeInclusive<u32> = 1..=256;
/// Of each table. A Rust guest has some hundred, JavaScript and Python some ten thousand: twice that.
pub const TABLE_ELEMENTS_DEFAULT: u32 = 20_000;
/// What a pool's slot has room for.
pub const TABLE_ELEMENTS: RangeInclusive<u32> = 1..=40_000;
/// Facts and settings of one call: the largest that the contract allows (fifty jobs, each with all the metadata that a
/// policy is told of, in the smallest pieces) take three quarters of it.
pub const INPUT_KIB_DEFAULT: u32 = 4_096;
/// The maximum is half of the default memory, into which the input is copied whole.
pub const INPUT_KIB: RangeInclusive<u32> = 1..=8_192;
/// Of all texts in an answer: fifty job ids, or a long message, with room to spare.
pub const OUTPUT_KIB_DEFAULT: u32 = 16;
/// Every answer lies in the store with its decision, and its commit has a bound.
pub const OUTPUT_KIB: RangeInclusive<u32> = 1..=64;
/// Log that is kept of one call, the newest lines: a panic, and what led to it.
pub const LOG_KIB_DEFAULT: u32 = 16;
/// As an answer does, it lies in the store with its decision. Fifty lines of a thousand bytes fit into the maximum.
pub const LOG_KIB: RangeInclusive<u32> = 1..=64;
/// Calls of one release in one slot at once. A call that does not loop never waits, so that even hundreds of
/// connections use only as many as there are threads; looping ones cannot take the whole pool.
pub const CALLS_IN_FLIGHT_DEFAULT: u32 = 8;
/// The maximum leaves half of the pool of small guests to everybody else.
pub const CALLS_IN_FLIGHT: RangeInclusive<u32> = 1..=64;
/// Settings are handed to the plugin at each call.
pub const SETTINGS_BYTES_MAX: usize = 64 * 1024;
/// Of objects and arrays, the settings themselves counted. A guest of the SDK reads them by recursion, on a stack that
/// holds these and not twice as many.
pub const SETTINGS_LEVELS_MAX: usize = 32;
/// A comment is shown in one line of a table, its whole in `release show`.
pub const RELEASE_COMMENT_CHARS: RangeInclusive<usize> = 0..=1_000;
/// A plugin's name is a part of file names, metric labels and `NAME@VERSION`.
pub const PLUGIN_NAME_CHARS: RangeInclusive<usize> = 1..=64;
/// Rollbacks that a slot remembers: months of releases, in a record that stays small.
pub const SLOT_HISTORY_MAX: usize = 100;

/// The longest reason that a policy may refuse with (WIT packages): it is shown to a partner.
pub const REFUSAL_REASON_CHARS: RangeInclusive<usize> = 1..=500;
/// Past attempts that a policy is told of (WIT package `call-scheduling`): no cadence looks further back, and facts
/// stay small for an interview that is tried by hand again and again.
pub const CALL_HISTORY_MAX: usize = 100;

// Calls (§7 and its dialler protocol).

/// §7: attempts that one claim hands out.
pub const CLAIM_ATTEMPTS: RangeInclusive<u32> = 1..=100;
/// §7: what a claim gets that names no number.
pub const CLAIM_ATTEMPTS_DEFAULT: u32 = 1;
/// §7: how long a lease holds without a heartbeat.
pub const LEASE_SECONDS: RangeInclusive<u32> = 10..=900;
/// §7: a lease whose length was not named.
pub const LEASE_SECONDS_DEFAULT: u32 = 60;
/// §7: how long a claim waits for an attempt.
pub const CLAIM_WAIT_SECONDS: RangeInclusive<u32> = 0..=30;
/// §7: four hours. No lease reaches further, whatever its heartbeats say.
pub const CALL_SECONDS_MAX: u32 = 4 * 60 * 60;
/// §7, settable per company.
pub const CALLS_AT_ONCE_DEFAULT: u32 = 20;
/// 0 calls nobody until it is raised again. A thousand lines are more than any switchboard of one company has.
pub const CALLS_AT_ONCE: RangeInclusive<u32> = 0..=1_000;
/// The contract has no bound; a page of text says what there is to say about one call.
pub const CALL_NOTES_CHARS: RangeInclusive<usize> = 0..=2_000;
/// A due attempt that no dialler has taken for so long is failed: a week outlasts a long weekend, and every outage
/// after which the call would still be expected. Each move to a next opening begins it anew.
pub const UNCLAIMED_SECONDS_MAX: u32 = 7 * 86_400;
/// An interview that waits for something that never comes (an online candidate, another attempt) is failed so long
/// after its time: as far as anybody may plan ahead.
pub const INTERVIEW_WAITS_SECONDS_MAX: u32 = 30 * 86_400;
/// How long a finished call answers the same completion again, as long as an `Idempotency-Key` is kept (§1).
pub const LEASE_KEPT_SECONDS: u32 = 7 * 86_400;
/// Whoever has heard of a failed call asks the policy at once, for as long as its ladder may take; then the sentinel
/// asks.
pub const DECISION_GRACE_SECONDS: u32 = 10;
/// A question that nobody has answered is asked again after as long as it has waited, within these bounds: a release
/// is mended within minutes or within hours.
pub const DECISION_AGAIN_SECONDS: RangeInclusive<u64> = 60..=3_600;
/// A question that nobody has answered for so long has its answer: the interview fails. As long as for a call that
/// nobody takes.
pub const DECISION_WAITS_SECONDS_MAX: u32 = 7 * 86_400;

// Analyses (§6 and §7).

/// §6: every rating of an analysis.
pub const RATING: RangeInclusive<u32> = 0..=100;
/// The contract has no bound; a list of more points than this is not read by anybody.
pub const ANALYSIS_POINTS_MAX: usize = 50;
/// The contract has no bound; each point is a sentence or two.
pub const ANALYSIS_POINT_CHARS: RangeInclusive<usize> = 1..=1_000;
/// The contract has no bound; the name of a criterion stands in one line.
pub const CRITERION_CHARS: RangeInclusive<usize> = 1..=200;
/// The contract has no bound; a comment is a paragraph.
pub const EVALUATION_COMMENT_CHARS: RangeInclusive<usize> = 0..=2_000;
/// The contract has no bound; as compact JSON. Transcripts are not stored here, recordings have a URL.
pub const ANALYSIS_SPECIFIC_BYTES_MAX: usize = 64 << 10;

// Bills and invitations.

/// WIT package `billing`: a bill is read by people.
pub const BILL_LINES_MAX: usize = 20;
/// WIT package `billing`. Keys are rows of reports, and keys of rows.
pub const COST_KEY_CHARS: RangeInclusive<usize> = 1..=64;
/// WIT package `billing`: a billion units for one call is beyond every price, and the sums of millions of such calls
/// still fit into 64 bits.
pub const BILL_THOUSANDTHS_MAX: u64 = 1_000_000_000_000;
/// A call that no release of its slot has converted for so long is converted by the built-in rule: a week outlasts
/// every outage after which somebody would still mend the release, and a month's account is whole soon after its end.
pub const BILL_WAITS_SECONDS_MAX: u32 = 7 * 86_400;
/// WIT package `owner-onboarding`: up to a year.
pub const INVITATION_HOURS: RangeInclusive<u32> = 1..=8_760;
/// WIT package `owner-onboarding`: some sentences above the link.
pub const INVITATION_MESSAGE_CHARS: RangeInclusive<usize> = 1..=1_000;

// Owners (§2).

/// What somebody who accepts an invitation is called; as long as a candidate's whole name may be.
pub const USER_NAME_CHARS: RangeInclusive<usize> = 1..=200;
/// An invitation that was used, has expired or was revoked is known as such for so long: whoever finds the mail in a
/// full mailbox after a long leave is told what became of it. Then the address goes.
pub const INVITATION_KEPT_SECONDS: u64 = 90 * 86_400;
/// How long a mail is tried: five days are what mail servers give each other (RFC 5321 §4.5.4.1).
pub const MAIL_WAITS_SECONDS_MAX: u64 = 5 * 86_400;
/// An owner's address that nobody decides on is asked for again after as long as it has waited, within these bounds:
/// a release is mended within minutes or within days.
pub const OWNER_AGAIN_SECONDS: RangeInclusive<u64> = 60..=86_400;
/// An address that nobody has decided on for so long is left to the operator.
pub const OWNER_WAITS_SECONDS_MAX: u64 = 30 * 86_400;
/// Why something could not be sent, for a line of the operator's list. Mail servers write essays.
pub const OUTBOX_REASON_CHARS_MAX: usize = 500;
