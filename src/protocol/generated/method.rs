//! A method of any kind.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use alloc::vec::Vec;
use core::fmt;

use super::{MethodKind, access, basic, channel, confirm, connection, exchange, queue, tx};
use crate::{
    protocol::{AsMethod as _, Dialect},
    wire::{DecodeError, EncodeError, TableLimits},
};

/// A method of any kind, with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method<'a> {
    /// `connection.start`
    ConnectionStart(connection::Start<'a>),
    /// `connection.start-ok`
    ConnectionStartOk(connection::StartOk<'a>),
    /// `connection.secure`
    ConnectionSecure(connection::Secure<'a>),
    /// `connection.secure-ok`
    ConnectionSecureOk(connection::SecureOk<'a>),
    /// `connection.tune`
    ConnectionTune(connection::Tune),
    /// `connection.tune-ok`
    ConnectionTuneOk(connection::TuneOk),
    /// `connection.open`
    ConnectionOpen(connection::Open<'a>),
    /// `connection.open-ok`
    ConnectionOpenOk(connection::OpenOk<'a>),
    /// `connection.redirect`
    ConnectionRedirect(connection::Redirect<'a>),
    /// `connection.close`
    ConnectionClose(connection::Close<'a>),
    /// `connection.close-ok`
    ConnectionCloseOk(connection::CloseOk),
    /// `connection.blocked`
    ConnectionBlocked(connection::Blocked<'a>),
    /// `connection.unblocked`
    ConnectionUnblocked(connection::Unblocked),
    /// `connection.update-secret`
    ConnectionUpdateSecret(connection::UpdateSecret<'a>),
    /// `connection.update-secret-ok`
    ConnectionUpdateSecretOk(connection::UpdateSecretOk),
    /// `channel.open`
    ChannelOpen(channel::Open<'a>),
    /// `channel.open-ok`
    ChannelOpenOk(channel::OpenOk<'a>),
    /// `channel.flow`
    ChannelFlow(channel::Flow),
    /// `channel.flow-ok`
    ChannelFlowOk(channel::FlowOk),
    /// `channel.alert`
    ChannelAlert(channel::Alert<'a>),
    /// `channel.close`
    ChannelClose(channel::Close<'a>),
    /// `channel.close-ok`
    ChannelCloseOk(channel::CloseOk),
    /// `channel.resume`
    ChannelResume(channel::Resume<'a>),
    /// `channel.ping`
    ChannelPing(channel::Ping),
    /// `channel.pong`
    ChannelPong(channel::Pong),
    /// `channel.ok`
    ChannelOk(channel::Ok),
    /// `access.request`
    AccessRequest(access::Request<'a>),
    /// `access.request-ok`
    AccessRequestOk(access::RequestOk),
    /// `exchange.declare`
    ExchangeDeclare(exchange::Declare<'a>),
    /// `exchange.declare-ok`
    ExchangeDeclareOk(exchange::DeclareOk),
    /// `exchange.delete`
    ExchangeDelete(exchange::Delete<'a>),
    /// `exchange.delete-ok`
    ExchangeDeleteOk(exchange::DeleteOk),
    /// `exchange.bound`
    ExchangeBound(exchange::Bound<'a>),
    /// `exchange.bound-ok`
    ExchangeBoundOk(exchange::BoundOk<'a>),
    /// `exchange.bind`
    ExchangeBind(exchange::Bind<'a>),
    /// `exchange.bind-ok`
    ExchangeBindOk(exchange::BindOk),
    /// `exchange.unbind`
    ExchangeUnbind(exchange::Unbind<'a>),
    /// `exchange.unbind-ok`
    ExchangeUnbindOk(exchange::UnbindOk),
    /// `queue.declare`
    QueueDeclare(queue::Declare<'a>),
    /// `queue.declare-ok`
    QueueDeclareOk(queue::DeclareOk<'a>),
    /// `queue.bind`
    QueueBind(queue::Bind<'a>),
    /// `queue.bind-ok`
    QueueBindOk(queue::BindOk),
    /// `queue.unbind`
    QueueUnbind(queue::Unbind<'a>),
    /// `queue.unbind-ok`
    QueueUnbindOk(queue::UnbindOk),
    /// `queue.purge`
    QueuePurge(queue::Purge<'a>),
    /// `queue.purge-ok`
    QueuePurgeOk(queue::PurgeOk),
    /// `queue.delete`
    QueueDelete(queue::Delete<'a>),
    /// `queue.delete-ok`
    QueueDeleteOk(queue::DeleteOk),
    /// `basic.qos`
    BasicQos(basic::Qos),
    /// `basic.qos-ok`
    BasicQosOk(basic::QosOk),
    /// `basic.consume`
    BasicConsume(basic::Consume<'a>),
    /// `basic.consume-ok`
    BasicConsumeOk(basic::ConsumeOk<'a>),
    /// `basic.cancel`
    BasicCancel(basic::Cancel<'a>),
    /// `basic.cancel-ok`
    BasicCancelOk(basic::CancelOk<'a>),
    /// `basic.publish`
    BasicPublish(basic::Publish<'a>),
    /// `basic.return`
    BasicReturn(basic::Return<'a>),
    /// `basic.deliver`
    BasicDeliver(basic::Deliver<'a>),
    /// `basic.get`
    BasicGet(basic::Get<'a>),
    /// `basic.get-ok`
    BasicGetOk(basic::GetOk<'a>),
    /// `basic.get-empty`
    BasicGetEmpty(basic::GetEmpty<'a>),
    /// `basic.ack`
    BasicAck(basic::Ack),
    /// `basic.reject`
    BasicReject(basic::Reject),
    /// `basic.recover-async`
    BasicRecoverAsync(basic::RecoverAsync),
    /// `basic.recover`
    BasicRecover(basic::Recover),
    /// `basic.recover-ok`
    BasicRecoverOk(basic::RecoverOk),
    /// `basic.nack`
    BasicNack(basic::Nack),
    /// `confirm.select`
    ConfirmSelect(confirm::Select),
    /// `confirm.select-ok`
    ConfirmSelectOk(confirm::SelectOk),
    /// `tx.select`
    TxSelect(tx::Select),
    /// `tx.select-ok`
    TxSelectOk(tx::SelectOk),
    /// `tx.commit`
    TxCommit(tx::Commit),
    /// `tx.commit-ok`
    TxCommitOk(tx::CommitOk),
    /// `tx.rollback`
    TxRollback(tx::Rollback),
    /// `tx.rollback-ok`
    TxRollbackOk(tx::RollbackOk),
}

impl<'a> Method<'a> {
    /// Reads the payload of a method whose kind is known; nothing may be left.
    #[inline]
    pub(in crate::protocol) fn read(
        kind: MethodKind,
        payload: &'a [u8],
        dialect: Dialect,
        limits: &TableLimits,
    ) -> Result<Self, DecodeError> {
        // Each arm returns what it has read: the value is made where it is to be.
        match kind {
            MethodKind::ConnectionStart => {
                if let Some(method) = connection::Start::read(payload, limits) {
                    return Ok(Self::ConnectionStart(method));
                }
            }
            MethodKind::ConnectionStartOk => {
                if let Some(method) = connection::StartOk::read(payload, limits) {
                    return Ok(Self::ConnectionStartOk(method));
                }
            }
            MethodKind::ConnectionSecure => {
                if let Some(method) = connection::Secure::read(payload) {
                    return Ok(Self::ConnectionSecure(method));
                }
            }
            MethodKind::ConnectionSecureOk => {
                if let Some(method) = connection::SecureOk::read(payload) {
                    return Ok(Self::ConnectionSecureOk(method));
                }
            }
            MethodKind::ConnectionTune => {
                if let Some(method) = connection::Tune::read(payload) {
                    return Ok(Self::ConnectionTune(method));
                }
            }
            MethodKind::ConnectionTuneOk => {
                if let Some(method) = connection::TuneOk::read(payload) {
                    return Ok(Self::ConnectionTuneOk(method));
                }
            }
            MethodKind::ConnectionOpen => {
                if let Some(method) = connection::Open::read(payload, dialect, limits) {
                    return Ok(Self::ConnectionOpen(method));
                }
            }
            MethodKind::ConnectionOpenOk => {
                if let Some(method) = connection::OpenOk::read(payload, limits) {
                    return Ok(Self::ConnectionOpenOk(method));
                }
            }
            MethodKind::ConnectionRedirect => {
                if let Some(method) = connection::Redirect::read(payload, limits) {
                    return Ok(Self::ConnectionRedirect(method));
                }
            }
            MethodKind::ConnectionClose => {
                if let Some(method) = connection::Close::read(payload, limits) {
                    return Ok(Self::ConnectionClose(method));
                }
            }
            MethodKind::ConnectionCloseOk => {
                if let Some(method) = connection::CloseOk::read(payload) {
                    return Ok(Self::ConnectionCloseOk(method));
                }
            }
            MethodKind::ConnectionBlocked => {
                if let Some(method) = connection::Blocked::read(payload, limits) {
                    return Ok(Self::ConnectionBlocked(method));
                }
            }
            MethodKind::ConnectionUnblocked => {
                if let Some(method) = connection::Unblocked::read(payload) {
                    return Ok(Self::ConnectionUnblocked(method));
                }
            }
            MethodKind::ConnectionUpdateSecret => {
                if let Some(method) = connection::UpdateSecret::read(payload, limits) {
                    return Ok(Self::ConnectionUpdateSecret(method));
                }
            }
            MethodKind::ConnectionUpdateSecretOk => {
                if let Some(method) = connection::UpdateSecretOk::read(payload) {
                    return Ok(Self::ConnectionUpdateSecretOk(method));
                }
            }
            MethodKind::ChannelOpen => {
                if let Some(method) = channel::Open::read(payload, dialect, limits) {
                    return Ok(Self::ChannelOpen(method));
                }
            }
            MethodKind::ChannelOpenOk => {
                if let Some(method) = channel::OpenOk::read(payload, dialect) {
                    return Ok(Self::ChannelOpenOk(method));
                }
            }
            MethodKind::ChannelFlow => {
                if let Some(method) = channel::Flow::read(payload) {
                    return Ok(Self::ChannelFlow(method));
                }
            }
            MethodKind::ChannelFlowOk => {
                if let Some(method) = channel::FlowOk::read(payload) {
                    return Ok(Self::ChannelFlowOk(method));
                }
            }
            MethodKind::ChannelAlert => {
                if let Some(method) = channel::Alert::read(payload, limits) {
                    return Ok(Self::ChannelAlert(method));
                }
            }
            MethodKind::ChannelClose => {
                if let Some(method) = channel::Close::read(payload, limits) {
                    return Ok(Self::ChannelClose(method));
                }
            }
            MethodKind::ChannelCloseOk => {
                if let Some(method) = channel::CloseOk::read(payload) {
                    return Ok(Self::ChannelCloseOk(method));
                }
            }
            MethodKind::ChannelResume => {
                if let Some(method) = channel::Resume::read(payload) {
                    return Ok(Self::ChannelResume(method));
                }
            }
            MethodKind::ChannelPing => {
                if let Some(method) = channel::Ping::read(payload) {
                    return Ok(Self::ChannelPing(method));
                }
            }
            MethodKind::ChannelPong => {
                if let Some(method) = channel::Pong::read(payload) {
                    return Ok(Self::ChannelPong(method));
                }
            }
            MethodKind::ChannelOk => {
                if let Some(method) = channel::Ok::read(payload) {
                    return Ok(Self::ChannelOk(method));
                }
            }
            MethodKind::AccessRequest => {
                if let Some(method) = access::Request::read(payload, limits) {
                    return Ok(Self::AccessRequest(method));
                }
            }
            MethodKind::AccessRequestOk => {
                if let Some(method) = access::RequestOk::read(payload) {
                    return Ok(Self::AccessRequestOk(method));
                }
            }
            MethodKind::ExchangeDeclare => {
                if let Some(method) = exchange::Declare::read(payload, dialect, limits) {
                    return Ok(Self::ExchangeDeclare(method));
                }
            }
            MethodKind::ExchangeDeclareOk => {
                if let Some(method) = exchange::DeclareOk::read(payload) {
                    return Ok(Self::ExchangeDeclareOk(method));
                }
            }
            MethodKind::ExchangeDelete => {
                if let Some(method) = exchange::Delete::read(payload, dialect, limits) {
                    return Ok(Self::ExchangeDelete(method));
                }
            }
            MethodKind::ExchangeDeleteOk => {
                if let Some(method) = exchange::DeleteOk::read(payload) {
                    return Ok(Self::ExchangeDeleteOk(method));
                }
            }
            MethodKind::ExchangeBound => {
                if let Some(method) = exchange::Bound::read(payload, limits) {
                    return Ok(Self::ExchangeBound(method));
                }
            }
            MethodKind::ExchangeBoundOk => {
                if let Some(method) = exchange::BoundOk::read(payload, limits) {
                    return Ok(Self::ExchangeBoundOk(method));
                }
            }
            MethodKind::ExchangeBind => {
                if let Some(method) = exchange::Bind::read(payload, limits) {
                    return Ok(Self::ExchangeBind(method));
                }
            }
            MethodKind::ExchangeBindOk => {
                if let Some(method) = exchange::BindOk::read(payload) {
                    return Ok(Self::ExchangeBindOk(method));
                }
            }
            MethodKind::ExchangeUnbind => {
                if let Some(method) = exchange::Unbind::read(payload, limits) {
                    return Ok(Self::ExchangeUnbind(method));
                }
            }
            MethodKind::ExchangeUnbindOk => {
                if let Some(method) = exchange::UnbindOk::read(payload) {
                    return Ok(Self::ExchangeUnbindOk(method));
                }
            }
            MethodKind::QueueDeclare => {
                if let Some(method) = queue::Declare::read(payload, dialect, limits) {
                    return Ok(Self::QueueDeclare(method));
                }
            }
            MethodKind::QueueDeclareOk => {
                if let Some(method) = queue::DeclareOk::read(payload, limits) {
                    return Ok(Self::QueueDeclareOk(method));
                }
            }
            MethodKind::QueueBind => {
                if let Some(method) = queue::Bind::read(payload, dialect, limits) {
                    return Ok(Self::QueueBind(method));
                }
            }
            MethodKind::QueueBindOk => {
                if let Some(method) = queue::BindOk::read(payload) {
                    return Ok(Self::QueueBindOk(method));
                }
            }
            MethodKind::QueueUnbind => {
                if let Some(method) = queue::Unbind::read(payload, dialect, limits) {
                    return Ok(Self::QueueUnbind(method));
                }
            }
            MethodKind::QueueUnbindOk => {
                if let Some(method) = queue::UnbindOk::read(payload) {
                    return Ok(Self::QueueUnbindOk(method));
                }
            }
            MethodKind::QueuePurge => {
                if let Some(method) = queue::Purge::read(payload, dialect, limits) {
                    return Ok(Self::QueuePurge(method));
                }
            }
            MethodKind::QueuePurgeOk => {
                if let Some(method) = queue::PurgeOk::read(payload) {
                    return Ok(Self::QueuePurgeOk(method));
                }
            }
            MethodKind::QueueDelete => {
                if let Some(method) = queue::Delete::read(payload, dialect, limits) {
                    return Ok(Self::QueueDelete(method));
                }
            }
            MethodKind::QueueDeleteOk => {
                if let Some(method) = queue::DeleteOk::read(payload) {
                    return Ok(Self::QueueDeleteOk(method));
                }
            }
            MethodKind::BasicQos => {
                if let Some(method) = basic::Qos::read(payload) {
                    return Ok(Self::BasicQos(method));
                }
            }
            MethodKind::BasicQosOk => {
                if let Some(method) = basic::QosOk::read(payload) {
                    return Ok(Self::BasicQosOk(method));
                }
            }
            MethodKind::BasicConsume => {
                if let Some(method) = basic::Consume::read(payload, dialect, limits) {
                    return Ok(Self::BasicConsume(method));
                }
            }
            MethodKind::BasicConsumeOk => {
                if let Some(method) = basic::ConsumeOk::read(payload, limits) {
                    return Ok(Self::BasicConsumeOk(method));
                }
            }
            MethodKind::BasicCancel => {
                if let Some(method) = basic::Cancel::read(payload, limits) {
                    return Ok(Self::BasicCancel(method));
                }
            }
            MethodKind::BasicCancelOk => {
                if let Some(method) = basic::CancelOk::read(payload, limits) {
                    return Ok(Self::BasicCancelOk(method));
                }
            }
            MethodKind::BasicPublish => {
                if let Some(method) = basic::Publish::read(payload, dialect, limits) {
                    return Ok(Self::BasicPublish(method));
                }
            }
            MethodKind::BasicReturn => {
                if let Some(method) = basic::Return::read(payload, limits) {
                    return Ok(Self::BasicReturn(method));
                }
            }
            MethodKind::BasicDeliver => {
                if let Some(method) = basic::Deliver::read(payload, limits) {
                    return Ok(Self::BasicDeliver(method));
                }
            }
            MethodKind::BasicGet => {
                if let Some(method) = basic::Get::read(payload, dialect, limits) {
                    return Ok(Self::BasicGet(method));
                }
            }
            MethodKind::BasicGetOk => {
                if let Some(method) = basic::GetOk::read(payload, limits) {
                    return Ok(Self::BasicGetOk(method));
                }
            }
            MethodKind::BasicGetEmpty => {
                if let Some(method) = basic::GetEmpty::read(payload, dialect, limits) {
                    return Ok(Self::BasicGetEmpty(method));
                }
            }
            MethodKind::BasicAck => {
                if let Some(method) = basic::Ack::read(payload) {
                    return Ok(Self::BasicAck(method));
                }
            }
            MethodKind::BasicReject => {
                if let Some(method) = basic::Reject::read(payload) {
                    return Ok(Self::BasicReject(method));
                }
            }
            MethodKind::BasicRecoverAsync => {
                if let Some(method) = basic::RecoverAsync::read(payload) {
                    return Ok(Self::BasicRecoverAsync(method));
                }
            }
            MethodKind::BasicRecover => {
                if let Some(method) = basic::Recover::read(payload) {
                    return Ok(Self::BasicRecover(method));
                }
            }
            MethodKind::BasicRecoverOk => {
                if let Some(method) = basic::RecoverOk::read(payload) {
                    return Ok(Self::BasicRecoverOk(method));
                }
            }
            MethodKind::BasicNack => {
                if let Some(method) = basic::Nack::read(payload) {
                    return Ok(Self::BasicNack(method));
                }
            }
            MethodKind::ConfirmSelect => {
                if let Some(method) = confirm::Select::read(payload) {
                    return Ok(Self::ConfirmSelect(method));
                }
            }
            MethodKind::ConfirmSelectOk => {
                if let Some(method) = confirm::SelectOk::read(payload) {
                    return Ok(Self::ConfirmSelectOk(method));
                }
            }
            MethodKind::TxSelect => {
                if let Some(method) = tx::Select::read(payload) {
                    return Ok(Self::TxSelect(method));
                }
            }
            MethodKind::TxSelectOk => {
                if let Some(method) = tx::SelectOk::read(payload) {
                    return Ok(Self::TxSelectOk(method));
                }
            }
            MethodKind::TxCommit => {
                if let Some(method) = tx::Commit::read(payload) {
                    return Ok(Self::TxCommit(method));
                }
            }
            MethodKind::TxCommitOk => {
                if let Some(method) = tx::CommitOk::read(payload) {
                    return Ok(Self::TxCommitOk(method));
                }
            }
            MethodKind::TxRollback => {
                if let Some(method) = tx::Rollback::read(payload) {
                    return Ok(Self::TxRollback(method));
                }
            }
            MethodKind::TxRollbackOk => {
                if let Some(method) = tx::RollbackOk::read(payload) {
                    return Ok(Self::TxRollbackOk(method));
                }
            }
        }
        Err(kind.fault_in(payload, dialect, limits))
    }
}

impl Method<'_> {
    /// Which method it is.
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> MethodKind {
        match self {
            Self::ConnectionStart(_) => MethodKind::ConnectionStart,
            Self::ConnectionStartOk(_) => MethodKind::ConnectionStartOk,
            Self::ConnectionSecure(_) => MethodKind::ConnectionSecure,
            Self::ConnectionSecureOk(_) => MethodKind::ConnectionSecureOk,
            Self::ConnectionTune(_) => MethodKind::ConnectionTune,
            Self::ConnectionTuneOk(_) => MethodKind::ConnectionTuneOk,
            Self::ConnectionOpen(_) => MethodKind::ConnectionOpen,
            Self::ConnectionOpenOk(_) => MethodKind::ConnectionOpenOk,
            Self::ConnectionRedirect(_) => MethodKind::ConnectionRedirect,
            Self::ConnectionClose(_) => MethodKind::ConnectionClose,
            Self::ConnectionCloseOk(_) => MethodKind::ConnectionCloseOk,
            Self::ConnectionBlocked(_) => MethodKind::ConnectionBlocked,
            Self::ConnectionUnblocked(_) => MethodKind::ConnectionUnblocked,
            Self::ConnectionUpdateSecret(_) => MethodKind::ConnectionUpdateSecret,
            Self::ConnectionUpdateSecretOk(_) => MethodKind::ConnectionUpdateSecretOk,
            Self::ChannelOpen(_) => MethodKind::ChannelOpen,
            Self::ChannelOpenOk(_) => MethodKind::ChannelOpenOk,
            Self::ChannelFlow(_) => MethodKind::ChannelFlow,
            Self::ChannelFlowOk(_) => MethodKind::ChannelFlowOk,
            Self::ChannelAlert(_) => MethodKind::ChannelAlert,
            Self::ChannelClose(_) => MethodKind::ChannelClose,
            Self::ChannelCloseOk(_) => MethodKind::ChannelCloseOk,
            Self::ChannelResume(_) => MethodKind::ChannelResume,
            Self::ChannelPing(_) => MethodKind::ChannelPing,
            Self::ChannelPong(_) => MethodKind::ChannelPong,
            Self::ChannelOk(_) => MethodKind::ChannelOk,
            Self::AccessRequest(_) => MethodKind::AccessRequest,
            Self::AccessRequestOk(_) => MethodKind::AccessRequestOk,
            Self::ExchangeDeclare(_) => MethodKind::ExchangeDeclare,
            Self::ExchangeDeclareOk(_) => MethodKind::ExchangeDeclareOk,
            Self::ExchangeDelete(_) => MethodKind::ExchangeDelete,
            Self::ExchangeDeleteOk(_) => MethodKind::ExchangeDeleteOk,
            Self::ExchangeBound(_) => MethodKind::ExchangeBound,
            Self::ExchangeBoundOk(_) => MethodKind::ExchangeBoundOk,
            Self::ExchangeBind(_) => MethodKind::ExchangeBind,
            Self::ExchangeBindOk(_) => MethodKind::ExchangeBindOk,
            Self::ExchangeUnbind(_) => MethodKind::ExchangeUnbind,
            Self::ExchangeUnbindOk(_) => MethodKind::ExchangeUnbindOk,
            Self::QueueDeclare(_) => MethodKind::QueueDeclare,
            Self::QueueDeclareOk(_) => MethodKind::QueueDeclareOk,
            Self::QueueBind(_) => MethodKind::QueueBind,
            Self::QueueBindOk(_) => MethodKind::QueueBindOk,
            Self::QueueUnbind(_) => MethodKind::QueueUnbind,
            Self::QueueUnbindOk(_) => MethodKind::QueueUnbindOk,
            Self::QueuePurge(_) => MethodKind::QueuePurge,
            Self::QueuePurgeOk(_) => MethodKind::QueuePurgeOk,
            Self::QueueDelete(_) => MethodKind::QueueDelete,
            Self::QueueDeleteOk(_) => MethodKind::QueueDeleteOk,
            Self::BasicQos(_) => MethodKind::BasicQos,
            Self::BasicQosOk(_) => MethodKind::BasicQosOk,
            Self::BasicConsume(_) => MethodKind::BasicConsume,
            Self::BasicConsumeOk(_) => MethodKind::BasicConsumeOk,
            Self::BasicCancel(_) => MethodKind::BasicCancel,
            Self::BasicCancelOk(_) => MethodKind::BasicCancelOk,
            Self::BasicPublish(_) => MethodKind::BasicPublish,
            Self::BasicReturn(_) => MethodKind::BasicReturn,
            Self::BasicDeliver(_) => MethodKind::BasicDeliver,
            Self::BasicGet(_) => MethodKind::BasicGet,
            Self::BasicGetOk(_) => MethodKind::BasicGetOk,
            Self::BasicGetEmpty(_) => MethodKind::BasicGetEmpty,
            Self::BasicAck(_) => MethodKind::BasicAck,
            Self::BasicReject(_) => MethodKind::BasicReject,
            Self::BasicRecoverAsync(_) => MethodKind::BasicRecoverAsync,
            Self::BasicRecover(_) => MethodKind::BasicRecover,
            Self::BasicRecoverOk(_) => MethodKind::BasicRecoverOk,
            Self::BasicNack(_) => MethodKind::BasicNack,
            Self::ConfirmSelect(_) => MethodKind::ConfirmSelect,
            Self::ConfirmSelectOk(_) => MethodKind::ConfirmSelectOk,
            Self::TxSelect(_) => MethodKind::TxSelect,
            Self::TxSelectOk(_) => MethodKind::TxSelectOk,
            Self::TxCommit(_) => MethodKind::TxCommit,
            Self::TxCommitOk(_) => MethodKind::TxCommitOk,
            Self::TxRollback(_) => MethodKind::TxRollback,
            Self::TxRollbackOk(_) => MethodKind::TxRollbackOk,
        }
    }

    /// The method of a kind with zeros, empty strings and cleared flags.
    #[must_use]
    pub fn empty(kind: MethodKind) -> Method<'static> {
        match kind {
            MethodKind::ConnectionStart => Method::ConnectionStart(connection::Start::default()),
            MethodKind::ConnectionStartOk => {
                Method::ConnectionStartOk(connection::StartOk::default())
            }
            MethodKind::ConnectionSecure => Method::ConnectionSecure(connection::Secure::default()),
            MethodKind::ConnectionSecureOk => {
                Method::ConnectionSecureOk(connection::SecureOk::default())
            }
            MethodKind::ConnectionTune => Method::ConnectionTune(connection::Tune::default()),
            MethodKind::ConnectionTuneOk => Method::ConnectionTuneOk(connection::TuneOk::default()),
            MethodKind::ConnectionOpen => Method::ConnectionOpen(connection::Open::default()),
            MethodKind::ConnectionOpenOk => Method::ConnectionOpenOk(connection::OpenOk::default()),
            MethodKind::ConnectionRedirect => {
                Method::ConnectionRedirect(connection::Redirect::default())
            }
            MethodKind::ConnectionClose => Method::ConnectionClose(connection::Close::default()),
            MethodKind::ConnectionCloseOk => Method::ConnectionCloseOk(connection::CloseOk),
            MethodKind::ConnectionBlocked => {
                Method::ConnectionBlocked(connection::Blocked::default())
            }
            MethodKind::ConnectionUnblocked => Method::ConnectionUnblocked(connection::Unblocked),
            MethodKind::ConnectionUpdateSecret => {
                Method::ConnectionUpdateSecret(connection::UpdateSecret::default())
            }
            MethodKind::ConnectionUpdateSecretOk => {
                Method::ConnectionUpdateSecretOk(connection::UpdateSecretOk)
            }
            MethodKind::ChannelOpen => Method::ChannelOpen(channel::Open::default()),
            MethodKind::ChannelOpenOk => Method::ChannelOpenOk(channel::OpenOk::default()),
            MethodKind::ChannelFlow => Method::ChannelFlow(channel::Flow::default()),
            MethodKind::ChannelFlowOk => Method::ChannelFlowOk(channel::FlowOk::default()),
            MethodKind::ChannelAlert => Method::ChannelAlert(channel::Alert::default()),
            MethodKind::ChannelClose => Method::ChannelClose(channel::Close::default()),
            MethodKind::ChannelCloseOk => Method::ChannelCloseOk(channel::CloseOk),
            MethodKind::ChannelResume => Method::ChannelResume(channel::Resume::default()),
            MethodKind::ChannelPing => Method::ChannelPing(channel::Ping),
            MethodKind::ChannelPong => Method::ChannelPong(channel::Pong),
            MethodKind::ChannelOk => Method::ChannelOk(channel::Ok),
            MethodKind::AccessRequest => Method::AccessRequest(access::Request::default()),
            MethodKind::AccessRequestOk => Method::AccessRequestOk(access::RequestOk::default()),
            MethodKind::ExchangeDeclare => Method::ExchangeDeclare(exchange::Declare::default()),
            MethodKind::ExchangeDeclareOk => Method::ExchangeDeclareOk(exchange::DeclareOk),
            MethodKind::ExchangeDelete => Method::ExchangeDelete(exchange::Delete::default()),
            MethodKind::ExchangeDeleteOk => Method::ExchangeDeleteOk(exchange::DeleteOk),
            MethodKind::ExchangeBound => Method::ExchangeBound(exchange::Bound::default()),
            MethodKind::ExchangeBoundOk => Method::ExchangeBoundOk(exchange::BoundOk::default()),
            MethodKind::ExchangeBind => Method::ExchangeBind(exchange::Bind::default()),
            MethodKind::ExchangeBindOk => Method::ExchangeBindOk(exchange::BindOk),
            MethodKind::ExchangeUnbind => Method::ExchangeUnbind(exchange::Unbind::default()),
            MethodKind::ExchangeUnbindOk => Method::ExchangeUnbindOk(exchange::UnbindOk),
            MethodKind::QueueDeclare => Method::QueueDeclare(queue::Declare::default()),
            MethodKind::QueueDeclareOk => Method::QueueDeclareOk(queue::DeclareOk::default()),
            MethodKind::QueueBind => Method::QueueBind(queue::Bind::default()),
            MethodKind::QueueBindOk => Method::QueueBindOk(queue::BindOk),
            MethodKind::QueueUnbind => Method::QueueUnbind(queue::Unbind::default()),
            MethodKind::QueueUnbindOk => Method::QueueUnbindOk(queue::UnbindOk),
            MethodKind::QueuePurge => Method::QueuePurge(queue::Purge::default()),
            MethodKind::QueuePurgeOk => Method::QueuePurgeOk(queue::PurgeOk::default()),
            MethodKind::QueueDelete => Method::QueueDelete(queue::Delete::default()),
            MethodKind::QueueDeleteOk => Method::QueueDeleteOk(queue::DeleteOk::default()),
            MethodKind::BasicQos => Method::BasicQos(basic::Qos::default()),
            MethodKind::BasicQosOk => Method::BasicQosOk(basic::QosOk),
            MethodKind::BasicConsume => Method::BasicConsume(basic::Consume::default()),
            MethodKind::BasicConsumeOk => Method::BasicConsumeOk(basic::ConsumeOk::default()),
            MethodKind::BasicCancel => Method::BasicCancel(basic::Cancel::default()),
            MethodKind::BasicCancelOk => Method::BasicCancelOk(basic::CancelOk::default()),
            MethodKind::BasicPublish => Method::BasicPublish(basic::Publish::default()),
            MethodKind::BasicReturn => Method::BasicReturn(basic::Return::default()),
            MethodKind::BasicDeliver => Method::BasicDeliver(basic::Deliver::default()),
            MethodKind::BasicGet => Method::BasicGet(basic::Get::default()),
            MethodKind::BasicGetOk => Method::BasicGetOk(basic::GetOk::default()),
            MethodKind::BasicGetEmpty => Method::BasicGetEmpty(basic::GetEmpty::default()),
            MethodKind::BasicAck => Method::BasicAck(basic::Ack::default()),
            MethodKind::BasicReject => Method::BasicReject(basic::Reject::default()),
            MethodKind::BasicRecoverAsync => {
                Method::BasicRecoverAsync(basic::RecoverAsync::default())
            }
            MethodKind::BasicRecover => Method::BasicRecover(basic::Recover::default()),
            MethodKind::BasicRecoverOk => Method::BasicRecoverOk(basic::RecoverOk),
            MethodKind::BasicNack => Method::BasicNack(basic::Nack::default()),
            MethodKind::ConfirmSelect => Method::ConfirmSelect(confirm::Select::default()),
            MethodKind::ConfirmSelectOk => Method::ConfirmSelectOk(confirm::SelectOk),
            MethodKind::TxSelect => Method::TxSelect(tx::Select),
            MethodKind::TxSelectOk => Method::TxSelectOk(tx::SelectOk),
            MethodKind::TxCommit => Method::TxCommit(tx::Commit),
            MethodKind::TxCommitOk => Method::TxCommitOk(tx::CommitOk),
            MethodKind::TxRollback => Method::TxRollback(tx::Rollback),
            MethodKind::TxRollbackOk => Method::TxRollbackOk(tx::RollbackOk),
        }
    }

    /// Whether it is a request that asks for no reply on success (`SYN-05`).
    #[must_use]
    pub const fn no_wait(&self) -> bool {
        match self {
            Self::ExchangeDeclare(m) => m.no_wait,
            Self::ExchangeDelete(m) => m.no_wait,
            Self::ExchangeBind(m) => m.no_wait,
            Self::ExchangeUnbind(m) => m.no_wait,
            Self::QueueDeclare(m) => m.no_wait,
            Self::QueueBind(m) => m.no_wait,
            Self::QueuePurge(m) => m.no_wait,
            Self::QueueDelete(m) => m.no_wait,
            Self::BasicConsume(m) => m.no_wait,
            Self::BasicCancel(m) => m.no_wait,
            Self::ConfirmSelect(m) => m.no_wait,
            _ => false,
        }
    }

    /// Appends class id, method id and arguments to `out`: the payload of a method frame.
    ///
    /// # Errors
    ///
    /// When the dialect lacks the method or a string is too long; `out` is then as before.
    pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::ConnectionStart(m) => m.encode(dialect, out),
            Self::ConnectionStartOk(m) => m.encode(dialect, out),
            Self::ConnectionSecure(m) => m.encode(dialect, out),
            Self::ConnectionSecureOk(m) => m.encode(dialect, out),
            Self::ConnectionTune(m) => m.encode(dialect, out),
            Self::ConnectionTuneOk(m) => m.encode(dialect, out),
            Self::ConnectionOpen(m) => m.encode(dialect, out),
            Self::ConnectionOpenOk(m) => m.encode(dialect, out),
            Self::ConnectionRedirect(m) => m.encode(dialect, out),
            Self::ConnectionClose(m) => m.encode(dialect, out),
            Self::ConnectionCloseOk(m) => m.encode(dialect, out),
            Self::ConnectionBlocked(m) => m.encode(dialect, out),
            Self::ConnectionUnblocked(m) => m.encode(dialect, out),
            Self::ConnectionUpdateSecret(m) => m.encode(dialect, out),
            Self::ConnectionUpdateSecretOk(m) => m.encode(dialect, out),
            Self::ChannelOpen(m) => m.encode(dialect, out),
            Self::ChannelOpenOk(m) => m.encode(dialect, out),
            Self::ChannelFlow(m) => m.encode(dialect, out),
            Self::ChannelFlowOk(m) => m.encode(dialect, out),
            Self::ChannelAlert(m) => m.encode(dialect, out),
            Self::ChannelClose(m) => m.encode(dialect, out),
            Self::ChannelCloseOk(m) => m.encode(dialect, out),
            Self::ChannelResume(m) => m.encode(dialect, out),
            Self::ChannelPing(m) => m.encode(dialect, out),
            Self::ChannelPong(m) => m.encode(dialect, out),
            Self::ChannelOk(m) => m.encode(dialect, out),
            Self::AccessRequest(m) => m.encode(dialect, out),
            Self::AccessRequestOk(m) => m.encode(dialect, out),
            Self::ExchangeDeclare(m) => m.encode(dialect, out),
            Self::ExchangeDeclareOk(m) => m.encode(dialect, out),
            Self::ExchangeDelete(m) => m.encode(dialect, out),
            Self::ExchangeDeleteOk(m) => m.encode(dialect, out),
            Self::ExchangeBound(m) => m.encode(dialect, out),
            Self::ExchangeBoundOk(m) => m.encode(dialect, out),
            Self::ExchangeBind(m) => m.encode(dialect, out),
            Self::ExchangeBindOk(m) => m.encode(dialect, out),
            Self::ExchangeUnbind(m) => m.encode(dialect, out),
            Self::ExchangeUnbindOk(m) => m.encode(dialect, out),
            Self::QueueDeclare(m) => m.encode(dialect, out),
            Self::QueueDeclareOk(m) => m.encode(dialect, out),
            Self::QueueBind(m) => m.encode(dialect, out),
            Self::QueueBindOk(m) => m.encode(dialect, out),
            Self::QueueUnbind(m) => m.encode(dialect, out),
            Self::QueueUnbindOk(m) => m.encode(dialect, out),
            Self::QueuePurge(m) => m.encode(dialect, out),
            Self::QueuePurgeOk(m) => m.encode(dialect, out),
            Self::QueueDelete(m) => m.encode(dialect, out),
            Self::QueueDeleteOk(m) => m.encode(dialect, out),
            Self::BasicQos(m) => m.encode(dialect, out),
            Self::BasicQosOk(m) => m.encode(dialect, out),
            Self::BasicConsume(m) => m.encode(dialect, out),
            Self::BasicConsumeOk(m) => m.encode(dialect, out),
            Self::BasicCancel(m) => m.encode(dialect, out),
            Self::BasicCancelOk(m) => m.encode(dialect, out),
            Self::BasicPublish(m) => m.encode(dialect, out),
            Self::BasicReturn(m) => m.encode(dialect, out),
            Self::BasicDeliver(m) => m.encode(dialect, out),
            Self::BasicGet(m) => m.encode(dialect, out),
            Self::BasicGetOk(m) => m.encode(dialect, out),
            Self::BasicGetEmpty(m) => m.encode(dialect, out),
            Self::BasicAck(m) => m.encode(dialect, out),
            Self::BasicReject(m) => m.encode(dialect, out),
            Self::BasicRecoverAsync(m) => m.encode(dialect, out),
            Self::BasicRecover(m) => m.encode(dialect, out),
            Self::BasicRecoverOk(m) => m.encode(dialect, out),
            Self::BasicNack(m) => m.encode(dialect, out),
            Self::ConfirmSelect(m) => m.encode(dialect, out),
            Self::ConfirmSelectOk(m) => m.encode(dialect, out),
            Self::TxSelect(m) => m.encode(dialect, out),
            Self::TxSelectOk(m) => m.encode(dialect, out),
            Self::TxCommit(m) => m.encode(dialect, out),
            Self::TxCommitOk(m) => m.encode(dialect, out),
            Self::TxRollback(m) => m.encode(dialect, out),
            Self::TxRollbackOk(m) => m.encode(dialect, out),
        }
    }
}

/// One line: the name, then every argument that is not zero, empty or cleared.
impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionStart(m) => m.fmt(f),
            Self::ConnectionStartOk(m) => m.fmt(f),
            Self::ConnectionSecure(m) => m.fmt(f),
            Self::ConnectionSecureOk(m) => m.fmt(f),
            Self::ConnectionTune(m) => m.fmt(f),
            Self::ConnectionTuneOk(m) => m.fmt(f),
            Self::ConnectionOpen(m) => m.fmt(f),
            Self::ConnectionOpenOk(m) => m.fmt(f),
            Self::ConnectionRedirect(m) => m.fmt(f),
            Self::ConnectionClose(m) => m.fmt(f),
            Self::ConnectionCloseOk(m) => m.fmt(f),
            Self::ConnectionBlocked(m) => m.fmt(f),
            Self::ConnectionUnblocked(m) => m.fmt(f),
            Self::ConnectionUpdateSecret(m) => m.fmt(f),
            Self::ConnectionUpdateSecretOk(m) => m.fmt(f),
            Self::ChannelOpen(m) => m.fmt(f),
            Self::ChannelOpenOk(m) => m.fmt(f),
            Self::ChannelFlow(m) => m.fmt(f),
            Self::ChannelFlowOk(m) => m.fmt(f),
            Self::ChannelAlert(m) => m.fmt(f),
            Self::ChannelClose(m) => m.fmt(f),
            Self::ChannelCloseOk(m) => m.fmt(f),
            Self::ChannelResume(m) => m.fmt(f),
            Self::ChannelPing(m) => m.fmt(f),
            Self::ChannelPong(m) => m.fmt(f),
            Self::ChannelOk(m) => m.fmt(f),
            Self::AccessRequest(m) => m.fmt(f),
            Self::AccessRequestOk(m) => m.fmt(f),
            Self::ExchangeDeclare(m) => m.fmt(f),
            Self::ExchangeDeclareOk(m) => m.fmt(f),
            Self::ExchangeDelete(m) => m.fmt(f),
            Self::ExchangeDeleteOk(m) => m.fmt(f),
            Self::ExchangeBound(m) => m.fmt(f),
            Self::ExchangeBoundOk(m) => m.fmt(f),
            Self::ExchangeBind(m) => m.fmt(f),
            Self::ExchangeBindOk(m) => m.fmt(f),
            Self::ExchangeUnbind(m) => m.fmt(f),
            Self::ExchangeUnbindOk(m) => m.fmt(f),
            Self::QueueDeclare(m) => m.fmt(f),
            Self::QueueDeclareOk(m) => m.fmt(f),
            Self::QueueBind(m) => m.fmt(f),
            Self::QueueBindOk(m) => m.fmt(f),
            Self::QueueUnbind(m) => m.fmt(f),
            Self::QueueUnbindOk(m) => m.fmt(f),
            Self::QueuePurge(m) => m.fmt(f),
            Self::QueuePurgeOk(m) => m.fmt(f),
            Self::QueueDelete(m) => m.fmt(f),
            Self::QueueDeleteOk(m) => m.fmt(f),
            Self::BasicQos(m) => m.fmt(f),
            Self::BasicQosOk(m) => m.fmt(f),
            Self::BasicConsume(m) => m.fmt(f),
            Self::BasicConsumeOk(m) => m.fmt(f),
            Self::BasicCancel(m) => m.fmt(f),
            Self::BasicCancelOk(m) => m.fmt(f),
            Self::BasicPublish(m) => m.fmt(f),
            Self::BasicReturn(m) => m.fmt(f),
            Self::BasicDeliver(m) => m.fmt(f),
            Self::BasicGet(m) => m.fmt(f),
            Self::BasicGetOk(m) => m.fmt(f),
            Self::BasicGetEmpty(m) => m.fmt(f),
            Self::BasicAck(m) => m.fmt(f),
            Self::BasicReject(m) => m.fmt(f),
            Self::BasicRecoverAsync(m) => m.fmt(f),
            Self::BasicRecover(m) => m.fmt(f),
            Self::BasicRecoverOk(m) => m.fmt(f),
            Self::BasicNack(m) => m.fmt(f),
            Self::ConfirmSelect(m) => m.fmt(f),
            Self::ConfirmSelectOk(m) => m.fmt(f),
            Self::TxSelect(m) => m.fmt(f),
            Self::TxSelectOk(m) => m.fmt(f),
            Self::TxCommit(m) => m.fmt(f),
            Self::TxCommitOk(m) => m.fmt(f),
            Self::TxRollback(m) => m.fmt(f),
            Self::TxRollbackOk(m) => m.fmt(f),
        }
    }
}

impl<'a> From<connection::Start<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Start<'a>) -> Self {
        Self::ConnectionStart(method)
    }
}

impl<'a> From<connection::StartOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::StartOk<'a>) -> Self {
        Self::ConnectionStartOk(method)
    }
}

impl<'a> From<connection::Secure<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Secure<'a>) -> Self {
        Self::ConnectionSecure(method)
    }
}

impl<'a> From<connection::SecureOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::SecureOk<'a>) -> Self {
        Self::ConnectionSecureOk(method)
    }
}

impl From<connection::Tune> for Method<'_> {
    #[inline]
    fn from(method: connection::Tune) -> Self {
        Self::ConnectionTune(method)
    }
}

impl From<connection::TuneOk> for Method<'_> {
    #[inline]
    fn from(method: connection::TuneOk) -> Self {
        Self::ConnectionTuneOk(method)
    }
}

impl<'a> From<connection::Open<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Open<'a>) -> Self {
        Self::ConnectionOpen(method)
    }
}

impl<'a> From<connection::OpenOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::OpenOk<'a>) -> Self {
        Self::ConnectionOpenOk(method)
    }
}

impl<'a> From<connection::Redirect<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Redirect<'a>) -> Self {
        Self::ConnectionRedirect(method)
    }
}

impl<'a> From<connection::Close<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Close<'a>) -> Self {
        Self::ConnectionClose(method)
    }
}

impl From<connection::CloseOk> for Method<'_> {
    #[inline]
    fn from(method: connection::CloseOk) -> Self {
        Self::ConnectionCloseOk(method)
    }
}

impl<'a> From<connection::Blocked<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::Blocked<'a>) -> Self {
        Self::ConnectionBlocked(method)
    }
}

impl From<connection::Unblocked> for Method<'_> {
    #[inline]
    fn from(method: connection::Unblocked) -> Self {
        Self::ConnectionUnblocked(method)
    }
}

impl<'a> From<connection::UpdateSecret<'a>> for Method<'a> {
    #[inline]
    fn from(method: connection::UpdateSecret<'a>) -> Self {
        Self::ConnectionUpdateSecret(method)
    }
}

impl From<connection::UpdateSecretOk> for Method<'_> {
    #[inline]
    fn from(method: connection::UpdateSecretOk) -> Self {
        Self::ConnectionUpdateSecretOk(method)
    }
}

impl<'a> From<channel::Open<'a>> for Method<'a> {
    #[inline]
    fn from(method: channel::Open<'a>) -> Self {
        Self::ChannelOpen(method)
    }
}

impl<'a> From<channel::OpenOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: channel::OpenOk<'a>) -> Self {
        Self::ChannelOpenOk(method)
    }
}

impl From<channel::Flow> for Method<'_> {
    #[inline]
    fn from(method: channel::Flow) -> Self {
        Self::ChannelFlow(method)
    }
}

impl From<channel::FlowOk> for Method<'_> {
    #[inline]
    fn from(method: channel::FlowOk) -> Self {
        Self::ChannelFlowOk(method)
    }
}

impl<'a> From<channel::Alert<'a>> for Method<'a> {
    #[inline]
    fn from(method: channel::Alert<'a>) -> Self {
        Self::ChannelAlert(method)
    }
}

