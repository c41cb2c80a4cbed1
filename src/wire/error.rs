/// Octets that can't be decoded: what is wrong, in which field, and where.
///
/// "More octets are needed" is never an error of this type; see [`Cut`](crate::frame::Cut).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} at offset {offset}: {kind}")]
#[non_exhaustive]
pub struct DecodeError {
    kind: DecodeErrorKind,
    field: &'static str,
    offset: usize,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, field: &'static str, offset: usize) -> Self {
        Self { kind, field, offset }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The field that could not be read, by the name the specification gives it.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Octets from the start of the decoded slice to the fault.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The same error seen from a larger slice that holds the decoded one `base` octets in.
    #[must_use]
    pub const fn at(self, base: usize) -> Self {
        Self { offset: self.offset.saturating_add(base), ..self }
    }

    /// The reply code of the connection exception this error calls for.
    #[must_use]
    pub const fn reply_code(&self) -> u16 {
        self.kind.reply_code()
    }
}

/// The reasons for which octets can't be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A field of known size begins, but the octets end before it does.
    #[error("needs {needed} octets, {available} left")]
    Truncated {
        /// Octets that the field takes.
        needed: usize,
        /// Octets that are left for it.
        available: usize,
    },
    /// Octets are left over behind the last field (`MTH-05`, `CNT-15`).
    #[error("{count} octets left over")]
    TrailingOctets {
        /// How many are left.
        count: usize,
    },
    /// A declared length passes the end of what encloses it (`TBL-02`, `TYP-05`, `TYP-06`).
    #[error("declares a length of {declared} octets, {available} left")]
    LengthOverrun {
        /// The length that was declared.
        declared: u64,
        /// Octets that are left for it.
        available: usize,
    },
    /// Tables and arrays are nested deeper than allowed (`LIM-03`).
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The number of levels allowed inside the outermost one.
        limit: u8,
    },
    /// A table holds more entries than allowed, those of inner tables and arrays included.
    #[error("more than {limit} entries")]
    TooManyEntries {
        /// The number of entries allowed.
        limit: u32,
    },
    /// A frame or a table is larger than allowed (`FRM-06`, `LIM-01`).
    #[error("{size} octets, {limit} allowed")]
    TooLarge {
        /// The size found or declared, in octets.
        size: u64,
        /// The size allowed, in octets.
        limit: u64,
    },
    /// A field value has a type octet that is not known (`TBL-06`).
    #[error("unknown value type {tag:#04x}")]
    UnknownTag {
        /// The type octet.
        tag: u8,
    },
    /// A field name breaks the rule for field names (`TBL-11`).
    #[error("illegal field name")]
    BadFieldName,
    /// A short string is not UTF-8 or holds a NUL (`TYP-02`).
    #[error("not UTF-8 without NUL")]
    BadShortString,
    /// No method has these ids in the dialect spoken (`MTH-02`).
    #[error("unknown method {class_id}.{method_id}")]
    UnknownMethod {
        /// The class id.
        class_id: u16,
        /// The method id.
        method_id: u16,
    },
    /// Property flags name properties that the class does not have (`CNT-14`).
    #[error("illegal property flags {flags:#06x}")]
    BadFlags {
        /// The flag word.
        flags: u16,
    },
    /// A frame has a type that is not known (`FRM-03`).
    #[error("unknown frame type {frame_type}")]
    UnknownFrameType {
        /// The type octet.
        frame_type: u8,
    },
    /// A frame does not end with its end octet (`FRM-02`).
    #[error("{octet:#04x} in place of the end octet 0xce")]
    BadFrameEnd {
        /// The octet found in its place.
        octet: u8,
    },
    /// No class has this id in the dialect spoken.
    #[error("unknown class {class_id}")]
    UnknownClass {
        /// The class id.
        class_id: u16,
    },
}

impl DecodeErrorKind {
    /// The reply code of the connection exception this fault calls for.
    #[must_use]
    pub const fn reply_code(&self) -> u16 {
        match self {
            Self::UnknownMethod { .. } => NOT_IMPLEMENTED,
            Self::BadFieldName | Self::BadShortString => SYNTAX_ERROR,
            _ => FRAME_ERROR,
        }
    }
}

/// A value that can't be put on the wire; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A string, name or table is longer than its length field can say (`TYP-03`).
    #[error("{field}: {len} octets, at most {limit} fit")]
    TooLong {
        /// The field that is too long.
        field: &'static str,
        /// Its length in octets.
        len: usize,
        /// The longest it may be, in octets.
        limit: usize,
    },
    /// The frame would be larger than the size agreed with the peer (`FRM-06`).
    #[error("a frame of {size} octets, {limit} allowed")]
    FrameTooLarge {
        /// The size of the frame in octets.
        size: usize,
        /// The size allowed, in octets.
        limit: usize,
    },
    /// The dialect spoken does not have this method.
    #[error("{method} is not in this dialect")]
    NotInDialect {
        /// The name of the method.
        method: &'static str,
    },
    /// Tables and arrays would be nested deeper than allowed (`LIM-11`).
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The number of levels allowed inside the outermost one.
        limit: u8,
    },
    /// The value's type is decoded but never sent (`TBL-03`).
    #[error("values of type {tag:#04x} are not sent")]
    NotEmittable {
        /// The type octet.
        tag: u8,
    },
}

const FRAME_ERROR: u16 = 501;
const SYNTAX_ERROR: u16 = 502;
const NOT_IMPLEMENTED: u16 = 540;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn messages_name_field_place_and_numbers() {
        let kind = DecodeErrorKind::LengthOverrun { declared: 300, available: 12 };
        assert_eq!(
            DecodeError::new(kind, "queue", 7).at(4).to_string(),
            "queue at offset 11: declares a length of 300 octets, 12 left"
        );
        let error = EncodeError::TooLong { field: "queue", len: 256, limit: 255 };
        assert_eq!(error.to_string(), "queue: 256 octets, at most 255 fit");
    }

    #[test]
    fn reply_codes_follow_the_fault() {
        let unknown = DecodeErrorKind::UnknownMethod { class_id: 1, method_id: 2 };
        assert_eq!(unknown.reply_code(), 540);
        assert_eq!(DecodeErrorKind::BadFieldName.reply_code(), 502);
        assert_eq!(DecodeErrorKind::BadShortString.reply_code(), 502);
        assert_eq!(DecodeErrorKind::UnknownTag { tag: 0 }.reply_code(), 501);
    }
}
