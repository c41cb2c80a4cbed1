//! Where to connect to, and as whom: `amqp://user:password@host:port/virtual-host`.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::failure::Failure;

pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) virtual_host: String,
}

impl Address {
    /// The URI scheme that RabbitMQ describes. By it an absent path means the virtual host `/`, and a
    /// path of `/` alone the one whose name is empty.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let url = Url::parse(text)?;
        match url.scheme() {
            "amqp" => {}
            "amqps" => return wrong("amqps needs TLS, which the tour leaves out; take amqp"),
            other => return wrong(&format!("its scheme is {other}, not amqp")),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("the tour knows no options behind ? or #");
        }
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return wrong("it names no host");
        };
        let virtual_host = match url.path().strip_prefix('/') {
            None => "/".into(),
            Some(path) if path.contains('/') => {
                return wrong("a / in the name of the virtual host is written %2f");
            }
            Some(path) => decode(path, "virtual host")?,
        };
        let user = match url.username() {
            "" => "guest".into(),
            user => decode(user, "user")?,
        };
        let password = decode(url.password().unwrap_or("guest"), "password")?;
        // Url keeps the brackets of an IPv6 address, std::net doesn't want them.
        let host = decode(host.trim_matches(['[', ']']), "host")?;
        Ok(Self { host, port: url.port().unwrap_or(5672), user, password, virtual_host })
    }
}

fn decode(text: &str, what: &str) -> Result<String, Failure> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => wrong(&format!("its {what} is not UTF-8")),
    }
}

fn wrong<T>(text: &str) -> Result<T, Failure> {
    Err(Failure::Url(text.into()))
}
