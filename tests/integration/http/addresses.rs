//! Clients behind proxies, and those who play one.

use limits::http::{ClientAddress, ForwardedHeader, Policies};

use super::server::{Server, limited, policy, storages};

/// Clients on this machine are trusted proxies if it is their network.
fn behind(network: &str, header: ForwardedHeader) -> ClientAddress {
    let network = network.parse().expect("a network");
    ClientAddress::peer().trusting([network], header)
}

async fn statuses(server: &Server, header: &str, values: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for value in values {
        let request = server.request("/").header(header, *value);
        statuses.push(server.ask(request).await.status);
    }
    statuses
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_count_each_by_itself() {
    for kept in storages() {
        let address = behind("127.0.0.0/8", ForwardedHeader::XForwardedFor);
        let policy = policy("api", "1/hour").per_client(address);
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        let clients = [
            "192.0.2.1",
            "6.6.6.6, 192.0.2.1:443",
            "192.0.2.2",
            "2001:db8::1",
        ];
        assert_eq!(
            statuses(&server, "x-forwarded-for", &clients).await,
            [200, 429, 200, 200]
        );
        // Of the same network of 56 bits.
        let neighbour = ["[2001:db8:0:ff::9]:1"];
        assert_eq!(
            statuses(&server, "x-forwarded-for", &neighbour).await,
            [429]
        );
    }
}

/// adorsys/status-list-server#238.
#[tokio::test]
async fn a_hundred_made_up_addresses_are_one_client() {
    let address = behind("10.0.0.0/8", ForwardedHeader::XForwardedFor);
    for kept in storages() {
        let policy = policy("api", "1/hour").per_client(address.clone());
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        let values: Vec<_> = (0..100).map(|number| format!("192.0.2.{number}")).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        let statuses = statuses(&server, "x-forwarded-for", &values).await;
        assert_eq!(statuses, [[200].as_slice(), &[429; 99]].concat());
    }
}

#[tokio::test]
async fn forwarded_is_understood_if_it_is_chosen() {
    let address = behind("127.0.0.0/8", ForwardedHeader::Forwarded);
    for kept in storages() {
        let policy = policy("api", "1/hour").per_client(address.clone());
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        let values = [
            "for=192.0.2.1;proto=http",
            "for=6.6.6.6, for=\"192.0.2.1:4711\"",
        ];
        assert_eq!(statuses(&server, "forwarded", &values).await, [200, 429]);
        assert_eq!(
            statuses(&server, "x-forwarded-for", &["1.1.1.1", "2.2.2.2"]).await,
            [200, 429]
        );
    }
}
