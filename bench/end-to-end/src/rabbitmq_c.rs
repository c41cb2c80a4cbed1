//! rabbitmq-c by way of `shim/client.c`.
#![allow(unsafe_code, reason = "calls of C")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use anyhow::{Result, bail, ensure};

use crate::address::Address;
use crate::message;

/// `struct client` of the shim.
#[repr(C)]
struct Opaque {
    _private: [u8; 0],
}

/// `struct message` of the shim.
#[repr(C)]
struct CMessage {
    content_type: *const c_char,
    message_id: *const c_char,
    timestamp: u64,
    delivery_mode: u8,
    text_name: *const c_char,
    text: *const c_char,
    number_name: *const c_char,
    number: i64,
    flag_name: *const c_char,
    flag: c_int,
}

unsafe extern "C" {
    fn amqp_version() -> *const c_char;
    fn bench_open(
        host: *const c_char,
        port: c_int,
        user: *const c_char,
        password: *const c_char,
        virtual_host: *const c_char,
        queue: *const c_char,
        message: *const CMessage,
        body: *mut u8,
        size: usize,
        opened: *mut *mut Opaque,
    ) -> *const c_char;
    fn bench_select_confirms(client: *mut Opaque) -> *const c_char;
    fn bench_prefetch(client: *mut Opaque, count: u16) -> *const c_char;
    fn bench_publish(client: *mut Opaque, first: u64, count: u64) -> *const c_char;
    fn bench_await_confirms(
        client: *mut Opaque,
        first: u64,
        count: u64,
        acked: *mut u8,
    ) -> *const c_char;
    fn bench_consume(
        client: *mut Opaque,
        count: u64,
        ack_every: u64,
        message_id: *const c_char,
    ) -> *const c_char;
    fn bench_count(client: *mut Opaque, count: *mut u32) -> *const c_char;
    fn bench_close(client: *mut Opaque) -> *const c_char;
    fn bench_free(client: *mut Opaque);
}

/// The library's version.
pub(crate) fn version() -> String {
    // SAFETY: it returns a constant string.
    unsafe { CStr::from_ptr(amqp_version()) }.to_string_lossy().into_owned()
}

/// A connection with one channel.
pub(crate) struct Client {
    /// Null, or what `bench_open` has set it to.
    client: *mut Opaque,
    /// The C side keeps pointers to these, whose heap memory stays where it is.
    strings: Vec<CString>,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: &Address, queue: &str, size: usize) -> Result<Self> {
        let mut this =
            Self { client: ptr::null_mut(), strings: Vec::new(), body: message::body(size) };
        let message = CMessage {
            content_type: this.keep(message::CONTENT_TYPE)?,
            message_id: this.keep(message::MESSAGE_ID)?,
            timestamp: message::TIMESTAMP,
            delivery_mode: message::DELIVERY_MODE,
            text_name: this.keep(message::TEXT.0)?,
            text: this.keep(message::TEXT.1)?,
            number_name: this.keep(message::NUMBER.0)?,
            number: message::NUMBER.1,
            flag_name: this.keep(message::FLAG.0)?,
            flag: message::FLAG.1.into(),
        };
        let host = this.keep(&address.host)?;
        let user = this.keep(&address.user)?;
        let password = this.keep(&address.password)?;
        let virtual_host = this.keep(&address.virtual_host)?;
        let queue = this.keep(queue)?;
        // SAFETY: all pointers are valid for as long as `this` lives, which frees the client; the
        // message itself is only read during the call.
        let failed = unsafe {
            bench_open(
                host,
                address.port.into(),
                user,
                password,
                virtual_host,
                queue,
                &raw const message,
                this.body.as_mut_ptr(),
                size,
                &raw mut this.client,
            )
        };
        check(failed)?;
        Ok(this)
    }

    fn keep(&mut self, text: &str) -> Result<*const c_char> {
        let text = CString::new(text)?;
        let pointer = text.as_ptr();
        self.strings.push(text);
        Ok(pointer)
    }

    pub(crate) fn select_confirms(&mut self) -> Result<()> {
        // SAFETY: as for all calls below: the client was opened and isn't closed.
        check(unsafe { bench_select_confirms(self.client) })
    }

    pub(crate) fn prefetch(&mut self, count: u16) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { bench_prefetch(self.client, count) })
    }

    /// Publishes `messages`. With `batch` so many at a time are confirmed before it goes on.
    pub(crate) fn publish(&mut self, messages: u64, batch: Option<u64>) -> Result<()> {
        let Some(batch) = batch else {
            // SAFETY: as above.
            return check(unsafe { bench_publish(self.client, 0, messages) });
        };
        let mut acked = vec![0; usize::try_from(batch)?];
        let mut first = 0;
        while first < messages {
            let count = batch.min(messages - first);
            // SAFETY: as above; `acked` has room for `batch`.
            unsafe {
                check(bench_publish(self.client, first, count))?;
                check(bench_await_confirms(self.client, first + 1, count, acked.as_mut_ptr()))?;
            }
            first += count;
        }
        Ok(())
    }

    /// Consumes `messages` that look as they were published. With `ack_every` one ack covers so many;
    /// else none is needed.
    pub(crate) fn consume(&mut self, messages: u64, ack_every: Option<u64>) -> Result<()> {
        ensure!(ack_every != Some(0), "an ack covers at least one delivery");
        let id = CString::new(message::MESSAGE_ID)?;
        // SAFETY: as above.
        check(unsafe { bench_consume(self.client, messages, ack_every.unwrap_or(0), id.as_ptr()) })
    }

    /// How many messages wait in the queue.
    pub(crate) fn count(&mut self) -> Result<u32> {
        let mut count = 0;
        // SAFETY: as above.
        check(unsafe { bench_count(self.client, &raw mut count) })?;
        Ok(count)
    }

    pub(crate) fn close(self) -> Result<()> {
        // SAFETY: as above; what follows is only `drop`, which frees what no longer has a connection.
        check(unsafe { bench_close(self.client) })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: null or what `bench_open` has allocated; nothing uses it any more.
        unsafe { bench_free(self.client) };
    }
}

fn check(failed: *const c_char) -> Result<()> {
    if failed.is_null() {
        return Ok(());
    }
    // SAFETY: the shim and the library return constant strings.
    bail!("rabbitmq-c: {}", unsafe { CStr::from_ptr(failed) }.to_string_lossy())
}
