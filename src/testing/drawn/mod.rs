//! Values, methods and frames that own their octets, and how they are made of what is drawn at random: by
//! [`strategies`](super::strategies) for proptest, by `arbitrary::Arbitrary` for fuzzers.

#[cfg(feature = "arbitrary")]
mod arbitrary;
pub(super) mod fields;
mod frame_buf;
mod method_buf;
pub(super) mod tree;
mod value_buf;

pub use frame_buf::FrameBuf;
pub use method_buf::MethodBuf;
pub use value_buf::ValueBuf;
