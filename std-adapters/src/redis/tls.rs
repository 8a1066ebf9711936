//! How connections are encrypted.

#[cfg(feature = "tls")]
pub(super) use on::Tls;

#[cfg(not(feature = "tls"))]
pub(super) use off::Tls;

#[cfg(feature = "tls")]
mod on {
    use redis::cluster::ClusterClientBuilder;
    use redis::sentinel::SentinelClientBuilder;
    use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisResult, TlsCertificates, TlsMode};

    use crate::uri::TlsFiles;

    /// What servers are trusted, and by what they may know us.
    pub(in super::super) struct Tls(TlsCertificates);

    impl Tls {
        pub(in super::super) fn of(files: TlsFiles) -> Self {
            let client_tls = files
                .identity
                .map(|(client_cert, client_key)| ClientTlsConfig {
                    client_cert,
                    client_key,
                });
            Self(TlsCertificates {
                client_tls,
                root_cert: files.ca,
            })
        }

        pub(in super::super) fn client(self, server: ConnectionInfo) -> RedisResult<Client> {
            Client::build_with_tls(server, self.0)
        }

        pub(in super::super) fn cluster(
            &self,
            cluster: ClusterClientBuilder,
        ) -> ClusterClientBuilder {
            cluster.tls(TlsMode::Secure).certs(self.0.clone())
        }

        pub(in super::super) fn sentinel(
            &self,
            sentinel: SentinelClientBuilder,
        ) -> SentinelClientBuilder {
            sentinel
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(self.0.clone())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(self.0.clone())
        }
    }
}

#[cfg(not(feature = "tls"))]
mod off {
    use redis::cluster::ClusterClientBuilder;
    use redis::sentinel::SentinelClientBuilder;
    use redis::{Client, ConnectionInfo, RedisResult};

    use crate::uri::TlsFiles;

    /// There is none.
    pub(in super::super) enum Tls {}

    impl Tls {
        pub(in super::super) const fn of(files: TlsFiles) -> Self {
            match files {}
        }

        pub(in super::super) fn client(self, _: ConnectionInfo) -> RedisResult<Client> {
            match self {}
        }

        pub(in super::super) fn cluster(&self, _: ClusterClientBuilder) -> ClusterClientBuilder {
            match *self {}
        }

        pub(in super::super) fn sentinel(&self, _: SentinelClientBuilder) -> SentinelClientBuilder {
            match *self {}
        }
    }
}
