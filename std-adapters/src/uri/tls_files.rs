use super::storage_uri::StorageUri;
use crate::error::StorageError;

/// What an encrypted connection needs: contents of files in PEM format.
#[cfg(feature = "tls")]
pub(crate) struct TlsFiles {
    /// Whom to trust; whom the system does, if there is none.
    pub(crate) ca: Option<Vec<u8>>,
    /// The certificate and the key by which servers may know us.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// Without the feature `tls` nothing can be encrypted.
#[cfg(not(feature = "tls"))]
pub(crate) enum TlsFiles {}

impl TlsFiles {
    /// The options that a URI may give besides `tls`.
    pub(crate) const OPTIONS: [&str; 3] = ["tls_ca_file", "tls_cert_file", "tls_key_file"];

    /// Reads the files that the options of a URI name; `None` if it asks for no encryption,
    /// which is done as `how` says.
    pub(crate) fn of(
        uri: &StorageUri,
        by_scheme: bool,
        how: &str,
    ) -> Result<Option<Self>, StorageError> {
        if by_scheme || uri.flag("tls")? {
            return Self::read(uri).map(Some);
        }
        for option in Self::OPTIONS {
            if uri.option::<String>(option)?.is_some() {
                let reason = format!("`{option}` is for encrypted connections: {how}");
                return Err(uri.wrong(reason));
            }
        }
        Ok(None)
    }

    #[cfg(not(feature = "tls"))]
    fn read(uri: &StorageUri) -> Result<Self, StorageError> {
        Err(uri.wrong("encryption needs the feature `tls` of the crate limits"))
    }

    #[cfg(feature = "tls")]
    fn read(uri: &StorageUri) -> Result<Self, StorageError> {
        use rustls::crypto::{CryptoProvider, ring};

        let [ca, certificate, key] = Self::OPTIONS.map(|option| read(uri, option));
        let identity = match (certificate?, key?) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err(uri.wrong("needs both `tls_cert_file` and `tls_key_file`, or none")),
        };
        // Without one, rustls panics where a program has several to choose from.
        if CryptoProvider::get_default().is_none() {
            // Fails only if another thread has installed one by now.
            let _ = ring::default_provider().install_default();
        }
        let ca = ca?;
        if ca.as_ref().is_some_and(|file| !has_certificate(file)) {
            return Err(uri.wrong("`tls_ca_file` holds no certificate in PEM format"));
        }
        Ok(Self { ca, identity })
    }
}

#[cfg(feature = "tls")]
fn has_certificate(file: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    file.windows(BEGIN.len()).any(|text| text == BEGIN)
}

#[cfg(feature = "tls")]
fn read(uri: &StorageUri, option: &str) -> Result<Option<Vec<u8>>, StorageError> {
    let Some(path) = uri.option::<String>(option)? else {
        return Ok(None);
    };
    let contents = std::fs::read(&path);
    let unreadable = |error| uri.wrong(format!("`{option}`: can't read {path}: {error}"));
    contents.map(Some).map_err(unreadable)
}
