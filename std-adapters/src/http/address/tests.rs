use core::net::IpAddr;

use http::{HeaderValue, Request};

use super::*;

const PROXY: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1));

fn parts(name: &'static str, lines: &[&str]) -> Parts {
    let mut request = Request::new(());
    for line in lines {
        let line = HeaderValue::from_str(line).expect("a header's value");
        request.headers_mut().append(name, line);
    }
    request.into_parts().0
}

fn behind(peer: IpAddr, header: ForwardedHeader) -> ClientAddress {
    let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
    ClientAddress::peer()
        .trusting(networks, header)
        .with_peer(move |_| Some(peer))
}

/// The client that a trusted proxy tells of.
#[track_caller]
fn x_forwarded_for(lines: &[&str], client: &str) {
    let address = behind(PROXY, ForwardedHeader::XForwardedFor);
    let found = address.find(&parts("x-forwarded-for", lines));
    assert_eq!(found, client.parse().ok(), "{lines:?}");
}

#[track_caller]
fn forwarded(lines: &[&str], client: &str) {
    let address = behind(PROXY, ForwardedHeader::Forwarded);
    let found = address.find(&parts("forwarded", lines));
    assert_eq!(found, client.parse().ok(), "{lines:?}");
}

#[track_caller]
fn grouped(address: &str, group: &str) {
    let address = address.parse().expect("an address");
    assert_eq!(ClientAddress::peer().group(address), group);
}

/// The table of express-rate-limit#667 and GHSA-46wh-pxpv-q5gq.
#[test]
fn addresses_are_grouped_as_users_of_express_rate_limit_need_them() {
    grouped("1.2.3.4", "1.2.3.4");
    grouped("::ffff:1.2.3.4", "1.2.3.4");
    grouped("::ffff:102:304", "1.2.3.4");
    grouped("2001:db8:1234:5678::1.2.3.4", "2001:db8:1234:5600::/56");
    grouped("2001:db8:1234:5678::102:304", "2001:db8:1234:5600::/56");
}

/// Flowfin/jellyfin-plugin-sso#194.
#[test]
fn the_clients_of_a_nat64_are_told_apart() {
    grouped("64:ff9b::1.2.3.4", "1.2.3.4");
    grouped("64:ff9b::1.2.3.5", "1.2.3.5");
    grouped("64:ff9b:0:0:1::102:304", "64:ff9b::/56");
}

/// minekube/gate#938.
#[test]
fn a_thousand_addresses_of_one_network_are_one_client() {
    let address = ClientAddress::peer();
    for host in 0..1000 {
        let host: IpAddr = format!("2001:db8:1:2::{host:x}")
            .parse()
            .expect("an address");
        assert_eq!(address.group(host), "2001:db8:1::/56");
    }
}

#[test]
fn the_prefix_of_ipv6_can_be_chosen() {
    let group = |bits| {
        let address = "2001:db8:1234:5678::1".parse().expect("an address");
        ClientAddress::peer().with_ipv6_prefix(bits).group(address)
    };
    assert_eq!(group(64), "2001:db8:1234:5678::/64");
    assert_eq!(group(48), "2001:db8:1234::/48");
    assert_eq!(group(255), "2001:db8:1234:5678::1/128");
}

#[test]
fn elements_may_have_ports_brackets_and_quotes() {
    x_forwarded_for(&["[2001:db8::1]:443"], "2001:db8::1");
    x_forwarded_for(&["1.2.3.4:55123"], "1.2.3.4");
    x_forwarded_for(&["\"[2001:db8::1]\""], "2001:db8::1");
    x_forwarded_for(&["2001:db8::1"], "2001:db8::1");
    forwarded(&["for=\"[2001:db8::1]:443\""], "2001:db8::1");
    forwarded(&["for=\"1.2.3.4:55123\";proto=https"], "1.2.3.4");
    forwarded(&["by=10.0.0.1; FOR=\"[2001:db8::1]\""], "2001:db8::1");
}

#[test]
fn what_is_no_address_ends_the_walk_at_the_last_good_hop() {
    for bad in [
        "unknown",
        "_hidden",
        "bogus",
        "",
        "1.2.3.4:99999",
        "[::1",
        "\"1.2.3.4",
    ] {
        x_forwarded_for(&["6.6.6.6", bad], "10.0.0.1");
        x_forwarded_for(&["6.6.6.6", bad, "10.0.0.2"], "10.0.0.2");
        forwarded(&["for=6.6.6.6", &format!("for={bad}")], "10.0.0.1");
        forwarded(
            &["for=6.6.6.6", &format!("for={bad}"), "for=10.0.0.2"],
            "10.0.0.2",
        );
    }
    forwarded(&["for=6.6.6.6", "proto=https"], "10.0.0.1");
    forwarded(&["for=6.6.6.6", "for=1.2.3.4;for=1.2.3.5"], "10.0.0.1");
}

