//! Who asks: the bearer secret, and the address that counts.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{AUTHORIZATION, HeaderMap};
use ipnet::IpNet;

/// The bearer secret; none where the header is missing, sent twice or malformed.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim_matches(' ');
    let well_formed = scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty() && !secret.contains(' ');
    well_formed.then_some(secret)
}

/// The peer's address: the socket's, or, behind trusted proxies only, what they say in `X-Forwarded-For`. The
/// list is walked from the right: each trusted hop vouches for the one before it, and nobody for himself.
#[must_use]
pub fn peer_address(socket: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let mut peer = socket.to_canonical();
    if trusted_proxies.is_empty() {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted_proxies.iter().any(|network| network.contains(&peer)) {
            break;
        }
        let Some(address) = hop_address(hop.trim()) else { break };
        peer = address.to_canonical();
    }
    peer
}

/// Proxies write an address, some with a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn with(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn one_bearer_secret() {
        for (values, secret) in [
            (&["Bearer sk_live_x"][..], Some("sk_live_x")),
            (&["bearer  sk_live_x "], Some("sk_live_x")),
            (&[], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearer a b"], None),
            (&["Basic sk_live_x"], None),
            (&["sk_live_x"], None),
            (&["Bearer a", "Bearer a"], None),
        ] {
            assert_eq!(bearer(&with("authorization", values)), secret, "{values:?}");
        }
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (socket, lines, peer) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, junk"], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("::1", &["[2001:db8::1]:80"], "2001:db8::1"),
        ] {
            let headers = with("x-forwarded-for", lines);
            let found = peer_address(socket.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, peer.parse::<IpAddr>().unwrap(), "{socket} {lines:?}");
            assert_eq!(peer_address(found, &headers, &[]), found);
        }
    }
}
