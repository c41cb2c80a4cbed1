#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use amqp_proto::{
    protocol::{Dialect, Method},
    wire::TableLimits,
};

use crate::hex::octets;

/// The payload is read as the method, and the method is written as the payload.
#[track_caller]
pub(crate) fn check<'a>(dialect: Dialect, payload: &str, method: impl Into<Method<'a>>) {
    let method = method.into();
    let expected = octets(payload);
    let read = Method::decode(dialect, &expected, &TableLimits::default());
    assert_eq!(read, Ok(method), "{payload}");
    let mut written = Vec::new();
    method.encode(dialect, &mut written).unwrap();
    assert_eq!(written, expected, "{method}");
}