impl<'a> From<channel::Close<'a>> for Method<'a> {
    #[inline]
    fn from(method: channel::Close<'a>) -> Self {
        Self::ChannelClose(method)
    }
}

impl From<channel::CloseOk> for Method<'_> {
    #[inline]
    fn from(method: channel::CloseOk) -> Self {
        Self::ChannelCloseOk(method)
    }
}

impl<'a> From<channel::Resume<'a>> for Method<'a> {
    #[inline]
    fn from(method: channel::Resume<'a>) -> Self {
        Self::ChannelResume(method)
    }
}

impl From<channel::Ping> for Method<'_> {
    #[inline]
    fn from(method: channel::Ping) -> Self {
        Self::ChannelPing(method)
    }
}

impl From<channel::Pong> for Method<'_> {
    #[inline]
    fn from(method: channel::Pong) -> Self {
        Self::ChannelPong(method)
    }
}

impl From<channel::Ok> for Method<'_> {
    #[inline]
    fn from(method: channel::Ok) -> Self {
        Self::ChannelOk(method)
    }
}

impl<'a> From<access::Request<'a>> for Method<'a> {
    #[inline]
    fn from(method: access::Request<'a>) -> Self {
        Self::AccessRequest(method)
    }
}

impl From<access::RequestOk> for Method<'_> {
    #[inline]
    fn from(method: access::RequestOk) -> Self {
        Self::AccessRequestOk(method)
    }
}

