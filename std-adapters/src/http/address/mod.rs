//! The address of a client, which a proxy may have to tell.

mod element;
mod forwarded;
mod group;
mod trusted;

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::request::Parts;
use ipnet::IpNet;

use self::trusted::Trusted;

/// The header that trusted proxies append the address of their peer to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 203.0.113.7, 10.0.0.2`.
    XForwardedFor,
    /// `Forwarded: for=203.0.113.7;proto=https, for=10.0.0.2`, as RFC 7239 has it.
    Forwarded,
}

/// The address of the peer of a connection, which servers put in a request's extensions.
///
/// For servers other than axum and tonic, whose own types are understood with the features
/// `axum` and `grpc`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PeerAddress(pub SocketAddr);

type FindPeer = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

/// Finds the address of a request's client, and the group of addresses that counts as one
/// client.
///
/// It is the peer of the connection, unless that is a [trusted](Self::trusting) proxy: then
/// one header says who that proxy's peer was. All lines of the header are read as one list,
/// strictly from its right end, where the nearest proxy appended; the first address outside
/// the trusted networks is the client's. What the client wrote itself stands further left,
/// and is never reached. An element that is no address (`unknown`, `_hidden`, garbage) ends
/// the walk at the last proxy that was good.
///
/// An IPv4 address inside of IPv6, mapped (`::ffff:192.0.2.1`, what a server that listens on
/// `[::]` sees) or by the well-known prefix of NAT64 (`64:ff9b::192.0.2.1`), is that IPv4
/// address. Other IPv6 addresses count by their network of [56 bits](Self::with_ipv6_prefix),
/// since whoever has one of them has many.
///
/// ```
/// use limits::http::{ClientAddress, ForwardedHeader};
///
/// let address = ClientAddress::peer()
///     .trusting(["10.0.0.0/8".parse()?], ForwardedHeader::XForwardedFor)
///     .with_peer(|_| Some([10, 0, 0, 1].into()));
/// let request = http::Request::builder().header("x-forwarded-for", "6.6.6.6, 192.0.2.7");
/// let (parts, ()) = request.body(())?.into_parts();
/// assert_eq!(address.find(&parts), Some([192, 0, 2, 7].into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientAddress {
    peer: Arc<FindPeer>,
    trusted: Option<(Trusted, ForwardedHeader)>,
    ipv6_prefix: u8,
}

impl ClientAddress {
    /// The peer of the connection, whatever headers say.
    ///
    /// Servers put it in a request's extensions: [`PeerAddress`]; with the feature `axum`
    /// axum's `ConnectInfo<SocketAddr>`, which is there if the server was started with
    /// `into_make_service_with_connect_info::<SocketAddr>()`; with the feature `grpc` tonic's
    /// `TcpConnectInfo`.
    #[must_use]
    pub fn peer() -> Self {
        Self {
            peer: Arc::new(known_peer),
            trusted: None,
            ipv6_prefix: group::DEFAULT_IPV6_PREFIX,
        }
    }

    /// Finds the peer in another way than by the known extensions.
    #[must_use]
    pub fn with_peer(
        self,
        peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        Self {
            peer: Arc::new(peer),
            ..self
        }
    }

    /// Believes one header, as far as peers in these networks wrote it. They replace those
    /// of an earlier call; none of them is to believe no header.
    ///
    /// Every proxy in the networks must append to this header, or what it was sent passes
    /// for its word.
    #[must_use]
    pub fn trusting(
        self,
        networks: impl IntoIterator<Item = IpNet>,
        header: ForwardedHeader,
    ) -> Self {
        Self {
            trusted: Some((networks.into_iter().collect(), header)),
            ..self
        }
    }

    /// Counts IPv6 addresses with the same first `bits`, at most 128, as one client.
    #[must_use]
    pub fn with_ipv6_prefix(self, bits: u8) -> Self {
        Self {
            ipv6_prefix: bits.min(128),
            ..self
        }
    }

    /// The address of the client, `None` if the server says no peer.
    #[must_use]
    pub fn find(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = group::unwrapped((self.peer)(parts)?);
        let client = match &self.trusted {
            Some((trusted, header)) => trusted.client(peer, *header, &parts.headers),
            None => peer,
        };
        Some(client)
    }

    /// The group that an address counts with, as text: an IPv4 address or an IPv6 network.
    #[must_use]
    pub fn group(&self, address: IpAddr) -> String {
        group::of(address, self.ipv6_prefix)
    }
}

impl Default for ClientAddress {
    fn default() -> Self {
        Self::peer()
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress")
            .field("trusted", &self.trusted)
            .field("ipv6_prefix", &self.ipv6_prefix)
            .finish_non_exhaustive()
    }
}

fn known_peer(parts: &Parts) -> Option<IpAddr> {
    let own = parts.extensions.get::<PeerAddress>();
    own.map(|peer| peer.0.ip())
        .or_else(|| peer_of_axum(parts))
        .or_else(|| peer_of_tonic(parts))
}

#[cfg(feature = "axum")]
fn peer_of_axum(parts: &Parts) -> Option<IpAddr> {
    use axum::extract::ConnectInfo;

    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip())
}

#[cfg(not(feature = "axum"))]
const fn peer_of_axum(_: &Parts) -> Option<IpAddr> {
    None
}

#[cfg(feature = "grpc")]
fn peer_of_tonic(parts: &Parts) -> Option<IpAddr> {
    use tonic::transport::server::TcpConnectInfo;

    let connection = parts.extensions.get::<TcpConnectInfo>()?;
    connection.remote_addr().map(|peer| peer.ip())
}

#[cfg(not(feature = "grpc"))]
const fn peer_of_tonic(_: &Parts) -> Option<IpAddr> {
    None
}

#[cfg(test)]
mod tests;
