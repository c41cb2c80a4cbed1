//! Whether a value of ours and one of theirs mean the same.

use amq_protocol::types::{AMQPValue, FieldTable, LongString, ShortString};
use amqp_proto::protocol::ReplyCode;
use amqp_proto::wire::{LongStr, ShortStr, Table, Value};

pub(super) trait Same<Theirs> {
    fn same(&self, theirs: &Theirs) -> bool;
}

macro_rules! plain {
    ($($type:ty)*) => {$(
        impl Same<$type> for $type {
            fn same(&self, theirs: &$type) -> bool {
                self == theirs
            }
        }
    )*};
}

plain! { bool u8 u16 u32 u64 }

impl Same<u16> for ReplyCode {
    fn same(&self, theirs: &u16) -> bool {
        u16::from(*self) == *theirs
    }
}

impl Same<ShortString> for ShortStr<'_> {
    fn same(&self, theirs: &ShortString) -> bool {
        self.as_octets() == theirs.as_str().as_bytes()
    }
}

impl Same<LongString> for LongStr<'_> {
    fn same(&self, theirs: &LongString) -> bool {
        self.as_octets() == theirs.as_bytes()
    }
}

impl<Ours: Same<Theirs>, Theirs> Same<Option<Theirs>> for Option<Ours> {
    fn same(&self, theirs: &Option<Theirs>) -> bool {
        match (self, theirs) {
            (Some(ours), Some(theirs)) => ours.same(theirs),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Same<FieldTable> for Table<'_> {
    /// They keep the last of several pairs with one name.
    fn same(&self, theirs: &FieldTable) -> bool {
        let is_last = |place: usize, name: ShortStr<'_>| {
            self.iter().skip(place + 1).all(|(other, _)| other != name)
        };
        let mut last: Vec<_> = self
            .iter()
            .enumerate()
            .filter(|(place, (name, _))| is_last(*place, *name))
            .map(|(_, pair)| pair)
            .collect();
        last.sort_by_key(|(name, _)| *name);
        let theirs = theirs.inner();
        last.len() == theirs.len()
            && last.iter().zip(theirs).all(|((name, value), (their_name, their_value))| {
                name.same(their_name) && value.same(their_value)
            })
    }
}

impl Same<AMQPValue> for Value<'_> {
    fn same(&self, theirs: &AMQPValue) -> bool {
        use AMQPValue as T;
        match (self, theirs) {
            (Value::Bool(ours), T::Boolean(theirs)) => ours == theirs,
            (Value::I8(ours), T::ShortShortInt(theirs)) => ours == theirs,
            (Value::U8(ours), T::ShortShortUInt(theirs)) => ours == theirs,
            (Value::I16(ours), T::ShortInt(theirs)) => ours == theirs,
            (Value::U16(ours), T::ShortUInt(theirs)) => ours == theirs,
            (Value::I32(ours), T::LongInt(theirs)) => ours == theirs,
            (Value::U32(ours), T::LongUInt(theirs)) => ours == theirs,
            (Value::I64(ours), T::LongLongInt(theirs)) => ours == theirs,
            (Value::F32(ours), T::Float(theirs)) => ours.to_bits() == theirs.to_bits(),
            (Value::F64(ours), T::Double(theirs)) => ours.to_bits() == theirs.to_bits(),
            // The same octets: signed here (TBL-08), unsigned there.
            (Value::Decimal(ours), T::DecimalValue(theirs)) => {
                (ours.scale, ours.value.cast_unsigned()) == (theirs.scale, theirs.value)
            }
            (Value::LongStr(ours), T::LongString(theirs)) => ours.same(theirs),
            (Value::Timestamp(ours), T::Timestamp(theirs)) => ours == theirs,
            (Value::Bytes(ours), T::ByteArray(theirs)) => *ours == theirs.as_slice(),
            (Value::Void, T::Void) => true,
            (Value::Table(ours), T::FieldTable(theirs)) => ours.same(theirs),
            (Value::Array(ours), T::FieldArray(theirs)) => {
                let theirs = theirs.as_slice();
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| ours.same(theirs))
            }
            _ => false,
        }
    }
}