impl<'a> From<exchange::Declare<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::Declare<'a>) -> Self {
        Self::ExchangeDeclare(method)
    }
}

impl From<exchange::DeclareOk> for Method<'_> {
    #[inline]
    fn from(method: exchange::DeclareOk) -> Self {
        Self::ExchangeDeclareOk(method)
    }
}

impl<'a> From<exchange::Delete<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::Delete<'a>) -> Self {
        Self::ExchangeDelete(method)
    }
}

impl From<exchange::DeleteOk> for Method<'_> {
    #[inline]
    fn from(method: exchange::DeleteOk) -> Self {
        Self::ExchangeDeleteOk(method)
    }
}

impl<'a> From<exchange::Bound<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::Bound<'a>) -> Self {
        Self::ExchangeBound(method)
    }
}

impl<'a> From<exchange::BoundOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::BoundOk<'a>) -> Self {
        Self::ExchangeBoundOk(method)
    }
}

impl<'a> From<exchange::Bind<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::Bind<'a>) -> Self {
        Self::ExchangeBind(method)
    }
}

impl From<exchange::BindOk> for Method<'_> {
    #[inline]
    fn from(method: exchange::BindOk) -> Self {
        Self::ExchangeBindOk(method)
    }
}

impl<'a> From<exchange::Unbind<'a>> for Method<'a> {
    #[inline]
    fn from(method: exchange::Unbind<'a>) -> Self {
        Self::ExchangeUnbind(method)
    }
}

