//! What a URI says of a cluster, and the client made of it.

use tonic::transport::Endpoint;
#[cfg(feature = "tls")]
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::client::Client;
use super::member::Member;
use super::messages::AuthenticateRequest;
use crate::error::StorageError;
use crate::uri::{Location, StorageUri, Timeouts, TlsFiles};

const PORT: u16 = 2_379;

/// The client that a URI names; nothing is connected yet.
pub(super) fn client(uri: &StorageUri, timeouts: Timeouts) -> Result<Client, StorageError> {
    let location = Location::of(uri)?;
    location.check_no_path(uri)?;
    let login = location.login(uri)?;
    let login = login.map(|(name, password)| AuthenticateRequest { name, password });
    let tls = TlsFiles::of(uri, false, "tls=true")?.map(config);
    let members = (1..).zip(location.servers(PORT)).map(|(number, server)| {
        let endpoint = endpoint(uri, number, server, tls.as_ref())?;
        Ok(Member::new(endpoint, timeouts))
    });
    let members = members.collect::<Result<_, StorageError>>()?;
    Ok(Client::new(members, login))
}

fn endpoint(
    uri: &StorageUri,
    number: u32,
    (name, port): (String, u16),
    tls: Option<&ClientTlsConfig>,
) -> Result<Endpoint, StorageError> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let name = match name.contains(':') {
        true => format!("[{name}]"),
        false => name,
    };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{name}:{port}"));
    let endpoint = endpoint.map_err(|_| uri.wrong(format!("host number {number} is no host")))?;
    match tls {
        Some(tls) => encrypted(uri, endpoint, tls),
        None => Ok(endpoint),
    }
}

#[cfg(feature = "tls")]
fn config(files: TlsFiles) -> ClientTlsConfig {
    let config = ClientTlsConfig::new();
    let config = match files.ca {
        Some(ca) => config.ca_certificate(Certificate::from_pem(ca)),
        None => config.with_native_roots(),
    };
    match files.identity {
        Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
        None => config,
    }
}

#[cfg(feature = "tls")]
fn encrypted(
    uri: &StorageUri,
    endpoint: Endpoint,
    tls: &ClientTlsConfig,
) -> Result<Endpoint, StorageError> {
    let endpoint = endpoint.tls_config(tls.clone());
    endpoint.map_err(|error| uri.wrong(format!("encryption can't be set up: {error}")))
}

#[cfg(not(feature = "tls"))]
type ClientTlsConfig = core::convert::Infallible;

#[cfg(not(feature = "tls"))]
const fn config(files: TlsFiles) -> ClientTlsConfig {
    match files {}
}

#[cfg(not(feature = "tls"))]
const fn encrypted(
    _: &StorageUri,
    _: Endpoint,
    tls: &ClientTlsConfig,
) -> Result<Endpoint, StorageError> {
    match *tls {}
}