/// What axum-governor 2.0.6 and `tower_governor` 0.8 believe, by reading their sources.
#[test]
fn a_client_behind_a_proxy_can_not_choose_its_address() {
    x_forwarded_for(&["6.6.6.6, 1.2.3.4:5678"], "1.2.3.4");
    x_forwarded_for(&["6.6.6.6", "1.2.3.4"], "1.2.3.4");
    x_forwarded_for(&["1.2.3.4, bogus"], "10.0.0.1");
    forwarded(&["for=6.6.6.6, for=1.2.3.4"], "1.2.3.4");
}

#[test]
fn a_quote_that_a_client_left_open_swallows_nothing() {
    forwarded(&["for=\"6.6.6.6, for=1.2.3.4"], "1.2.3.4");
    forwarded(&["for=\"6.6.6.6, for=\"[2001:db8::1]\""], "2001:db8::1");
    forwarded(
        &["for=6.6.6.6, for=1.2.3.4;by=\"_a, for=7.7.7.7\""],
        "1.2.3.4",
    );
    forwarded(&["for=1.2.3.4;by=\"_\\\", for=7.7.7.7\""], "1.2.3.4");
    x_forwarded_for(&["\"6.6.6.6, 1.2.3.4"], "1.2.3.4");
}

#[test]
fn a_chain_of_proxies_is_walked_from_the_right() {
    x_forwarded_for(&["6.6.6.6, 1.2.3.4, 10.0.0.3, fd00::2"], "1.2.3.4");
    x_forwarded_for(&["10.0.0.3, 10.0.0.2"], "10.0.0.3");
    x_forwarded_for(&["1.2.3.4, ::ffff:10.0.0.2"], "1.2.3.4");
    x_forwarded_for(&[], "10.0.0.1");
}

/// adorsys/status-list-server#238.
#[test]
fn a_peer_that_is_not_trusted_is_one_client_whatever_it_sends() {
    let peer = IpAddr::from([203, 0, 113, 9]);
    let address = behind(peer, ForwardedHeader::XForwardedFor);
    for number in 0..100 {
        let parts = parts("x-forwarded-for", &[&format!("1.2.3.{number}")]);
        assert_eq!(address.find(&parts), Some(peer));
    }
}

#[test]
fn headers_other_than_the_chosen_one_are_not_read() {
    let address = behind(PROXY, ForwardedHeader::Forwarded);
    for other in ["x-forwarded-for", "x-real-ip", "cf-connecting-ip"] {
        assert_eq!(address.find(&parts(other, &["1.2.3.4"])), Some(PROXY));
    }
    let none = ClientAddress::peer().with_peer(|_| Some(PROXY));
    assert_eq!(
        none.find(&parts("x-forwarded-for", &["1.2.3.4"])),
        Some(PROXY)
    );
}

#[test]
fn a_proxy_on_a_socket_of_both_families_is_trusted() {
    let mapped = "::ffff:10.0.0.1".parse().expect("an address");
    let address = behind(mapped, ForwardedHeader::XForwardedFor);
    let found = address.find(&parts("x-forwarded-for", &["1.2.3.4"]));
    assert_eq!(found, Some([1, 2, 3, 4].into()));

    let network = "::ffff:10.0.0.0/104".parse().expect("a network");
    let address = ClientAddress::peer()
        .trusting([network], ForwardedHeader::XForwardedFor)
        .with_peer(|_| Some(PROXY));
    let found = address.find(&parts("x-forwarded-for", &["1.2.3.4"]));
    assert_eq!(found, Some([1, 2, 3, 4].into()));
}

#[test]
fn the_peer_is_found_in_the_extensions() {
    let mut parts = parts("host", &[]);
    assert_eq!(ClientAddress::peer().find(&parts), None);
    parts
        .extensions
        .insert(PeerAddress(([1, 2, 3, 4], 80).into()));
    assert_eq!(
        ClientAddress::peer().find(&parts),
        Some([1, 2, 3, 4].into())
    );
}

#[cfg(feature = "axum")]
#[test]
fn the_peer_that_axum_tells_of_is_found() {
    let mut parts = parts("host", &[]);
    let peer = SocketAddr::from(([1, 2, 3, 4], 80));
    parts.extensions.insert(axum::extract::ConnectInfo(peer));
    assert_eq!(ClientAddress::peer().find(&parts), Some(peer.ip()));
}
