//! Encryption: the client side of TLS, from files.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, version,
};

use crate::error::{Code, Error, Result};
use crate::store::config::cql::{TlsConfig, TlsVersion};

/// The driver's TLS settings; `None` = connections in the clear.
///
/// The cryptography is named here and not the process's default, which belongs to the host program.
///
/// Errors: `NotFound` for files that are not there, `InvalidArg` for files that hold something else; each
/// names the option.
pub fn client(config: &TlsConfig) -> Result<Option<Arc<ClientConfig>>> {
    if !config.enabled {
        return Ok(None);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: &[&rustls::SupportedProtocolVersion] = match config.min_version {
        TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12],
        TlsVersion::Tls13 => &[&version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| unusable("tls.min_version", &error))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier(config, provider)?);
    let client = match (&config.cert_file, &config.key_file) {
        (Some(certificate), Some(key)) => {
            let chain = certificates("tls.cert_file", certificate)?;
            let key =
                PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("tls.key_file", key, &error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| unusable("tls.key_file", &error))?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Some(Arc::new(client)))
}

fn verifier(config: &TlsConfig, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    let file = config.ca_file.as_deref().unwrap_or_default();
    let mut roots = RootCertStore::empty();
    for certificate in certificates("tls.ca_file", file)? {
        roots.add(certificate).map_err(|error| unusable("tls.ca_file", &error))?;
    }
    let full = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable("tls.ca_file", &error))?;
    Ok(if config.verify_hostname { full } else { Arc::new(AnyName(full)) })
}

fn certificates(option: &str, file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<std::result::Result<Vec<_>, _>>();
    let found = read().map_err(|error| unreadable(option, file, &error))?;
    if found.is_empty() {
        return Err(unreadable(option, file, &pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn unreadable(option: &str, file: &str, error: &pem::Error) -> Error {
    match error {
        pem::Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Error::new(Code::NotFound, format!("there is no file {file:?}")).at(option)
        }
        pem::Error::Io(error) => Error::invalid(option, format!("the file {file:?} can't be read: {error}")),
        pem::Error::NoItemsFound => {
            let wanted = if option == "tls.key_file" { "private key" } else { "certificate" };
            Error::invalid(option, format!("the file {file:?} holds no {wanted} in PEM form"))
        }
        // The parser's messages may quote what it has read, which may be a key.
        _ => Error::invalid(option, format!("the file {file:?} is not a PEM file")),
    }
}

fn unusable(option: &str, error: &dyn std::fmt::Display) -> Error {
    Error::invalid(option, format!("can't be used: {error}"))
}

/// Verifies everything but the name: for clusters whose certificates name no addresses. Whoever holds a
/// certificate of the authority can then pose as any node.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        // The chain, its times and purposes are looked at first: whoever fails by name has passed them.
        match self.0.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(config: &TlsConfig, code: Code, option: &str, message: &str) {
        let error = client(config).expect_err("refused");
        assert_eq!((error.code(), error.field()), (code, Some(option)), "{error}");
        assert!(error.message().contains(message), "{error}");
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let with =
            |ca: &str| TlsConfig { enabled: true, ca_file: Some(ca.to_owned()), ..TlsConfig::default() };
        assert!(client(&TlsConfig::default()).unwrap().is_none());
        fails(&with("/no/such.pem"), Code::NotFound, "tls.ca_file", "there is no file \"/no/such.pem\"");
        fails(&with(&file("empty", "")), Code::InvalidArg, "tls.ca_file", "holds no certificate");
        fails(
            &with(&file("text", "no certificate")),
            Code::InvalidArg,
            "tls.ca_file",
            "holds no certificate",
        );
        let broken = "-----BEGIN CERTIFICATE-----\n!secret!\n-----END CERTIFICATE-----\n";
        fails(&with(&file("broken", broken)), Code::InvalidArg, "tls.ca_file", "is not a PEM file");
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fails(&with(&file("nonsense", nonsense)), Code::InvalidArg, "tls.ca_file", "can't be used");
    }
}
