//! How many requests a key has left: fixed windows of a minute and an hour, in memory only. A restart begins
//! with full windows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use switchboard_domain::id::KeyId;
use switchboard_domain::key::Key;
use switchboard_domain::time::Timestamp;

const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 3600;

/// Locks that requests of different keys are spread over.
const SHARDS: usize = 16;

/// The counters of all keys. Only keys that exist get here, and those of an hour that is over are dropped, so
/// that memory is bounded by the keys in use.
#[derive(Debug, Default)]
pub struct Rates {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    used: HashMap<KeyId, Used>,
    swept_hour: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Used {
    minute: i64,
    in_minute: u32,
    hour: i64,
    in_hour: u32,
}

/// What a key has left after a request, for the headers of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateView {
    /// Absent when off.
    pub minute: Option<Window>,
    /// Absent when off.
    pub hour: Option<Window>,
    /// The request is refused; seconds until it may be sent again.
    pub retry_after_seconds: Option<i64>,
}

/// One window of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests allowed in it.
    pub limit: u32,
    /// Requests left.
    pub remaining: u32,
    /// Unix seconds at which the next one begins.
    pub reset_unix_seconds: i64,
}

impl Rates {
    /// Counts a request, unless it is refused.
    pub fn take(&self, key: &Key, now: Timestamp) -> RateView {
        let now_seconds = now.unix_millis().div_euclid(1000);
        let (minute, hour) = (now_seconds.div_euclid(MINUTE_SECONDS), now_seconds.div_euclid(HOUR_SECONDS));
        let (minute_limit, hour_limit) = (limit(key.rate_per_minute), limit(key.rate_per_hour));
        let mut view = RateView { minute: None, hour: None, retry_after_seconds: None };
        if minute_limit.is_none() && hour_limit.is_none() {
            return view;
        }
        let shard = usize::from(key.id.bytes()[15]) % SHARDS;
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.swept_hour != hour {
            shard.swept_hour = hour;
            shard.used.retain(|_, used| used.hour == hour);
        }
        let used = shard.used.entry(key.id).or_default();
        if used.minute != minute {
            (used.minute, used.in_minute) = (minute, 0);
        }
        if used.hour != hour {
            (used.hour, used.in_hour) = (hour, 0);
        }
        let (minute_reset, hour_reset) = ((minute + 1) * MINUTE_SECONDS, (hour + 1) * HOUR_SECONDS);
        // The later reset counts where both windows are full.
        let full = [(hour_limit, used.in_hour, hour_reset), (minute_limit, used.in_minute, minute_reset)];
        view.retry_after_seconds = full
            .into_iter()
            .find(|(limit, used, _)| limit.is_some_and(|limit| *used >= limit))
            .map(|(_, _, reset)| reset - now_seconds);
        if view.retry_after_seconds.is_none() {
            used.in_minute = used.in_minute.saturating_add(1);
            used.in_hour = used.in_hour.saturating_add(1);
        }
        view.minute = window(minute_limit, used.in_minute, minute_reset);
        view.hour = window(hour_limit, used.in_hour, hour_reset);
        view
    }
}

fn limit(requests: u32) -> Option<u32> {
    (requests > 0).then_some(requests)
}

fn window(limit: Option<u32>, used: u32, reset_unix_seconds: i64) -> Option<Window> {
    limit.map(|limit| Window { limit, remaining: limit.saturating_sub(used), reset_unix_seconds })
}

impl RateView {
    /// How many headers [`RateView::write`] writes.
    #[must_use]
    pub fn header_count(self) -> usize {
        3 * (usize::from(self.minute.is_some()) + usize::from(self.hour.is_some()))
    }

    /// Writes the `X-RateLimit-*` headers of the windows that are on.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Some(window) = self.minute {
            headers.insert(HeaderName::from_static("x-ratelimit-limit-minute"), window.limit.into());
            headers.insert(HeaderName::from_static("x-ratelimit-remaining-minute"), window.remaining.into());
            headers.insert(HeaderName::from_static("x-ratelimit-reset-minute"), seconds(window));
        }
        if let Some(window) = self.hour {
            headers.insert(HeaderName::from_static("x-ratelimit-limit-hour"), window.limit.into());
            headers.insert(HeaderName::from_static("x-ratelimit-remaining-hour"), window.remaining.into());
            headers.insert(HeaderName::from_static("x-ratelimit-reset-hour"), seconds(window));
        }
    }
}

fn seconds(window: Window) -> HeaderValue {
    window.reset_unix_seconds.into()
}

#[cfg(test)]
mod tests {
    use switchboard_domain::id::AtsId;
    use switchboard_domain::key::Reach;

    use super::*;

    const START: i64 = 1_775_116_800;

    fn key(id: u8, rate_per_minute: u32, rate_per_hour: u32) -> Key {
        Key {
            id: KeyId::from_bytes([id; 16]),
            name: String::new(),
            reach: Reach::Ats(AtsId::from_bytes([0; 16])),
            scopes: vec![],
            expires_at: None,
            allowed_ips: vec![],
            rate_per_minute,
            rate_per_hour,
            suspension: None,
            revoked_at: None,
            created_at: Timestamp::from_unix_millis(0),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis((START + seconds) * 1000 + 999)
    }

    #[test]
    fn the_minute_is_full_and_the_next_is_not() {
        let (rates, key) = (Rates::default(), key(1, 2, 100));
        assert_eq!(rates.take(&key, at(0)).minute.unwrap().remaining, 1);
        assert_eq!(rates.take(&key, at(1)).retry_after_seconds, None);
        for _ in 0..500 {
            let refused = rates.take(&key, at(50));
            assert_eq!((refused.retry_after_seconds, refused.minute.unwrap().remaining), (Some(10), 0));
        }
        let next = rates.take(&key, at(60));
        assert_eq!(next.retry_after_seconds, None);
        assert_eq!(next.minute.unwrap().reset_unix_seconds, START + 120);
        assert_eq!(next.hour.unwrap().remaining, 97, "refused requests do not count");
    }

    #[test]
    fn where_both_windows_are_full_the_hour_says_when() {
        let (rates, key) = (Rates::default(), key(1, 1, 1));
        assert_eq!(rates.take(&key, at(0)).retry_after_seconds, None);
        assert_eq!(rates.take(&key, at(10)).retry_after_seconds, Some(3590));
    }

    #[test]
    fn zero_is_off_and_keys_do_not_share() {
        let rates = Rates::default();
        let mut headers = HeaderMap::new();
        rates.take(&key(1, 0, 0), at(0)).write(&mut headers);
        assert!(headers.is_empty());
        let by_hour = rates.take(&key(1, 0, 5), at(0));
        by_hour.write(&mut headers);
        assert_eq!((headers.len(), by_hour.header_count()), (3, 3));
        assert_eq!(headers["x-ratelimit-remaining-hour"], "4");
        assert_eq!(rates.take(&key(17, 0, 5), at(0)).hour.unwrap().remaining, 4);
    }

    #[test]
    fn counters_of_a_past_hour_are_dropped() {
        let rates = Rates::default();
        for id in 0..=255 {
            rates.take(&key(id, 5, 5), at(0));
        }
        for shard in 0..16 {
            rates.take(&key(shard, 5, 5), at(3600));
        }
        let kept: usize = rates.shards.iter().map(|shard| shard.lock().unwrap().used.len()).sum();
        assert_eq!(kept, 16);
    }
}
