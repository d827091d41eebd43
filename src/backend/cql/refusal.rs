//! Why a cluster can't be reached: from the driver's errors to ours, by type.

use std::error::Error as StdError;
use std::io;

use scylla::errors::{
    BrokenConnectionErrorKind, ConnectionError, ConnectionPoolError, ConnectionSetupRequestError,
    ConnectionSetupRequestErrorKind, DbError, MetadataError, NewSessionError,
};

use crate::error::{Code, Error};
use crate::json::text::push_string;
use crate::store::config::Config;

/// What a contact point does to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    kind: Kind,
    /// For people.
    text: String,
}

/// Kinds, the weightiest first: the first that any contact point has is what the error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The name or password is wrong.
    Password,
    /// The cluster wants a name and password, and none is configured.
    NoPassword,
    /// The node's certificate is not one of our authorities'.
    Untrusted,
    /// The certificate is for another address.
    OtherName,
    /// The node refuses this client's certificate, or that it has none.
    OwnCertificate,
    /// The other side does not speak TLS.
    Plaintext,
    /// TLS, in some other way.
    Tls,
    /// It took the connection and broke it off at the first request, as a port that expects TLS does.
    BrokenOff,
    /// Nobody listens, no route, no answer, no such name.
    Away,
    /// Another error of the server's.
    Server,
}

impl Refusal {
    /// What this failure of a session with a single contact point says of it.
    pub fn of(error: &NewSessionError) -> Self {
        match error {
            NewSessionError::FailedToResolveAnyHostname(_) => {
                Self { kind: Kind::Away, text: "the name is not known (DNS)".into() }
            }
            NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
                ConnectionPoolError::Broken { last_connection_error },
            )) => Self::connection(last_connection_error),
            other => Self { kind: Kind::Server, text: other.to_string() },
        }
    }

    fn connection(error: &ConnectionError) -> Self {
        // TLS speaks first: it lies below every other error.
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::tls(tls);
        }
        match error {
            ConnectionError::ConnectTimeout => {
                Self { kind: Kind::Away, text: "no answer within connect.timeout".into() }
            }
            ConnectionError::IoError(error) => Self { kind: Kind::Away, text: error.to_string() },
            ConnectionError::ConnectionSetupRequestError(error) => Self::setup(error),
            ConnectionError::BrokenConnection(_) => Self::broken_off(),
            other => Self { kind: Kind::Server, text: other.to_string() },
        }
    }

    fn setup(error: &ConnectionSetupRequestError) -> Self {
        match &error.error {
            ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, text) => {
                Self { kind: Kind::Password, text: text.clone() }
            }
            ConnectionSetupRequestErrorKind::MissingAuthentication => {
                Self { kind: Kind::NoPassword, text: "it asks who we are".into() }
            }
            ConnectionSetupRequestErrorKind::BrokenConnection(_) => Self::broken_off(),
            other => Self { kind: Kind::Server, text: other.to_string() },
        }
    }

    fn broken_off() -> Self {
        Self { kind: Kind::BrokenOff, text: "it broke the connection off at the first request".into() }
    }

    fn tls(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, CertificateError as Certificate};
        let kind = match error {
            rustls::Error::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => Kind::OtherName,
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Kind::Untrusted,
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnknownCA
                | Alert::UnsupportedCertificate
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::CertificateUnknown
                | Alert::AccessDenied
                // What Java's TLS says of a certificate that it does not trust, or misses.
                | Alert::HandshakeFailure
                | Alert::InternalError,
            ) => Kind::OwnCertificate,
            rustls::Error::InvalidMessage(_) => Kind::Plaintext,
            _ => Kind::Tls,
        };
        Self { kind, text: error.to_string() }
    }
}

/// The first error of this type below `error`, through the driver's and the standard library's wrappings.
fn find<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = inner(error).or_else(|| error.source());
    }
    None
}

/// What an error holds without calling it its source.
fn inner<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    use scylla::errors::BrokenConnectionError as Broken;
    let of_io = |error: &'e io::Error| error.get_ref().map(|inner| inner as &(dyn StdError + 'static));
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return of_io(error);
    }
    if let Some(ConnectionError::IoError(error)) = error.downcast_ref::<ConnectionError>() {
        return Some(&**error);
    }
    if let Some(ConnectionError::BrokenConnection(error)) = error.downcast_ref::<ConnectionError>() {
        return Some(error);
    }
    if let Some(ConnectionError::ConnectionSetupRequestError(error)) = error.downcast_ref::<ConnectionError>()
    {
        return Some(error);
    }
    if let Some(error) = error.downcast_ref::<ConnectionSetupRequestError>() {
        return match &error.error {
            ConnectionSetupRequestErrorKind::BrokenConnection(error) => Some(error),
            _ => None,
        };
    }
    let kind = error.downcast_ref::<Broken>()?.downcast_ref::<BrokenConnectionErrorKind>()?;
    match kind {
        BrokenConnectionErrorKind::WriteError(error) => of_io(error),
        BrokenConnectionErrorKind::FrameHeaderParseError(error) => header_io(error),
        _ => None,
    }
}

