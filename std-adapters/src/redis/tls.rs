//! How connections are encrypted.

#[cfg(feature = "tls")]
pub(super) use on::Tls;

#[cfg(not(feature = "tls"))]
pub(super) use off::Tls;

/// Options that name files in PEM format.
pub(super) const FILES: [&str; 3] = ["tls_ca_file", "tls_cert_file", "tls_key_file"];

#[cfg(feature = "tls")]
mod on {
    use std::fs;

    use redis::cluster::ClusterClientBuilder;
    use redis::sentinel::SentinelClientBuilder;
    use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisResult, TlsCertificates, TlsMode};
    use rustls::crypto::{CryptoProvider, ring};

    use super::FILES;
    use crate::error::StorageError;
    use crate::uri::StorageUri;

    /// What servers are trusted, and by what they may know us.
    pub(in super::super) struct Tls(TlsCertificates);

    impl Tls {
        /// Reads the files that the options name; without a CA, those that the
        /// system trusts are trusted.
        pub(in super::super) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
            let [ca, certificate, key] = FILES.map(|option| read(uri, option));
            let client_tls = match (certificate?, key?) {
                (None, None) => None,
                (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig {
                    client_cert,
                    client_key,
                }),
                _ => {
                    return Err(uri.wrong("needs both `tls_cert_file` and `tls_key_file`, or none"));
                }
            };
            // Without one, rustls panics where a program has several to choose from.
            if CryptoProvider::get_default().is_none() {
                // Fails only if another thread has installed one by now.
                let _ = ring::default_provider().install_default();
            }
            let root_cert = ca?;
            if root_cert
                .as_ref()
                .is_some_and(|file| !has_certificate(file))
            {
                return Err(uri.wrong("`tls_ca_file` holds no certificate in PEM format"));
            }
            Ok(Self(TlsCertificates {
                client_tls,
                root_cert,
            }))
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

    fn has_certificate(file: &[u8]) -> bool {
        const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
        file.windows(BEGIN.len()).any(|text| text == BEGIN)
    }

    fn read(uri: &StorageUri, option: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let Some(path) = uri.option::<String>(option)? else {
            return Ok(None);
        };
        let contents = fs::read(&path);
        let unreadable = |error| uri.wrong(format!("`{option}`: can't read {path}: {error}"));
        contents.map(Some).map_err(unreadable)
    }
}

#[cfg(not(feature = "tls"))]
mod off {
    use redis::cluster::ClusterClientBuilder;
    use redis::sentinel::SentinelClientBuilder;
    use redis::{Client, ConnectionInfo, RedisResult};

    use crate::error::StorageError;
    use crate::uri::StorageUri;

    /// There is none.
    pub(in super::super) enum Tls {}

    impl Tls {
        pub(in super::super) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
            Err(uri.wrong("encryption needs the feature `tls` of the crate limits"))
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
