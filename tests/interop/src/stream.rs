//! The transport: TCP, with TLS or without.

use std::env;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A stream to a broker.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// In clear.
    Tcp(TcpStream),
    /// Encrypted, each side sure of the other.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects in clear.
    ///
    /// # Panics
    ///
    /// Fails the test where nobody listens there.
    #[track_caller]
    pub fn tcp(address: &str) -> Self {
        let stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("{address} can't be reached: {error}"));
        stream.set_nodelay(true).expect("a fresh stream takes options");
        // A broker that doesn't read mustn't keep this side from reading.
        stream.set_write_timeout(Some(Duration::from_millis(20))).expect("as above");
        Self::Tcp(stream)
    }

    /// Connects to the TLS port that `AMQPS_ADDRESS` names, and shows this user's certificate, or none.
    ///
    /// # Panics
    ///
    /// Fails the test where that isn't possible.
    #[track_caller]
    pub fn tls(user: Option<&str>) -> Self {
        Self::tls_at(&tls_address(), user)
    }

    /// The same to another address. The handshake of TLS begins with the first octets.
    ///
    /// # Panics
    ///
    /// Fails the test where that isn't possible.
    #[track_caller]
    pub fn tls_at(address: &str, user: Option<&str>) -> Self {
        let Self::Tcp(stream) = Self::tcp(address) else { unreachable!() };
        let server = ServerName::try_from("localhost").expect("it is a name");
        let connection = ClientConnection::new(Arc::new(tls_config(user)), server)
            .unwrap_or_else(|error| panic!("TLS can't begin: {error}"));
        Self::Tls(Box::new(StreamOwned::new(connection, stream)))
    }

    /// How long a read may wait.
    pub(crate) fn set_read_timeout(&self, wait: Duration) {
        let stream = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        };
        stream.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).expect("not zero");
    }

    /// Tells the peer that nothing more will come.
    pub(crate) fn end_output(&mut self) {
        let stream = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => {
                stream.conn.send_close_notify();
                let _ = stream.flush();
                &mut stream.sock
            }
        };
        let _ = stream.shutdown(Shutdown::Write);
    }
}

impl Read for Stream {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(octets),
            Self::Tls(stream) => stream.read(octets),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(octets),
            Self::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// The broker's TLS port.
///
/// # Panics
///
/// Fails the test where `AMQPS_ADDRESS` is missing.
#[track_caller]
pub fn tls_address() -> String {
    variable("AMQPS_ADDRESS")
}

#[track_caller]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} isn't set: this test needs a RabbitMQ with TLS (`.ci/interop` starts one)")
    })
}

#[track_caller]
fn tls_config(user: Option<&str>) -> ClientConfig {
    let files = PathBuf::from(variable("AMQPS_DIR"));
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(certificates(&files.join("ca.pem")));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows them")
        .with_root_certificates(authorities);
    let Some(user) = user else { return config.with_no_client_auth() };
    let key = PrivateKeyDer::from_pem_file(files.join(format!("{user}.key")))
        .unwrap_or_else(|error| panic!("{user} has no key: {error}"));
    config
        .with_client_auth_cert(certificates(&files.join(format!("{user}.pem"))), key)
        .unwrap_or_else(|error| panic!("{user} can't be shown: {error}"))
}

#[track_caller]
fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    let name = file.display();
    let opened = File::open(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let certificates: Result<_, _> =
        CertificateDer::pem_reader_iter(BufReader::new(opened)).collect();
    certificates.unwrap_or_else(|error| panic!("{name}: {error}"))
}
