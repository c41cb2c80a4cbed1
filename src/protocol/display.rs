//! The one-line text of methods.

use core::fmt;

use crate::wire::{LongStr, ShortStr, Table};

/// Writes a name and then the arguments that are not zero, empty or cleared.
pub(super) struct Line<'f, 'b> {
    f: &'f mut fmt::Formatter<'b>,
    result: fmt::Result,
}

impl<'f, 'b> Line<'f, 'b> {
    pub(super) fn begin(f: &'f mut fmt::Formatter<'b>, name: &str) -> Self {
        let result = f.write_str(name);
        Self { f, result }
    }

    pub(super) fn end(self) -> fmt::Result {
        self.result
    }

    pub(super) fn flag(self, name: &str, value: bool) -> Self {
        self.part(value, format_args!("{name}"))
    }

    pub(super) fn number(self, name: &str, value: u64) -> Self {
        self.part(value != 0, format_args!("{name}={value}"))
    }

    /// A number whose zero means something.
    pub(super) fn exact(self, name: &str, value: u64) -> Self {
        self.part(true, format_args!("{name}={value}"))
    }

    /// A bit whose being cleared means something.
    pub(super) fn state(self, name: &str, value: bool) -> Self {
        self.part(true, format_args!("{name}={value}"))
    }

    pub(super) fn short_str(self, name: &str, value: ShortStr<'_>) -> Self {
        self.part(!value.is_empty(), format_args!("{name}={value:?}"))
    }

    pub(super) fn long_str(self, name: &str, value: LongStr<'_>) -> Self {
        self.part(!value.is_empty(), format_args!("{name}={value:?}"))
    }

    pub(super) fn table(self, name: &str, value: Table<'_>) -> Self {
        self.part(!value.is_empty(), format_args!("{name}={value}"))
    }

    pub(super) fn secret(self, name: &str, value: LongStr<'_>) -> Self {
        self.part(!value.is_empty(), format_args!("{name}={Secret:?}"))
    }

    fn part(mut self, is_shown: bool, text: fmt::Arguments<'_>) -> Self {
        if is_shown {
            self.result = self.result.and_then(|()| write!(self.f, " {text}"));
        }
        self
    }
}

/// Stands for what must not be shown.
pub(super) struct Secret;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
