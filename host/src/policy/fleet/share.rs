//! Which companies a canary answers: always the same ones, and others for another release, so that nobody is
//! always the first to meet what is new. Anybody can compute it from two ids.

use sha2::{Digest, Sha256};
use switchboard_domain::id::{CompanyId, ReleaseId};

/// Whether this company is among so many in a hundred: the first eight bytes of SHA-256 over the sixteen of the
/// release and the sixteen of the company, as a big-endian number, modulo 100, lie below. A higher share keeps
/// those who were in.
pub(super) fn is_in(release_id: ReleaseId, company_id: CompanyId, percent: u32) -> bool {
    let hash: [u8; 32] =
        Sha256::new().chain_update(release_id.bytes()).chain_update(company_id.bytes()).finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_sticky_grows_and_is_about_as_large_as_it_says() {
        let release = ReleaseId::from_bytes([7; 16]);
        let companies = || (0..10_000_u128).map(|number| CompanyId::from_bytes(number.to_be_bytes()));
        let mut before = 0;
        for percent in [0, 1, 5, 50, 99, 100] {
            let inside = companies().filter(|company| is_in(release, *company, percent)).count();
            let kept = companies()
                .filter(|company| is_in(release, *company, percent))
                .filter(|company| is_in(release, *company, percent + 1))
                .count();
            assert_eq!(kept, inside, "{percent}");
            assert!(before <= inside);
            assert!(inside.abs_diff(percent as usize * 100) < 150, "{percent}: {inside}");
            before = inside;
        }
        let other = ReleaseId::from_bytes([8; 16]);
        let both =
            companies().filter(|company| is_in(release, *company, 5) && is_in(other, *company, 5)).count();
        assert!(both < 100, "another release has other companies: {both}");
    }
}