impl From<exchange::UnbindOk> for Method<'_> {
    #[inline]
    fn from(method: exchange::UnbindOk) -> Self {
        Self::ExchangeUnbindOk(method)
    }
}

impl<'a> From<queue::Declare<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::Declare<'a>) -> Self {
        Self::QueueDeclare(method)
    }
}

impl<'a> From<queue::DeclareOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::DeclareOk<'a>) -> Self {
        Self::QueueDeclareOk(method)
    }
}

impl<'a> From<queue::Bind<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::Bind<'a>) -> Self {
        Self::QueueBind(method)
    }
}

impl From<queue::BindOk> for Method<'_> {
    #[inline]
    fn from(method: queue::BindOk) -> Self {
        Self::QueueBindOk(method)
    }
}

impl<'a> From<queue::Unbind<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::Unbind<'a>) -> Self {
        Self::QueueUnbind(method)
    }
}

impl From<queue::UnbindOk> for Method<'_> {
    #[inline]
    fn from(method: queue::UnbindOk) -> Self {
        Self::QueueUnbindOk(method)
    }
}

impl<'a> From<queue::Purge<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::Purge<'a>) -> Self {
        Self::QueuePurge(method)
    }
}

impl From<queue::PurgeOk> for Method<'_> {
    #[inline]
    fn from(method: queue::PurgeOk) -> Self {
        Self::QueuePurgeOk(method)
    }
}

