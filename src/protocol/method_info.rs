use core::fmt;

use super::{MethodKind, generated::INFO};

/// The numbers of a method: its class's and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "MTH-01 fixes the two numbers")]
pub struct MethodId {
    /// The class's number.
    pub class_id: u16,
    /// The method's number within the class.
    pub method_id: u16,
}

impl MethodId {
    /// The four octets that every method frame's payload begins with.
    #[inline]
    pub(crate) const fn parse([c0, c1, m0, m1]: [u8; 4]) -> Self {
        let (class_id, method_id) = (u16::from_be_bytes([c0, c1]), u16::from_be_bytes([m0, m1]));
        Self { class_id, method_id }
    }
}

/// The two numbers, such as `50.10`.
impl fmt::Display for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.class_id, self.method_id)
    }
}

/// What the protocol says of a method, whatever the state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodInfo {
    /// Which method this is about.
    pub kind: MethodKind,
    /// Its name, such as `queue.declare`.
    pub name: &'static str,
    /// The sides that may send it (`MTH-03`).
    pub senders: Senders,
    /// Whether it is a request that waits for its reply, or the reply to one.
    pub synchronous: bool,
    /// The methods that answer it (`SYN-01`).
    pub replies: &'static [MethodKind],
    /// Whether it answers a method that waits for its reply.
    pub is_reply: bool,
    /// Whether a content header and a body follow it (`CNT-01`).
    pub content: bool,
    /// Whether its place is channel 0; otherwise it is any other channel.
    pub on_channel_zero: bool,
}

/// The sides that may send a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Senders {
    client: bool,
    server: bool,
}

impl Senders {
    /// The client alone.
    pub const CLIENT: Self = Self { client: true, server: false };
    /// The server alone.
    pub const SERVER: Self = Self { client: false, server: true };
    /// Client and server.
    pub const BOTH: Self = Self { client: true, server: true };

    /// Whether a client may send it.
    #[must_use]
    #[inline]
    pub const fn client(self) -> bool {
        self.client
    }

    /// Whether a server may send it.
    #[must_use]
    #[inline]
    pub const fn server(self) -> bool {
        self.server
    }
}

impl MethodKind {
    /// What the protocol says of the method.
    #[must_use]
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "one entry per kind, asserted below")]
    pub const fn info(self) -> &'static MethodInfo {
        &INFO[self as usize]
    }
}

const _: () = {
    assert!(INFO.len() == MethodKind::ALL.len(), "one entry per kind");
    let mut rest = INFO.as_slice();
    let mut place = 0;
    while let [first, others @ ..] = rest {
        assert!(first.kind as usize == place, "the entries are in the order of the kinds");
        rest = others;
        place += 1;
    }
};

/// The specification's name.
impl fmt::Display for MethodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Dialect;

    #[test]
    fn every_kind_finds_its_own_entry() {
        assert_eq!(INFO.len(), MethodKind::ALL.len());
        for kind in MethodKind::ALL {
            assert_eq!(kind.info().kind, *kind);
            assert_eq!(kind.info().name, kind.name());
        }
    }

    #[test]
    fn numbers_lead_back_to_their_kind() {
        for dialect in Dialect::ALL {
            for kind in MethodKind::ALL {
                if let Some(id) = kind.id(*dialect) {
                    assert_eq!(MethodKind::from_id(*dialect, id), Some(*kind), "{dialect} {id}");
                }
            }
        }
    }

    #[test]
    fn only_known_numbers_have_a_kind() {
        for dialect in Dialect::ALL {
            let known = (0..=200_u16)
                .flat_map(|class_id| (0..=200_u16).map(move |method_id| (class_id, method_id)))
                .filter_map(|(class_id, method_id)| {
                    MethodKind::from_id(*dialect, MethodId { class_id, method_id })
                })
                .count();
            let expected = MethodKind::ALL.iter().filter(|k| k.id(*dialect).is_some()).count();
            assert_eq!(known, expected, "{dialect}");
        }
    }

    #[test]
    fn replies_come_from_the_other_side() {
        for kind in MethodKind::ALL {
            let info = kind.info();
            for reply in info.replies {
                let reply = reply.info();
                assert_eq!(reply.is_reply, info.synchronous, "{}", reply.name);
                assert!(!info.senders.client() || reply.senders.server(), "{kind}");
                assert!(!info.senders.server() || reply.senders.client(), "{kind}");
                assert_eq!(reply.on_channel_zero, info.on_channel_zero, "{kind}");
            }
        }
    }
}
