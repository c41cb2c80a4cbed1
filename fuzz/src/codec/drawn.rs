//! Values, methods and frames as `Arbitrary` makes them: well-formed from the first octet on, so that all of
//! the input goes into what is in them.

use amqp_proto::protocol::{ContentHeaderBuf, PropertiesBuf};
use amqp_proto::testing::{FrameBuf, MethodBuf, ValueBuf};
use amqp_proto::wire::{ArrayBuf, TableBuf};
use arbitrary::{Arbitrary, Result, Unstructured};

use super::{frame, method, properties, table};

/// The first octet of an input of the other targets: limits that nothing passes.
const WIDEST: u8 = 3;

/// One value after the other, each through the checks of octets that come as they are.
pub(crate) fn run(input: &[u8]) {
    let u = &mut Unstructured::new(input);
    while !u.is_empty() && one(u).is_ok() {}
}

fn one(u: &mut Unstructured<'_>) -> Result<()> {
    match u.arbitrary::<u8>()? % 6 {
        0 => read_by(table::run, TableBuf::arbitrary(u)?.as_octets()),
        1 => read_by(table::run, ArrayBuf::arbitrary(u)?.as_octets()),
        2 => read_by(table::run, ValueBuf::arbitrary(u)?.as_octets()),
        3 => read_by(method::run, MethodBuf::arbitrary(u)?.as_octets()),
        4 => {
            let mut octets = Vec::new();
            PropertiesBuf::arbitrary(u)?.as_properties().encode(&mut octets);
            read_by(properties::run, &octets);
            octets.clear();
            ContentHeaderBuf::arbitrary(u)?.encode(&mut octets);
            read_by(properties::run, &octets);
        }
        _ => {
            let mut octets = vec![u8::MAX];
            for _ in 0..=u.arbitrary::<u8>()? % 8 {
                let frame = FrameBuf::arbitrary(u)?;
                frame.encode(&mut octets).unwrap();
                if !frame.as_raw().frame_type.is_known() {
                    break;
                }
            }
            read_by(frame::run, &octets);
        }
    }
    Ok(())
}

fn read_by(target: fn(&[u8]), octets: &[u8]) {
    target(&[&[WIDEST], octets].concat());
}
