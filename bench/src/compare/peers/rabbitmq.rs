//! rabbitmq-c, by way of the shim in `shim/rabbitmq.c`.
#![allow(unsafe_code, reason = "calls into C")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::NonNull;

use super::Decoded;

unsafe extern "C" {
    fn bench_version() -> *const c_char;
    fn bench_connection() -> *mut c_void;
    fn bench_close(state: *mut c_void);
    fn bench_decode(state: *mut c_void, octets: *const u8, len: usize, body: *mut u64) -> i64;
    fn bench_prepare_publish(
        state: *mut c_void,
        octets: *const u8,
        len: usize,
        method: *mut *mut c_void,
        properties: *mut *mut c_void,
    ) -> c_int;
    fn bench_publish(
        method: *mut c_void,
        properties: *mut c_void,
        out: *mut u8,
        room: usize,
        body: *const u8,
        len: usize,
    ) -> i64;
    fn bench_table(
        what: c_int,
        octets: *const u8,
        len: usize,
        out: *mut u8,
        room: usize,
        times: usize,
    ) -> i64;
}

/// The library's version.
pub(crate) fn version() -> String {
    // SAFETY: the library returns a text that ends with a zero and lives as long as the program.
    unsafe { CStr::from_ptr(bench_version()) }.to_string_lossy().into_owned()
}

/// A connection without a socket.
#[derive(Debug)]
pub(crate) struct Connection(NonNull<c_void>);

impl Connection {
    pub(crate) fn new() -> Self {
        // SAFETY: takes nothing and returns a new connection or null.
        Self(NonNull::new(unsafe { bench_connection() }).expect("a connection"))
    }

    /// Decodes octets; the rest of a frame that isn't whole stays with the connection.
    pub(crate) fn decode(&mut self, octets: &[u8]) -> Decoded {
        let mut body = 0;
        // SAFETY: the connection is alive, the shim reads `octets.len()` octets and writes to `body`.
        let frames =
            unsafe { bench_decode(self.0.as_ptr(), octets.as_ptr(), octets.len(), &mut body) };
        let frames = usize::try_from(frames).expect("frames in order");
        Decoded { frames, body_octets: body as usize }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: made by `bench_connection`, and given back once.
        unsafe { bench_close(self.0.as_ptr()) }
    }
}

/// A publish whose method and properties are there as the library's own structures.
#[derive(Debug)]
pub(crate) struct Publish {
    method: *mut c_void,
    properties: *mut c_void,
    /// Both structures lie in the connection's memory and point into the octets.
    _connection: Connection,
    _octets: Box<[u8]>,
}

impl Publish {
    /// From the octets of a publish.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let octets = Box::<[u8]>::from(octets);
        let connection = Connection::new();
        let (mut method, mut properties) = (core::ptr::null_mut(), core::ptr::null_mut());
        // SAFETY: as for `bench_decode`; the shim sets both pointers.
        let code = unsafe {
            bench_prepare_publish(
                connection.0.as_ptr(),
                octets.as_ptr(),
                octets.len(),
                &mut method,
                &mut properties,
            )
        };
        assert_eq!(code, 0, "a publish in order");
        Self { method, properties, _connection: connection, _octets: octets }
    }

    /// Encodes it with this body to the start of `out`, which has room for it; returns the octets.
    pub(crate) fn encode(&self, out: &mut [u8], body: &[u8]) -> usize {
        // Beside the body it needs less than this, the eight octets for each frame of it included.
        assert!(out.len() >= body.len() + body.len() / 1024 + 1024, "no room");
        // SAFETY: the structures are alive; the shim reads `body.len()` octets and writes fewer than `out`
        // has room for.
        let len = unsafe {
            bench_publish(
                self.method,
                self.properties,
                out.as_mut_ptr(),
                out.len(),
                body.as_ptr(),
                body.len(),
            )
        };
        usize::try_from(len).expect("a publish that fits")
    }
}

/// What is done with a table.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Work {
    /// It is decoded each time.
    Decode = 0,
    /// It is decoded once and encoded each time.
    Encode = 1,
    /// It is decoded and encoded each time.
    Forward = 2,
}

/// Works on a table with its length; returns its entries, or the octets at the start of `out`.
pub(crate) fn table(work: Work, octets: &[u8], out: &mut [u8], times: usize) -> usize {
    // SAFETY: the shim reads `octets.len()` octets, writes at most `out.len()` and keeps no pointer to either.
    let result = unsafe {
        let (room, out) = (out.len(), out.as_mut_ptr());
        bench_table(work as c_int, octets.as_ptr(), octets.len(), out, room, times)
    };
    usize::try_from(result).expect("a table in order")
}
