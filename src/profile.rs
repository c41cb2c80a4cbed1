//! How peers differ, as data.

use crate::wire::{FieldNames, ShortStrings, TableLimits, UnknownTags};

/// Where implementations disagree with the specification or with each other, and what to do then.
///
/// [`Profile::DEFAULT`] takes what real brokers and clients send; [`Profile::STRICT`] holds peers to
/// the letter of the specification.
///
/// ```
/// use amqp_proto::Profile;
///
/// assert!(Profile::DEFAULT.close_after_framing_fault);
/// assert!(!Profile::STRICT.close_after_framing_fault);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The profile's name.
    pub name: &'static str,
    /// Whether a Close with 501 is sent after a fault that ends framing (`FRM-02`, `FRM-12`).
    pub close_after_framing_fault: bool,
    /// Whether a received payload may be as long as frame-max itself, eight octets more than the
    /// specification allows (`FRM-06`).
    pub payload_up_to_frame_max: bool,
    /// Whether a content header's weight may be other than zero (`CNT-08`).
    pub any_weight: bool,
    /// What becomes of a table entry with an unknown tag (`TBL-06`).
    pub unknown_tags: UnknownTags,
    /// Which field names are taken (`TBL-11`).
    pub field_names: FieldNames,
    /// Which short strings are taken in arguments and properties (`TYP-02`).
    pub short_strings: ShortStrings,
    /// Whether a delivery-tag that is zero or was used before is reported and passed over (`BAS-05`).
    pub any_delivery_tag: bool,
    /// Whether what a server still sends on a channel behind its own channel.close is discarded (`CHN-08`).
    /// RabbitMQ goes on with the deliveries that it had queued.
    pub frames_behind_close: bool,
    /// Whether a confirm of an unknown or settled publish is reported and passed over (`CNF-03`).
    pub tolerate_unknown_confirms: bool,
}

impl Profile {
    /// Takes what is seen in practice.
    pub const DEFAULT: Self = Self {
        name: "default",
        close_after_framing_fault: true,
        payload_up_to_frame_max: true,
        any_weight: true,
        unknown_tags: UnknownTags::Keep,
        field_names: FieldNames::Any,
        short_strings: ShortStrings::Any,
        any_delivery_tag: true,
        frames_behind_close: true,
        tolerate_unknown_confirms: true,
    };

    /// Refuses whatever the specification forbids.
    pub const STRICT: Self = Self {
        name: "strict",
        close_after_framing_fault: false,
        payload_up_to_frame_max: false,
        any_weight: false,
        unknown_tags: UnknownTags::Refuse,
        field_names: FieldNames::Checked,
        short_strings: ShortStrings::Checked,
        any_delivery_tag: false,
        frames_behind_close: false,
        tolerate_unknown_confirms: false,
    };

    /// The caller's table limits with this profile's view of tags, names and strings.
    pub(crate) fn table_limits(&self, limits: &TableLimits) -> TableLimits {
        let mut table = *limits;
        if self.unknown_tags == UnknownTags::Refuse {
            table.unknown_tags = UnknownTags::Refuse;
        }
        if self.field_names == FieldNames::Checked {
            table.field_names = FieldNames::Checked;
        }
        if self.short_strings == ShortStrings::Checked {
            table.short_strings = ShortStrings::Checked;
        }
        table
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::DEFAULT
    }
}