fn header_io(error: &scylla::errors::FrameHeaderParseError) -> Option<&(dyn StdError + 'static)> {
    use scylla::errors::FrameHeaderParseError as Header;
    match error {
        Header::HeaderIoError(error) | Header::BodyChunkIoError(_, error) => Some(error),
        _ => None,
    }
}

/// The error of an attempt at all contact points; `None` when there is nothing against any of them.
pub(super) fn error(config: &Config, failures: &[(String, Refusal)]) -> Option<Error> {
    let kind = failures.iter().map(|(_, refusal)| refusal.kind).min()?;
    let points: Vec<_> =
        failures.iter().map(|(point, refusal)| format!("{point}: {}", refusal.text)).collect();
    let points = points.join("; ");
    let (code, field, what) = said(config, kind);
    let error = Error::new(code, format!("{what} ({points})")).with_details(details(failures));
    Some(match field {
        Some(field) => error.at(field),
        None => error,
    })
}

/// Code, option and what to do.
fn said(config: &Config, kind: Kind) -> (Code, Option<&'static str>, &'static str) {
    let no_tls = !config.tls.enabled;
    match kind {
        Kind::Password => {
            (Code::Unauthorized, Some("auth"), "the cluster refuses the user name or password; check auth")
        }
        Kind::NoPassword => {
            let what = "the cluster asks for a user name and password; set auth.username and auth.password";
            (Code::Unauthorized, Some("auth"), what)
        }
        Kind::Untrusted => {
            let what = "a node's certificate is not trusted; is tls.ca_file the authority that signed it?";
            (Code::Unauthorized, Some("tls.ca_file"), what)
        }
        Kind::OtherName => {
            let what = "a node's certificate is not for the address it is reached at; give the certificate \
                        that IP address, or set tls.verify_hostname to false";
            (Code::Unauthorized, Some("tls.verify_hostname"), what)
        }
        Kind::OwnCertificate => {
            let what = "the cluster does not accept this client's certificate; set tls.cert_file and \
                        tls.key_file to one that it trusts";
            (Code::Unauthorized, Some("tls.cert_file"), what)
        }
        Kind::Plaintext => {
            let what =
                "the nodes don't speak TLS at this port; set tls.enabled to false or use their TLS port";
            (Code::InvalidArg, Some("tls.enabled"), what)
        }
        Kind::Tls => (Code::Unavailable, Some("tls"), "no encrypted connection could be made"),
        Kind::BrokenOff if no_tls => {
            let what = "the nodes break connections off; set tls.enabled if this port expects TLS";
            (Code::Unavailable, Some("tls.enabled"), what)
        }
        Kind::BrokenOff => (Code::Unavailable, None, "the nodes break connections off"),
        Kind::Away => {
            let what =
                "no node of the cluster can be reached; are contact_points and port right and a node up?";
            (Code::Unavailable, Some("contact_points"), what)
        }
        Kind::Server => (Code::Unavailable, None, "the nodes refuse connections"),
    }
}

/// `{"contact_points":[{"address","error"}]}`.
fn details(failures: &[(String, Refusal)]) -> String {
    let mut out = String::from("{\"contact_points\":[");
    for (index, (point, refusal)) in failures.iter().enumerate() {
        out.push_str(if index == 0 { "{\"address\":" } else { ",{\"address\":" });
        push_string(&mut out, point);
        out.push_str(",\"error\":");
        push_string(&mut out, &refusal.text);
        out.push('}');
    }
    out.push_str("]}");
    out
}

/// A failure that has gone by when the contact points were asked one by one.
pub(super) fn passed(error: &NewSessionError) -> Error {
    Error::new(Code::Unavailable, format!("the cluster could not be reached for a moment: {error}"))
}

/// Opening took longer than it may.
pub(super) fn too_slow(config: &Config) -> Error {
    let message = format!(
        "the cluster did not answer within connect.deadline ({} s); are contact_points right and a node up? ({})",
        config.connect.deadline,
        config.contact_points.join(", ")
    );
    Error::new(Code::Unavailable, message).at("contact_points")
}
