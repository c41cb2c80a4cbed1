//! Where the broker is, and as whom to log in.

use anyhow::{Context, Result, bail};
use percent_encoding::percent_decode_str;
use url::Url;

#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// As it was given, for clients that take it whole.
    pub(crate) url: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) virtual_host: String,
}

impl Address {
    /// Of the form `amqp://user:password@host:port/virtual-host`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text).with_context(|| format!("not a URL: {text}"))?;
        if url.scheme() != "amqp" {
            bail!("its scheme isn't amqp: {text}");
        }
        let host = url.host_str().filter(|host| !host.is_empty()).context("it names no host")?;
        Ok(Self {
            url: text.into(),
            host: host.trim_matches(['[', ']']).into(),
            port: url.port().unwrap_or(5672),
            user: match url.username() {
                "" => "guest".into(),
                user => decode(user)?,
            },
            password: decode(url.password().unwrap_or("guest"))?,
            virtual_host: url.path().strip_prefix('/').map_or(Ok("/".into()), decode)?,
        })
    }
}

fn decode(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.with_context(|| format!("not UTF-8: {text}"))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_decoded() -> Result<()> {
        let address = Address::parse("amqp://a%40b:c%2Fd@[::1]:1234/%2f")?;
        let Address { host, port, user, password, virtual_host, .. } = address;
        assert_eq!((&*host, port, &*virtual_host), ("::1", 1234, "/"));
        assert_eq!((&*user, &*password), ("a@b", "c/d"));
        Ok(())
    }

    #[test]
    fn what_is_left_out_is_as_usual() -> Result<()> {
        let address = Address::parse("amqp://localhost")?;
        let Address { port, user, password, virtual_host, .. } = address;
        assert_eq!((port, &*user, &*password, &*virtual_host), (5672, "guest", "guest", "/"));
        assert!(Address::parse("amqps://localhost").is_err() && Address::parse("x").is_err());
        Ok(())
    }
}