impl<'a> From<queue::Delete<'a>> for Method<'a> {
    #[inline]
    fn from(method: queue::Delete<'a>) -> Self {
        Self::QueueDelete(method)
    }
}

impl From<queue::DeleteOk> for Method<'_> {
    #[inline]
    fn from(method: queue::DeleteOk) -> Self {
        Self::QueueDeleteOk(method)
    }
}

impl From<basic::Qos> for Method<'_> {
    #[inline]
    fn from(method: basic::Qos) -> Self {
        Self::BasicQos(method)
    }
}

impl From<basic::QosOk> for Method<'_> {
    #[inline]
    fn from(method: basic::QosOk) -> Self {
        Self::BasicQosOk(method)
    }
}

impl<'a> From<basic::Consume<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Consume<'a>) -> Self {
        Self::BasicConsume(method)
    }
}

impl<'a> From<basic::ConsumeOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::ConsumeOk<'a>) -> Self {
        Self::BasicConsumeOk(method)
    }
}

impl<'a> From<basic::Cancel<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Cancel<'a>) -> Self {
        Self::BasicCancel(method)
    }
}

impl<'a> From<basic::CancelOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::CancelOk<'a>) -> Self {
        Self::BasicCancelOk(method)
    }
}

impl<'a> From<basic::Publish<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Publish<'a>) -> Self {
        Self::BasicPublish(method)
    }
}

