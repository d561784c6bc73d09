//! Effects that did not leave at once: when they are tried again, and when they are left to the operator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bounds::{
    MAIL_WAITS_SECONDS_MAX, OUTBOX_REASON_CHARS_MAX, OWNER_AGAIN_SECONDS, OWNER_WAITS_SECONDS_MAX,
};
use crate::event::Effect;
use crate::id::OutboxId;
use crate::time::Timestamp;

/// What came of trying an effect that is still there. Until the first failure there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxTry {
    /// Of which row.
    pub outbox_id: OutboxId,
    /// How often it was tried.
    pub tries: u32,
    /// When it failed first, since an operator asked for it last.
    pub since: Timestamp,
    /// When it was tried last.
    pub tried_at: Timestamp,
    /// When it is tried again; absent: it is dead, and an operator decides.
    pub next_at: Option<Timestamp>,
    /// Why it failed last, for the operator.
    pub reason: String,
}

/// How long a mail waits after each failure; the last one counts on. A server that restarts is back within seconds,
/// one that asks to be tried later (greylisting) means some minutes, and who is down is down for hours.
const MAIL_PAUSES_SECONDS: [u64; 7] = [5, 30, 120, 600, 1_800, 3_600, 4 * 3_600];

impl OutboxTry {
    /// Notes a failure; the effect is tried again unless it has waited for too long.
    #[must_use]
    pub fn failed(
        outbox_id: OutboxId,
        effect: &Effect,
        before: Option<&Self>,
        reason: &str,
        now: Timestamp,
    ) -> Self {
        let noted = Self::given_up(outbox_id, before, reason, now);
        let (pause, waits_max) = match effect {
            Effect::Invitation(_) => {
                let place = usize::try_from(noted.tries - 1).unwrap_or(usize::MAX);
                let pause = MAIL_PAUSES_SECONDS.get(place).or(MAIL_PAUSES_SECONDS.last()).copied();
                (pause.unwrap_or_default(), MAIL_WAITS_SECONDS_MAX)
            }
            Effect::OwnerOnboarding => {
                let (least, most) = OWNER_AGAIN_SECONDS.into_inner();
                (noted.waited(now).clamp(least, most), OWNER_WAITS_SECONDS_MAX)
            }
        };
        let next = now.plus(Duration::from_secs(pause));
        let end = noted.since.plus(Duration::from_secs(waits_max));
        Self { next_at: (next <= end).then_some(next), ..noted }
    }

    /// Notes a failure that no further try would mend.
    #[must_use]
    pub fn given_up(outbox_id: OutboxId, before: Option<&Self>, reason: &str, now: Timestamp) -> Self {
        Self {
            outbox_id,
            tries: before.map_or(0, |before| before.tries).saturating_add(1),
            since: before.map_or(now, |before| before.since),
            tried_at: now,
            next_at: None,
            reason: reason.chars().take(OUTBOX_REASON_CHARS_MAX).collect(),
        }
    }

    /// Whether an operator has to decide.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.next_at.is_none()
    }

    fn waited(&self, now: Timestamp) -> u64 {
        let millis = now.unix_millis().saturating_sub(self.since.unix_millis());
        u64::try_from(millis).unwrap_or(0) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::InvitationId;

    const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);
    const ID: OutboxId = OutboxId::from_bytes([1; 16]);

    /// Tries whenever it may be tried; the pauses in seconds, until it is dead.
    fn pauses(effect: &Effect) -> Vec<u64> {
        let (mut now, mut last, mut pauses) = (AT, None, Vec::new());
        loop {
            let noted = OutboxTry::failed(ID, effect, last.as_ref(), "no", now);
            let Some(next) = noted.next_at else {
                assert!(noted.is_dead());
                return pauses;
            };
            pauses.push(u64::try_from(next.unix_millis() - now.unix_millis()).unwrap() / 1_000);
            (now, last) = (next, Some(noted));
        }
    }

    #[test]
    fn a_mail_is_tried_for_days_and_not_for_ever() {
        let pauses = pauses(&Effect::Invitation(InvitationId::from_bytes([2; 16])));
        assert_eq!(pauses[..8], [5, 30, 120, 600, 1_800, 3_600, 14_400, 14_400]);
        let waited: u64 = pauses.iter().sum();
        assert!((4 * 86_400..=MAIL_WAITS_SECONDS_MAX).contains(&waited), "{waited}");
    }

    #[test]
    fn a_question_is_asked_less_and_less_often_and_not_for_ever() {
        let pauses = pauses(&Effect::OwnerOnboarding);
        assert_eq!(pauses[..4], [60, 60, 120, 240]);
        assert!(pauses.is_sorted());
        assert_eq!(pauses.last(), Some(&86_400));
        assert!(pauses.iter().sum::<u64>() <= OWNER_WAITS_SECONDS_MAX);
    }

    #[test]
    fn reasons_are_cut_to_a_line() {
        let noted = OutboxTry::given_up(ID, None, &"ž".repeat(2_000), AT);
        assert_eq!((noted.reason.chars().count(), noted.is_dead()), (OUTBOX_REASON_CHARS_MAX, true));
    }
}
