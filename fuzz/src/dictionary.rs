//! The dictionary: octets that mean something, from `spec/`, for a fuzzer that knows nothing of them.

use alloc::collections::BTreeSet;
use core::fmt::Write as _;

use crate::layout;

/// Type octets of field values.
const TAGS: &str = "tbBsUuIilLfdDSAFTVxkcC";

/// Mechanisms, locales and what else peers compare with words of their own.
const WORDS: [&[u8]; 14] = [
    b"PLAIN",
    b"AMQPLAIN",
    b"ANONYMOUS",
    b"EXTERNAL",
    b"OWN",
    b"LOGIN",
    b"PASSWORD",
    b"\0guest\0guest",
    b"en_US",
    b"capabilities",
    b"basic.nack",
    b"connection.blocked",
    b"consumer_cancel_notify",
    b"authentication_failure_close",
];

/// Protocol headers, and the beginnings of what isn't AMQP at all.
const BEGINNINGS: [&[u8]; 7] = [
    b"AMQP\0\0\x09\x01",
    b"AMQP\x01\x01\0\x09",
    b"AMQP\x01\x01\x08\0",
    b"AMQP\0\x01\0\0",
    b"GET / HTTP/1.1",
    b"\x16\x03\x01",
    b"SSH-2.0",
];

/// All of it, in libFuzzer's format.
pub(crate) fn text() -> String {
    let mut text = String::from(
        "# Octets that mean something in AMQP. Written by `cargo run --example generate` from `spec/`.\n",
    );
    section(&mut text, "classes and methods", ids());
    let types = [1_u8, 2, 3, 8];
    let headers = types.map(|frame_type| vec![frame_type, 0, u8::from(frame_type != 8), 0, 0, 0]);
    section(&mut text, "the beginnings of frame headers, and the end of a frame", headers);
    section(&mut text, "", [vec![0xCE], vec![8, 0, 0, 0, 0, 0, 0, 0xCE], b"\0\x3C\0\0".to_vec()]);
    section(
        &mut text,
        "types of field values, behind a name",
        TAGS.bytes().map(|tag| vec![1, b'k', tag]),
    );
    let codes = layout::reply_codes().into_iter().map(|code| code.to_be_bytes().to_vec());
    section(&mut text, "reply codes", codes);
    section(&mut text, "words", WORDS.map(Vec::from));
    section(&mut text, "protocol headers and other protocols", BEGINNINGS.map(Vec::from));
    let sizes = [4096_u32, 4088, 4089, 131_072, 131_064, 131_065];
    section(&mut text, "sizes of frames", sizes.map(|size| size.to_be_bytes().to_vec()));
    text
}

/// Class ids with method ids, of all dialects.
fn ids() -> impl Iterator<Item = Vec<u8>> {
    let ids: BTreeSet<_> = layout::all().map(|(_, id, _)| layout::octets_of(id)).collect();
    ids.into_iter().map(Vec::from)
}

fn section(text: &mut String, title: &str, entries: impl IntoIterator<Item = Vec<u8>>) {
    if !title.is_empty() {
        let _ = writeln!(text, "\n# {title}");
    }
    for entry in entries {
        text.push('"');
        for octet in entry {
            match octet {
                b'"' | b'\\' => _ = write!(text, "\\{}", char::from(octet)),
                b' '..=b'~' => text.push(char::from(octet)),
                _ => _ = write!(text, "\\x{octet:02X}"),
            }
        }
        text.push_str("\"\n");
    }
}
