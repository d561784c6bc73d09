//! How much an address may ask before anybody looks at its key: fixed windows of a minute, in memory only.
//!
//! It makes guessing of keys slow, and keeps one address from taking the whole door. An address is what a
//! network gives to one customer: an IPv4 address, or an IPv6 block of 64 bits. Promised: bounded memory,
//! whoever knocks. Never here: anything about a key; its own rate is in `rate`.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use switchboard_domain::time::Timestamp;

const MINUTE_SECONDS: i64 = 60;
/// Locks that addresses are spread over.
const SHARDS: usize = 16;
/// Addresses that are remembered: 65,536 in all, some 4 MiB. Whoever has more of them than that is not stopped
/// by counting addresses.
const ADDRESSES_PER_SHARD_MAX: usize = 4096;
/// When all places are taken, a new address takes that of the quietest of so many, so that a noisy one keeps its.
const LOOKED_AT: usize = 8;

/// What an address may do in a minute; 0 is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressLimits {
    /// Requests of any kind.
    pub requests_per_minute: u32,
    /// Requests with a key that nobody has.
    pub failures_per_minute: u32,
}

/// Which bound an address met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// That of all requests.
    Requests,
    /// That of wrong keys.
    Failures,
}

impl Met {
    /// In metrics and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "address_requests",
            Self::Failures => "address_failures",
        }
    }
}

/// An address has asked too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch {
    /// Which bound it met.
    pub met: Met,
    /// Seconds until it may ask again.
    pub retry_after_seconds: i64,
    /// Whether it met the bound with this request, so that it is told of once.
    pub is_first: bool,
}

/// The counters of all addresses.
#[derive(Debug, Default)]
pub struct Addresses {
    shards: [Mutex<HashMap<IpAddr, Seen>>; SHARDS],
    /// Secret, so that nobody chooses addresses that fall together.
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    minute: i64,
    requests: u32,
    failures: u32,
    is_told: bool,
}

impl Addresses {
    /// Counts a request.
    ///
    /// # Errors
    /// The address has asked too much in this minute.
    pub fn take(&self, address: IpAddr, limits: AddressLimits, now: Timestamp) -> Result<(), TooMuch> {
        if limits == AddressLimits::default() {
            return Ok(());
        }
        let now_seconds = now.unix_millis().div_euclid(1000);
        let minute = now_seconds.div_euclid(MINUTE_SECONDS);
        let block = block(address);
        let mut shard = self.shard(block);
        let seen = entry(&mut shard, block, minute);
        let is_met = |limit: u32, count: u32| 0 < limit && limit <= count;
        let met = if is_met(limits.failures_per_minute, seen.failures) {
            Met::Failures
        } else if is_met(limits.requests_per_minute, seen.requests) {
            Met::Requests
        } else {
            seen.requests = seen.requests.saturating_add(1);
            return Ok(());
        };
        let is_first = !std::mem::replace(&mut seen.is_told, true);
        let retry_after_seconds = (minute + 1) * MINUTE_SECONDS - now_seconds;
        Err(TooMuch { met, retry_after_seconds, is_first })
    }

    /// Counts a key that nobody has.
    pub fn failed(&self, address: IpAddr, now: Timestamp) {
        let minute = now.unix_millis().div_euclid(1000 * MINUTE_SECONDS);
        let block = block(address);
        let mut shard = self.shard(block);
        let seen = entry(&mut shard, block, minute);
        seen.failures = seen.failures.saturating_add(1);
    }

    fn shard(&self, block: IpAddr) -> MutexGuard<'_, HashMap<IpAddr, Seen>> {
        let [last, ..] = self.hasher.hash_one(block).to_le_bytes();
        self.shards[usize::from(last) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a network gives to one customer.
fn block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits((address.to_bits() >> 64) << 64)),
    }
}

