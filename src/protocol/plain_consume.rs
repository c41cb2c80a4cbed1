//! basic.consume as the specification of 0-8 has it: without its table (`DIA-04`).

use super::traits::Sealed;
use super::{AsMethod, Dialect, Method, MethodKind, basic};
use crate::wire::{EncodeError, Reader, ShortStrings, Table, Writer};

/// Octets of a table that is empty.
const EMPTY_TABLE_LEN: usize = 4;

/// A consume without arguments, for a server of 0-8 that knows no table there: RabbitMQ ends the
/// connection by it.
#[derive(Debug)]
pub(crate) struct PlainConsume<'a>(basic::Consume<'a>);

impl<'a> PlainConsume<'a> {
    /// `None`: there are arguments, which have no other place than the table.
    pub(crate) fn new(consume: &basic::Consume<'a>) -> Option<Self> {
        consume.arguments.is_empty().then_some(Self(*consume))
    }
}

impl Sealed for PlainConsume<'_> {
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        Ok(self.0.arguments_len(dialect)?.saturating_sub(EMPTY_TABLE_LEN))
    }

    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        let basic::Consume { ticket, queue, consumer_tag, .. } = self.0;
        w.u16(ticket);
        w.short_str(queue);
        w.short_str(consumer_tag);
        w.u8(u8::from(self.0.no_local)
            | (u8::from(self.0.no_ack) << 1)
            | (u8::from(self.0.exclusive) << 2)
            | (u8::from(self.0.no_wait) << 3));
    }
}

impl AsMethod for PlainConsume<'_> {
    const KIND: MethodKind = MethodKind::BasicConsume;

    fn as_method(&self) -> Method<'_> {
        Method::BasicConsume(self.0)
    }
}

/// Reads the payload of a consume of 0-8 that ends where its table would begin, as clients send it that
/// know nothing of Qpid; `None` if it doesn't end there.
#[cold]
#[inline(never)]
pub(super) fn read(payload: &[u8], short_strings: ShortStrings) -> Option<basic::Consume<'_>> {
    let mut r = Reader::behind_ids(payload).judging(short_strings);
    let ticket = r.u16()?;
    let queue = r.short_str()?;
    let consumer_tag = r.short_str()?;
    let bits = r.u8()?;
    r.finish()?;
    Some(basic::Consume {
        ticket,
        queue,
        consumer_tag,
        no_local: bits & 0x01 != 0,
        no_ack: bits & 0x02 != 0,
        exclusive: bits & 0x04 != 0,
        no_wait: bits & 0x08 != 0,
        arguments: Table::EMPTY,
    })
}
