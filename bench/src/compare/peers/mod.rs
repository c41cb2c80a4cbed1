//! The contestants: each module decodes and encodes in the way of one library, and knows nothing of time.

pub(crate) mod amq_protocol;
pub(crate) mod limits;
pub(crate) mod own;
pub(crate) mod rabbitmq;
pub(crate) mod serde;

/// What decoding a stream came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Frames.
    pub(crate) frames: usize,
    /// Octets of bodies.
    pub(crate) body_octets: usize,
}

/// Names of contestants, by which ratios are looked up.
pub(crate) mod name {
    pub(crate) const MEMCPY: &str = "memcpy";
    pub(crate) const SCAN: &str = "bare frame scan";
    pub(crate) const ENGINE: &str = "amqp-proto: engine";
    pub(crate) const ENGINE_ACKING: &str = "amqp-proto: engine, each delivery acked";
    pub(crate) const FRAMES: &str = "amqp-proto: typed frames";
    pub(crate) const AMQ_PROTOCOL: &str = "amq-protocol";
    pub(crate) const SERDE: &str = "amqp_serde, as in amqprs";
    pub(crate) const RABBITMQ_C: &str = "rabbitmq-c";
}
