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
