/// What decoding a table may cost, and how strictly it is judged.
///
/// Every limit is applied before anything is kept (`LIM-03`, `LIM-10`). The defaults accept what
/// brokers and clients send in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableLimits {
    /// Levels of tables and arrays inside the outermost one; 0 allows flat tables only.
    ///
    /// Default 32: deeper than any header seen in practice, shallow enough for every peer.
    pub max_depth: u8,
    /// Entries of one table or array, those of the inner ones included.
    ///
    /// Default 65,536: checking is linear, so this only bounds the work for one table.
    pub max_entries: u32,
    /// Octets of one table or array, its own length field not counted.
    ///
    /// Default 1,048,576: the frame size bounds tables more tightly on usual connections.
    pub max_octets: u32,
    /// What happens on a type octet that is not known. Default [`UnknownTags::Keep`].
    pub unknown_tags: UnknownTags,
    /// Which field names are accepted. Default [`FieldNames::Any`].
    pub field_names: FieldNames,
    /// Which short strings are accepted in arguments and properties. Default [`ShortStrings::Any`].
    pub short_strings: ShortStrings,
}

impl TableLimits {
    /// The default limits, as a constant.
    pub const DEFAULT: Self = Self {
        max_depth: 32,
        max_entries: 65_536,
        max_octets: 1_048_576,
        unknown_tags: UnknownTags::Keep,
        field_names: FieldNames::Any,
        short_strings: ShortStrings::Any,
    };

    /// Sets how many levels may be nested inside the outermost table or array.
    #[must_use]
    pub const fn with_max_depth(self, max_depth: u8) -> Self {
        Self { max_depth, ..self }
    }

    /// Sets how many entries one table may hold, those of inner tables and arrays included.
    #[must_use]
    pub const fn with_max_entries(self, max_entries: u32) -> Self {
        Self { max_entries, ..self }
    }

    /// Sets how many octets one table may hold.
    #[must_use]
    pub const fn with_max_octets(self, max_octets: u32) -> Self {
        Self { max_octets, ..self }
    }

    /// Sets what happens on a type octet that is not known.
    #[must_use]
    pub const fn with_unknown_tags(self, unknown_tags: UnknownTags) -> Self {
        Self { unknown_tags, ..self }
    }

    /// Sets which field names are accepted.
    #[must_use]
    pub const fn with_field_names(self, field_names: FieldNames) -> Self {
        Self { field_names, ..self }
    }

    /// Sets which short strings are accepted in arguments and properties.
    #[must_use]
    pub const fn with_short_strings(self, short_strings: ShortStrings) -> Self {
        Self { short_strings, ..self }
    }
}

impl Default for TableLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What happens when a field value has a type octet that is not known (`TBL-06`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum UnknownTags {
    /// The rest of the innermost table or array becomes one [`Value::Unknown`](super::Value).
    #[default]
    Keep,
    /// Decoding fails with reply code 501.
    Refuse,
}

/// Which field names are accepted (`TBL-11`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FieldNames {
    /// Any octets, up to the 255 that a short string holds.
    #[default]
    Any,
    /// The specification's rule: a letter, `$` or `#`, then also digits and `_`; at most 128.
    ///
    /// Other names fail with reply code 502. Usual headers such as `x-death` break this rule.
    Checked,
}

/// Which short strings are accepted outside of tables (`TYP-02`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ShortStrings {
    /// Any octets.
    #[default]
    Any,
    /// The specification's rule: UTF-8 without a NUL. Others fail with reply code 502.
    Checked,
}
