//! The properties of class `basic`.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use crate::{
    protocol::{Properties, PropertiesBuf, argument::WireType, properties::pass_short_strs},
    wire::{EncodeError, Reader, ShortStr, Table, TableLimits},
};

/// A property of a content, in the order of the flags from bit 15 down (`CNT-13`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Property {
    /// MIME type of the body.
    ContentType,
    /// MIME encoding of the body, such as `gzip`.
    ContentEncoding,
    /// The application's own headers.
    Headers,
    /// 1 for transient, 2 for persistent.
    DeliveryMode,
    /// Priority, 0 to 9 by convention.
    Priority,
    /// Joins a reply to its request.
    CorrelationId,
    /// Where a reply should go, usually a queue.
    ReplyTo,
    /// Lifetime in milliseconds, as decimal digits.
    Expiration,
    /// The application's name for the message.
    MessageId,
    /// When the message was made, in seconds since 1970.
    Timestamp,
    /// The application's kind of message.
    Type,
    /// The user who published; RabbitMQ checks it.
    UserId,
    /// The application that published.
    AppId,
    /// A cluster's mark before 0-9-1; reserved since, but carried.
    ClusterId,
}

impl Property {
    /// All of them, in the order in which their values lie on the wire.
    pub const ALL: &'static [Self] = &[
        Self::ContentType,
        Self::ContentEncoding,
        Self::Headers,
        Self::DeliveryMode,
        Self::Priority,
        Self::CorrelationId,
        Self::ReplyTo,
        Self::Expiration,
        Self::MessageId,
        Self::Timestamp,
        Self::Type,
        Self::UserId,
        Self::AppId,
        Self::ClusterId,
    ];

    /// The flags that may be set: one per property.
    pub(in crate::protocol) const FLAGS: u16 = 0xfffc;

    /// The specification's name, such as `content-type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentType => "content-type",
            Self::ContentEncoding => "content-encoding",
            Self::Headers => "headers",
            Self::DeliveryMode => "delivery-mode",
            Self::Priority => "priority",
            Self::CorrelationId => "correlation-id",
            Self::ReplyTo => "reply-to",
            Self::Expiration => "expiration",
            Self::MessageId => "message-id",
            Self::Timestamp => "timestamp",
            Self::Type => "type",
            Self::UserId => "user-id",
            Self::AppId => "app-id",
            Self::ClusterId => "cluster-id",
        }
    }

    #[inline]
    pub(crate) const fn wire_type(self) -> WireType {
        match self {
            Self::ContentType => WireType::ShortStr,
            Self::ContentEncoding => WireType::ShortStr,
            Self::Headers => WireType::Table,
            Self::DeliveryMode => WireType::Octet,
            Self::Priority => WireType::Octet,
            Self::CorrelationId => WireType::ShortStr,
            Self::ReplyTo => WireType::ShortStr,
            Self::Expiration => WireType::ShortStr,
            Self::MessageId => WireType::ShortStr,
            Self::Timestamp => WireType::LongLong,
            Self::Type => WireType::ShortStr,
            Self::UserId => WireType::ShortStr,
            Self::AppId => WireType::ShortStr,
            Self::ClusterId => WireType::ShortStr,
        }
    }
}

impl<'a> Properties<'a> {
    /// Whether the values whose flags are set are there, and nothing else (`CNT-15`).
    #[inline]
    pub(in crate::protocol) fn passes(flags: u16, mut r: Reader<'_>, limits: &TableLimits) -> bool {
        pass_short_strs(&mut r, flags & 0xc000)
            && (flags & 0x2000 == 0 || r.table(limits).is_some())
            && r.pass(usize::from(flags & 0x1000 != 0) + usize::from(flags & 0x0800 != 0))
            && pass_short_strs(&mut r, flags & 0x0780)
            && r.pass(8 * usize::from(flags & 0x0040 != 0))
            && pass_short_strs(&mut r, flags & 0x003c)
            && r.rest().is_empty()
    }

    /// MIME type of the body.
    #[must_use]
    pub fn content_type(&self) -> Option<ShortStr<'a>> {
        self.find(Property::ContentType)?.short_str()
    }

    /// MIME encoding of the body, such as `gzip`.
    #[must_use]
    pub fn content_encoding(&self) -> Option<ShortStr<'a>> {
        self.find(Property::ContentEncoding)?.short_str()
    }

    /// The application's own headers.
    #[must_use]
    pub fn headers(&self) -> Option<Table<'a>> {
        self.find(Property::Headers)?.checked_table()
    }

    /// 1 for transient, 2 for persistent.
    #[must_use]
    pub fn delivery_mode(&self) -> Option<u8> {
        self.find(Property::DeliveryMode)?.u8()
    }

    /// Priority, 0 to 9 by convention.
    #[must_use]
    pub fn priority(&self) -> Option<u8> {
        self.find(Property::Priority)?.u8()
    }

    /// Joins a reply to its request.
    #[must_use]
    pub fn correlation_id(&self) -> Option<ShortStr<'a>> {
        self.find(Property::CorrelationId)?.short_str()
    }

    /// Where a reply should go, usually a queue.
    #[must_use]
    pub fn reply_to(&self) -> Option<ShortStr<'a>> {
        self.find(Property::ReplyTo)?.short_str()
    }

    /// Lifetime in milliseconds, as decimal digits.
    #[must_use]
    pub fn expiration(&self) -> Option<ShortStr<'a>> {
        self.find(Property::Expiration)?.short_str()
    }

    /// The application's name for the message.
    #[must_use]
    pub fn message_id(&self) -> Option<ShortStr<'a>> {
        self.find(Property::MessageId)?.short_str()
    }

    /// When the message was made, in seconds since 1970.
    #[must_use]
    pub fn timestamp(&self) -> Option<u64> {
        self.find(Property::Timestamp)?.u64()
    }

    /// The application's kind of message.
    #[must_use]
    pub fn r#type(&self) -> Option<ShortStr<'a>> {
        self.find(Property::Type)?.short_str()
    }

    /// The user who published; RabbitMQ checks it.
    #[must_use]
    pub fn user_id(&self) -> Option<ShortStr<'a>> {
        self.find(Property::UserId)?.short_str()
    }

    /// The application that published.
    #[must_use]
    pub fn app_id(&self) -> Option<ShortStr<'a>> {
        self.find(Property::AppId)?.short_str()
    }

    /// A cluster's mark before 0-9-1; reserved since, but carried.
    #[must_use]
    pub fn cluster_id(&self) -> Option<ShortStr<'a>> {
        self.find(Property::ClusterId)?.short_str()
    }
}

