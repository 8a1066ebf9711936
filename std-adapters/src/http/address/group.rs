use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;

/// What providers give to one customer at most, mostly.
pub(super) const DEFAULT_IPV6_PREFIX: u8 = 56;

/// The well-known prefix of NAT64, of 96 bits (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// The address itself, or the IPv4 address that is inside.
pub(super) fn unwrapped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(inner) => translated(inner).map_or(IpAddr::V6(inner), IpAddr::V4),
        address @ IpAddr::V4(_) => address,
    }
}

fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let is_nat64 = address.segments().starts_with(&NAT64);
    let [.., a, b, c, d] = address.octets();
    is_nat64.then(|| Ipv4Addr::new(a, b, c, d))
}

/// The group that an address counts with.
pub(super) fn of(address: IpAddr, ipv6_prefix: u8) -> String {
    match unwrapped(address) {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match Ipv6Net::new(address, ipv6_prefix) {
            Ok(network) => network.trunc().to_string(),
            Err(_) => address.to_string(),
        },
    }
}
