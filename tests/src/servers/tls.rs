use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::servers::Error;

/// The PEM files of a server with TLS, in the server's folder.
///
/// One authority has signed the certificates of the server, for `127.0.0.1` and `localhost`, and
/// of the client.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    folder: PathBuf,
}

impl TlsFiles {
    /// The certificate of the authority.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The certificate of the client.
    #[must_use]
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.join("client.pem")
    }

    /// The private key of the client.
    #[must_use]
    pub fn client_key(&self) -> PathBuf {
        self.folder.join("client.key")
    }

    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    pub(crate) fn server_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// Makes keys and certificates in `folder`.
    pub(crate) fn generate(folder: &Path) -> Result<Self, Error> {
        let files = Self {
            folder: folder.to_owned(),
        };
        let issuer = files.write_authority()?;
        let server = leaf("server", ExtendedKeyUsagePurpose::ServerAuth)?;
        write_signed(
            &server,
            &issuer,
            &files.server_certificate(),
            &files.server_key(),
        )?;
        let client = leaf("client", ExtendedKeyUsagePurpose::ClientAuth)?;
        write_signed(
            &client,
            &issuer,
            &files.client_certificate(),
            &files.client_key(),
        )?;
        Ok(files)
    }

    fn write_authority(&self) -> Result<Issuer<'static, KeyPair>, Error> {
        let mut parameters = named("authority", Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        write(&self.ca(), &parameters.self_signed(&key)?.pem())?;
        Ok(Issuer::new(parameters, key))
    }
}

fn leaf(name: &str, usage: ExtendedKeyUsagePurpose) -> Result<CertificateParams, Error> {
    let hosts = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut parameters = named(name, hosts)?;
    parameters.extended_key_usages = vec![usage];
    Ok(parameters)
}

fn named(name: &str, hosts: Vec<String>) -> Result<CertificateParams, Error> {
    let mut parameters = CertificateParams::new(hosts)?;
    let full_name = format!("limits-tests {name}");
    parameters
        .distinguished_name
        .push(DnType::CommonName, full_name);
    Ok(parameters)
}

fn write_signed(
    parameters: &CertificateParams,
    issuer: &Issuer<'static, KeyPair>,
    certificate_file: &Path,
    key_file: &Path,
) -> Result<(), Error> {
    let key = KeyPair::generate()?;
    let certificate = parameters.clone().signed_by(&key, issuer)?;
    write(certificate_file, &certificate.pem())?;
    write(key_file, &key.serialize_pem())
}

fn write(file: &Path, pem: &str) -> Result<(), Error> {
    fs::write(file, pem).map_err(Error::io(file.to_string_lossy()))
}