impl<'a> From<basic::Return<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Return<'a>) -> Self {
        Self::BasicReturn(method)
    }
}

impl<'a> From<basic::Deliver<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Deliver<'a>) -> Self {
        Self::BasicDeliver(method)
    }
}

impl<'a> From<basic::Get<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::Get<'a>) -> Self {
        Self::BasicGet(method)
    }
}

impl<'a> From<basic::GetOk<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::GetOk<'a>) -> Self {
        Self::BasicGetOk(method)
    }
}

impl<'a> From<basic::GetEmpty<'a>> for Method<'a> {
    #[inline]
    fn from(method: basic::GetEmpty<'a>) -> Self {
        Self::BasicGetEmpty(method)
    }
}

impl From<basic::Ack> for Method<'_> {
    #[inline]
    fn from(method: basic::Ack) -> Self {
        Self::BasicAck(method)
    }
}

impl From<basic::Reject> for Method<'_> {
    #[inline]
    fn from(method: basic::Reject) -> Self {
        Self::BasicReject(method)
    }
}

impl From<basic::RecoverAsync> for Method<'_> {
    #[inline]
    fn from(method: basic::RecoverAsync) -> Self {
        Self::BasicRecoverAsync(method)
    }
}

impl From<basic::Recover> for Method<'_> {
    #[inline]
    fn from(method: basic::Recover) -> Self {
        Self::BasicRecover(method)
    }
}

