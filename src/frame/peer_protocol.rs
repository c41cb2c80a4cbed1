use core::fmt;

use super::{FrameType, ProtocolHeader};

/// What a peer seems to speak, told from the first octets it sent.
///
/// Good for an error message that names the mistake: a TLS port, an HTTP proxy, another AMQP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerProtocol {
    /// An AMQP protocol header, of whatever version (`HDR-03`, `HDR-05`).
    Amqp(ProtocolHeader),
    /// Frames of AMQP 0-9-1 or its forerunners.
    Frames,
    /// HTTP, as a request or a response.
    Http,
    /// TLS, as a hello or an alert.
    Tls,
    /// STOMP, as a client or a server.
    Stomp,
    /// MQTT, as a client or a server.
    Mqtt,
    /// SSH.
    Ssh,
    /// None of these.
    Unknown([u8; 8]),
}

impl PeerProtocol {
    /// Judges the first octets of a stream; `None` when more are needed, at most eight (`HDR-04`).
    #[must_use]
    pub fn recognise(first: &[u8]) -> Option<Self> {
        // No other protocol below begins with one of these octets.
        if FrameType(*first.first()?).is_known() {
            return Some(Self::Frames);
        }
        if let Some(protocol) = by_prefix(first) {
            return Some(protocol);
        }
        let octets = first.first_chunk::<8>()?;
        Some(ProtocolHeader::parse(octets).map_or(Self::Unknown(*octets), Self::Amqp))
    }
}

/// A short name, with the version of AMQP and the octets of what is unknown.
impl fmt::Display for PeerProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Amqp(header) => return header.fmt(f),
            Self::Frames => "AMQP frames",
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Stomp => "STOMP",
            Self::Mqtt => "MQTT",
            Self::Ssh => "SSH",
            Self::Unknown(octets) => return write!(f, "unknown ({})", octets.escape_ascii()),
        })
    }
}

fn by_prefix(first: &[u8]) -> Option<PeerProtocol> {
    let found = PREFIXES.iter().find(|(prefix, _)| first.starts_with(prefix));
    if let Some((_, protocol)) = found {
        return Some(*protocol);
    }
    match first {
        // CONNECT: the length takes one octet or more, the protocol's name follows.
        [0x10, _, 0, 4 | 6, b'M', b'Q', ..] | [0x10, _, _, 0, 4 | 6, b'M', b'Q', ..] => {
            Some(PeerProtocol::Mqtt)
        }
        _ => None,
    }
}

const PREFIXES: [(&[u8], PeerProtocol); 22] = [
    (b"\x16\x03", PeerProtocol::Tls),
    (b"\x15\x03", PeerProtocol::Tls),
    (b"HTTP/", PeerProtocol::Http),
    (b"GET ", PeerProtocol::Http),
    (b"PUT ", PeerProtocol::Http),
    (b"POST ", PeerProtocol::Http),
    (b"HEAD ", PeerProtocol::Http),
    (b"PATCH ", PeerProtocol::Http),
    (b"TRACE ", PeerProtocol::Http),
    (b"DELETE ", PeerProtocol::Http),
    (b"OPTIONS ", PeerProtocol::Http),
    (b"CONNECT ", PeerProtocol::Http),
    (b"PRI * ", PeerProtocol::Http),
    (b"CONNECT\n", PeerProtocol::Stomp),
    (b"CONNECT\r", PeerProtocol::Stomp),
    (b"CONNECTE", PeerProtocol::Stomp),
    (b"STOMP\n", PeerProtocol::Stomp),
    (b"STOMP\r", PeerProtocol::Stomp),
    (b"ERROR\n", PeerProtocol::Stomp),
    (b"SSH-", PeerProtocol::Ssh),
    // CONNACK of MQTT 3 with its two octets.
    (b"\x20\x02\x00", PeerProtocol::Mqtt),
    (b"\x20\x02\x01", PeerProtocol::Mqtt),
];

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn first_octets_tell_the_protocol() {
        let cases: [(&[u8], PeerProtocol); 19] = [
            (b"AMQP\x00\x00\x09\x01", PeerProtocol::Amqp(ProtocolHeader::AMQP_0_9_1)),
            (b"AMQP\x03\x01\x00\x00", PeerProtocol::Amqp(ProtocolHeader::AMQP_1_0_SASL)),
            (b"\x01\x00\x00\x00\x00\x01\xFF\x00", PeerProtocol::Frames),
            (b"HTTP/1.1 400 Bad", PeerProtocol::Http),
            (b"GET / HTTP/1.1", PeerProtocol::Http),
            (b"CONNECT example.org:80", PeerProtocol::Http),
            (b"PRI * HTTP/2.0", PeerProtocol::Http),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01", PeerProtocol::Tls),
            (b"\x15\x03\x03\x00\x02\x02\x46", PeerProtocol::Tls),
            (b"CONNECT\naccept-version", PeerProtocol::Stomp),
            (b"CONNECTED\n", PeerProtocol::Stomp),
            (b"STOMP\naccept-version", PeerProtocol::Stomp),
            (b"ERROR\nmessage", PeerProtocol::Stomp),
            (b"\x10\x0C\x00\x04MQTT", PeerProtocol::Mqtt),
            (b"\x10\x80\x01\x00\x04MQTT", PeerProtocol::Mqtt),
            (b"\x10\x0E\x00\x06MQIsdp", PeerProtocol::Mqtt),
            (b"\x20\x02\x00\x01", PeerProtocol::Mqtt),
            (b"SSH-2.0-OpenSSH", PeerProtocol::Ssh),
            (b"XXXXXXXXX", PeerProtocol::Unknown(*b"XXXXXXXX")),
        ];
        for (octets, expected) in cases {
            assert_eq!(PeerProtocol::recognise(octets), Some(expected), "{octets:?}");
            // More octets never change the answer.
            for end in 0..octets.len() {
                let early = PeerProtocol::recognise(&octets[..end]);
                assert!(early.is_none_or(|early| early == expected), "{octets:?} up to {end}");
            }
        }
        assert_eq!(PeerProtocol::recognise(b"AMQP\x00\x00\x09"), None);
        assert_eq!(PeerProtocol::recognise(b""), None);
    }

    #[test]
    fn names_fit_into_a_message() {
        let amqp = PeerProtocol::Amqp(ProtocolHeader::AMQP_1_0);
        assert_eq!(amqp.to_string(), "AMQP 1.0");
        assert_eq!(PeerProtocol::Unknown(*b"EHLO \0\r\n").to_string(), r"unknown (EHLO \x00\r\n)");
    }
}
