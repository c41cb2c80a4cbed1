//! Class `tx`, 90. Transactions over publishes and acknowledgements of one channel.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind,
        traits::{self, AsMethod, Sealed},
    },
    wire::{EncodeError, Reader, Writer},
};

/// Makes the channel transactional.
///
/// `tx.select`, 90.10, from the client; answered by [`SelectOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Select;

impl Select {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Select {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Select {
    const KIND: MethodKind = MethodKind::TxSelect;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxSelect(*self)
    }
}

impl traits::Request for Select {}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// The channel is transactional.
///
/// `tx.select-ok`, 90.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectOk;

impl SelectOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for SelectOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for SelectOk {
    const KIND: MethodKind = MethodKind::TxSelectOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxSelectOk(*self)
    }
}

impl traits::Reply for SelectOk {}

impl fmt::Display for SelectOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Puts into force all that was done since the last commit or rollback.
///
/// `tx.commit`, 90.20, from the client; answered by [`CommitOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commit;

impl Commit {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Commit {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Commit {
    const KIND: MethodKind = MethodKind::TxCommit;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxCommit(*self)
    }
}

impl traits::Request for Commit {}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// It is in force.
///
/// `tx.commit-ok`, 90.21, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitOk;

impl CommitOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for CommitOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for CommitOk {
    const KIND: MethodKind = MethodKind::TxCommitOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxCommitOk(*self)
    }
}

impl traits::Reply for CommitOk {}

impl fmt::Display for CommitOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Takes back all that was done since the last commit or rollback.
///
/// `tx.rollback`, 90.30, from the client; answered by [`RollbackOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rollback;

impl Rollback {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Rollback {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Rollback {
    const KIND: MethodKind = MethodKind::TxRollback;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxRollback(*self)
    }
}

impl traits::Request for Rollback {}

impl fmt::Display for Rollback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// It is taken back.
///
/// `tx.rollback-ok`, 90.31, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollbackOk;

impl RollbackOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for RollbackOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for RollbackOk {
    const KIND: MethodKind = MethodKind::TxRollbackOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::TxRollbackOk(*self)
    }
}

impl traits::Reply for RollbackOk {}

impl fmt::Display for RollbackOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}
