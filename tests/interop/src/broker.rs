//! Where the broker is, and its command line.

use std::env;
use std::process::Command;

use amqp_proto::{ClientConfig, Mechanism};

/// The broker that `AMQP_URL` names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Broker {
    /// Host and port.
    pub address: String,
    /// The user to log in as.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The virtual host.
    pub virtual_host: String,
}

impl Broker {
    /// Reads `AMQP_URL`, for example `amqp://guest:guest@127.0.0.1:5672/%2f`.
    ///
    /// # Panics
    ///
    /// Fails the test where it is missing or not understood.
    #[track_caller]
    pub fn from_env() -> Self {
        let url = env::var("AMQP_URL").unwrap_or_else(|_| {
            panic!("AMQP_URL isn't set: these tests need a RabbitMQ (`.ci/interop` starts one)")
        });
        Self::parse(&url).unwrap_or_else(|| {
            panic!("AMQP_URL isn't like amqp://user:password@host:port/virtual-host: {url}")
        })
    }

    fn parse(url: &str) -> Option<Self> {
        let (login, place) = url.strip_prefix("amqp://")?.split_once('@')?;
        let (user, password) = login.split_once(':')?;
        let (address, virtual_host) = place.split_once('/')?;
        Some(Self {
            address: address.into(),
            user: user.into(),
            password: password.into(),
            virtual_host: virtual_host.replace("%2f", "/").replace("%2F", "/"),
        })
    }

    /// Logs in with PLAIN; everything else is as the library has it.
    pub fn config(&self) -> ClientConfig {
        self.config_with(vec![Mechanism::plain(&self.user, &self.password)])
    }

    /// Logs in with the first of these that the broker offers.
    pub fn config_with(&self, mechanisms: Vec<Mechanism>) -> ClientConfig {
        let mut config = ClientConfig::with_mechanisms(mechanisms);
        config.virtual_host.clone_from(&self.virtual_host);
        config
    }
}

/// Runs the broker's `rabbitmqctl`, whose command line is in `AMQP_CTL`, and returns what it prints.
///
/// # Panics
///
/// Fails the test where the variable is missing or the command fails.
#[track_caller]
pub fn ctl(arguments: &[&str]) -> String {
    let prefix = env::var("AMQP_CTL").unwrap_or_else(|_| {
        panic!("AMQP_CTL isn't set: this test needs the command line of the broker's rabbitmqctl")
    });
    let mut words = prefix.split_whitespace();
    let program = words.next().expect("AMQP_CTL is empty");
    let done = Command::new(program)
        .args(words)
        .args(["-q", "--timeout", "30"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{prefix} can't be run: {error}"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{prefix} {arguments:?} failed: {errors}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}
