use core::net::IpAddr;

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net};

use super::{ForwardedHeader, element, forwarded, group};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of one's own proxies.
#[derive(Clone, Debug)]
pub(super) struct Trusted(Vec<IpNet>);

impl FromIterator<IpNet> for Trusted {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().map(unwrapped).collect())
    }
}

/// The network of IPv4 that is inside of one of IPv6, as addresses are unwrapped too.
fn unwrapped(network: IpNet) -> IpNet {
    let inner = || {
        let bits = network.prefix_len().checked_sub(96)?;
        match (network, group::unwrapped(network.addr())) {
            (IpNet::V6(_), IpAddr::V4(address)) => Ipv4Net::new(address, bits).ok(),
            _ => None,
        }
    };
    inner().map_or(network, IpNet::V4)
}

impl Trusted {
    /// The nearest address that is not trusted, or the last one that could be read.
    pub(super) fn client(
        &self,
        peer: IpAddr,
        header: ForwardedHeader,
        headers: &HeaderMap,
    ) -> IpAddr {
        let mut elements = element::from_the_right(headers, header.name());
        let mut client = peer;
        while self.trusts(client) {
            match elements.next().and_then(|element| header.read(element)) {
                Some(address) => client = group::unwrapped(address),
                None => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl ForwardedHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        }
    }

    fn read(self, element: &[u8]) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => element::address(element),
            Self::Forwarded => forwarded::node(element),
        }
    }
}