/// The counters of a block in this minute; room is made for a new one.
fn entry(shard: &mut HashMap<IpAddr, Seen>, block: IpAddr, minute: i64) -> &mut Seen {
    if shard.len() == ADDRESSES_PER_SHARD_MAX && !shard.contains_key(&block) {
        shard.retain(|_, seen| seen.minute == minute);
        let quietest =
            shard.iter().take(LOOKED_AT).min_by_key(|(_, seen)| seen.requests.saturating_add(seen.failures));
        if let (ADDRESSES_PER_SHARD_MAX, Some(quietest)) = (shard.len(), quietest.map(|(block, _)| *block)) {
            shard.remove(&quietest);
        }
    }
    let seen = shard.entry(block).or_default();
    if seen.minute != minute {
        *seen = Seen { minute, ..Seen::default() };
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_775_116_800;
    const LIMITS: AddressLimits = AddressLimits { requests_per_minute: 3, failures_per_minute: 2 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis((START + seconds) * 1000)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_minute_and_then_the_next() {
        let (addresses, here) = (Addresses::default(), address("203.0.113.9"));
        for second in 0..3 {
            assert_eq!(addresses.take(here, LIMITS, at(second)), Ok(()));
        }
        let refused = |is_first, retry_after_seconds| {
            Err(TooMuch { met: Met::Requests, retry_after_seconds, is_first })
        };
        assert_eq!(addresses.take(here, LIMITS, at(50)), refused(true, 10));
        assert_eq!(addresses.take(here, LIMITS, at(59)), refused(false, 1));
        assert_eq!(addresses.take(address("203.0.113.10"), LIMITS, at(59)), Ok(()));
        assert_eq!(addresses.take(here, LIMITS, at(60)), Ok(()));
        // A clock that was moved back begins a window as well.
        assert_eq!(addresses.take(here, LIMITS, at(0)), Ok(()));
    }

    #[test]
    fn wrong_keys_have_a_bound_of_their_own() {
        let (addresses, here) = (Addresses::default(), address("203.0.113.9"));
        let limits = AddressLimits { requests_per_minute: 0, ..LIMITS };
        for _ in 0..2 {
            assert_eq!(addresses.take(here, limits, at(0)), Ok(()));
            addresses.failed(here, at(0));
        }
        assert_eq!(addresses.take(here, limits, at(0)).map_err(|refused| refused.met), Err(Met::Failures));
        assert_eq!(addresses.take(here, limits, at(60)), Ok(()));
    }

    #[test]
    fn zero_is_no_bound() {
        let (addresses, here) = (Addresses::default(), address("203.0.113.9"));
        for _ in 0..1000 {
            addresses.failed(here, at(0));
            assert_eq!(addresses.take(here, AddressLimits::default(), at(0)), Ok(()));
        }
    }

    #[test]
    fn a_block_of_64_bits_is_one_address() {
        let addresses = Addresses::default();
        for host in 1..=3 {
            assert_eq!(addresses.take(address(&format!("2001:db8::{host}")), LIMITS, at(0)), Ok(()));
        }
        assert!(addresses.take(address("2001:db8::ffff:0:0:9"), LIMITS, at(0)).is_err());
        assert_eq!(addresses.take(address("2001:db8:0:1::1"), LIMITS, at(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_a_noisy_address_is_not_forgotten_for_a_quiet_one() {
        let (addresses, noisy) = (Addresses::default(), address("203.0.113.9"));
        for _ in 0..3 {
            assert_eq!(addresses.take(noisy, LIMITS, at(0)), Ok(()));
        }
        for number in 0..200_000_u32 {
            let stranger = IpAddr::V4(std::net::Ipv4Addr::from_bits(number));
            assert_eq!(addresses.take(stranger, LIMITS, at(1)), Ok(()));
        }
        let kept: usize = addresses.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * ADDRESSES_PER_SHARD_MAX, "{kept}");
        assert!(addresses.take(noisy, LIMITS, at(2)).is_err());
        // The next minute makes room for everybody.
        for number in 0..1000_u32 {
            let stranger = IpAddr::V4(std::net::Ipv4Addr::from_bits(number | (1 << 30)));
            assert_eq!(addresses.take(stranger, LIMITS, at(60)), Ok(()));
        }
        let kept: usize = addresses.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept < 2000, "{kept}");
    }
}