impl From<basic::RecoverOk> for Method<'_> {
    #[inline]
    fn from(method: basic::RecoverOk) -> Self {
        Self::BasicRecoverOk(method)
    }
}

impl From<basic::Nack> for Method<'_> {
    #[inline]
    fn from(method: basic::Nack) -> Self {
        Self::BasicNack(method)
    }
}

impl From<confirm::Select> for Method<'_> {
    #[inline]
    fn from(method: confirm::Select) -> Self {
        Self::ConfirmSelect(method)
    }
}

impl From<confirm::SelectOk> for Method<'_> {
    #[inline]
    fn from(method: confirm::SelectOk) -> Self {
        Self::ConfirmSelectOk(method)
    }
}

impl From<tx::Select> for Method<'_> {
    #[inline]
    fn from(method: tx::Select) -> Self {
        Self::TxSelect(method)
    }
}

impl From<tx::SelectOk> for Method<'_> {
    #[inline]
    fn from(method: tx::SelectOk) -> Self {
        Self::TxSelectOk(method)
    }
}

impl From<tx::Commit> for Method<'_> {
    #[inline]
    fn from(method: tx::Commit) -> Self {
        Self::TxCommit(method)
    }
}

impl From<tx::CommitOk> for Method<'_> {
    #[inline]
    fn from(method: tx::CommitOk) -> Self {
        Self::TxCommitOk(method)
    }
}

impl From<tx::Rollback> for Method<'_> {
    #[inline]
    fn from(method: tx::Rollback) -> Self {
        Self::TxRollback(method)
    }
}

impl From<tx::RollbackOk> for Method<'_> {
    #[inline]
    fn from(method: tx::RollbackOk) -> Self {
        Self::TxRollbackOk(method)
    }
}
