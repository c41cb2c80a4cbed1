use super::{Dialect, Method, MethodId, MethodKind, plain_consume};
use crate::wire::{DecodeError, DecodeErrorKind, Reader, TableLimits};

const _: () = assert!(size_of::<Method<'_>>() <= 80, "events carry methods by value");

impl<'a> Method<'a> {
    /// Reads the payload of a method frame: class id, method id and arguments.
    ///
    /// Reserved arguments are skipped by their type (`MTH-06`), unused bits ignored (`MTH-08`). In 0-8 a
    /// basic.consume may lack its table, which is then empty (`DIA-04`).
    ///
    /// # Errors
    ///
    /// When the dialect has no method with these ids (`MTH-02`), when arguments are cut short
    /// (`MTH-04`) or octets are left over (`MTH-05`), and when a table or string is malformed or
    /// passes `limits`.
    #[inline]
    pub fn decode(
        dialect: Dialect,
        payload: &'a [u8],
        limits: &TableLimits,
    ) -> Result<Self, DecodeError> {
        let mut r = Reader::new(payload);
        let class_id = r.u16().ok_or_else(|| r.truncated("class-id", 2))?;
        let method_id = r.u16().ok_or_else(|| r.truncated("method-id", 2))?;
        let Some(kind) = MethodKind::from_id(dialect, MethodId { class_id, method_id }) else {
            let kind = DecodeErrorKind::UnknownMethod { class_id, method_id };
            return Err(DecodeError::new(kind, "method-id", 0));
        };
        // DIA-04
        if dialect == Dialect::V0_8 && kind == MethodKind::BasicConsume {
            if let Some(consume) = plain_consume::read(payload, limits.short_strings) {
                return Ok(Method::BasicConsume(consume));
            }
        }
        Self::read(kind, payload, dialect, limits)
    }
}
