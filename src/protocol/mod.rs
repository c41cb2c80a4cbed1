//! Methods, properties and reply codes, each in the dialect that the peer speaks.
//!
//! A method is a struct with public fields, such as [`queue::Declare`]; [`Method`] is an enum over
//! all of them, [`MethodKind`] the list of their names, [`MethodInfo`] what the protocol says of
//! each. [`Dialect`] chooses numbers and layouts; meanings have one name in all dialects.
//!
//! ```
//! use amqp_proto::protocol::{AsMethod, Dialect, Method, queue};
//! use amqp_proto::wire::TableLimits;
//!
//! let declare = queue::Declare { queue: "q".into(), durable: true, ..Default::default() };
//! let mut payload = Vec::new();
//! declare.encode(Dialect::V0_9_1, &mut payload)?;
//! assert_eq!(payload, b"\0\x32\0\x0a\0\0\x01q\x02\0\0\0\0");
//!
//! let method = Method::decode(Dialect::V0_9_1, &payload, &TableLimits::default())?;
//! assert_eq!(method, Method::QueueDeclare(declare));
//! assert_eq!(method.to_string(), r#"queue.declare queue="q" durable"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod argument;
mod content_header;
mod dialect;
mod display;
mod frame;
mod generated;
mod method;
mod method_info;
mod plain_consume;
mod properties;
mod properties_buf;
mod reply_code;
mod traits;

#[cfg(any(feature = "arbitrary", feature = "proptest"))]
pub(crate) use argument::{Argument, WireType};
pub use content_header::{ContentHeader, ContentHeaderBuf};
pub use dialect::Dialect;
pub use frame::Frame;
pub use generated::{
    Method, MethodKind, Property, access, basic, channel, confirm, connection, exchange, queue, tx,
};
pub use method_info::{MethodId, MethodInfo, Senders};
pub(crate) use plain_consume::PlainConsume;
pub use properties::{Properties, PropertyIter};
pub use properties_buf::PropertiesBuf;
pub use reply_code::ReplyCode;
pub use traits::{AsMethod, Notice, Reply, Request};
pub(crate) use traits::{id_octets, measure};