impl PropertiesBuf {
    /// Sets content-type: MIME type of the body.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_content_type<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::ContentType, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_content_type`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_content_type<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_content_type(value)?;
        Ok(self)
    }

    /// Sets content-encoding: MIME encoding of the body, such as `gzip`.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_content_encoding<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::ContentEncoding, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_content_encoding`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_content_encoding<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_content_encoding(value)?;
        Ok(self)
    }

    /// Sets headers: the application's own headers.
    ///
    /// # Errors
    ///
    /// When its length does not fit four octets.
    pub fn set_headers<'v>(
        &mut self,
        value: impl Into<Table<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_table(Property::Headers, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_headers`].
    ///
    /// # Errors
    ///
    /// When its length does not fit four octets.
    pub fn with_headers<'v>(mut self, value: impl Into<Table<'v>>) -> Result<Self, EncodeError> {
        self.set_headers(value)?;
        Ok(self)
    }

    /// Sets delivery-mode: 1 for transient, 2 for persistent.
    pub fn set_delivery_mode(&mut self, value: u8) -> &mut Self {
        self.put(Property::DeliveryMode, &[value]);
        self
    }

    /// The same by value, for chains: see [`Self::set_delivery_mode`].
    #[must_use]
    pub fn with_delivery_mode(mut self, value: u8) -> Self {
        self.set_delivery_mode(value);
        self
    }

    /// Sets priority: priority, 0 to 9 by convention.
    pub fn set_priority(&mut self, value: u8) -> &mut Self {
        self.put(Property::Priority, &[value]);
        self
    }

    /// The same by value, for chains: see [`Self::set_priority`].
    #[must_use]
    pub fn with_priority(mut self, value: u8) -> Self {
        self.set_priority(value);
        self
    }

    /// Sets correlation-id: joins a reply to its request.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_correlation_id<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::CorrelationId, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_correlation_id`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_correlation_id<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_correlation_id(value)?;
        Ok(self)
    }

    /// Sets reply-to: where a reply should go, usually a queue.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_reply_to<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::ReplyTo, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_reply_to`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_reply_to<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_reply_to(value)?;
        Ok(self)
    }

    /// Sets expiration: lifetime in milliseconds, as decimal digits.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_expiration<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::Expiration, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_expiration`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_expiration<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_expiration(value)?;
        Ok(self)
    }

    /// Sets message-id: the application's name for the message.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_message_id<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::MessageId, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_message_id`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_message_id<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_message_id(value)?;
        Ok(self)
    }

    /// Sets timestamp: when the message was made, in seconds since 1970.
    pub fn set_timestamp(&mut self, value: u64) -> &mut Self {
        self.put(Property::Timestamp, &value.to_be_bytes());
        self
    }

    /// The same by value, for chains: see [`Self::set_timestamp`].
    #[must_use]
    pub fn with_timestamp(mut self, value: u64) -> Self {
        self.set_timestamp(value);
        self
    }

    /// Sets type: the application's kind of message.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_type<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::Type, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_type`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_type<'v>(mut self, value: impl Into<ShortStr<'v>>) -> Result<Self, EncodeError> {
        self.set_type(value)?;
        Ok(self)
    }

    /// Sets user-id: the user who published; RabbitMQ checks it.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_user_id<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::UserId, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_user_id`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_user_id<'v>(mut self, value: impl Into<ShortStr<'v>>) -> Result<Self, EncodeError> {
        self.set_user_id(value)?;
        Ok(self)
    }

    /// Sets app-id: the application that published.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_app_id<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::AppId, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_app_id`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_app_id<'v>(mut self, value: impl Into<ShortStr<'v>>) -> Result<Self, EncodeError> {
        self.set_app_id(value)?;
        Ok(self)
    }

    /// Sets cluster-id: a cluster's mark before 0-9-1; reserved since, but carried.
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn set_cluster_id<'v>(
        &mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        self.put_short_str(Property::ClusterId, value.into())?;
        Ok(self)
    }

    /// The same by value, for chains: see [`Self::set_cluster_id`].
    ///
    /// # Errors
    ///
    /// When it has more than 255 octets.
    pub fn with_cluster_id<'v>(
        mut self,
        value: impl Into<ShortStr<'v>>,
    ) -> Result<Self, EncodeError> {
        self.set_cluster_id(value)?;
        Ok(self)
    }
}
