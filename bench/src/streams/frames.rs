//! Frames and what is in them, octet by octet.

/// Appends a frame whose payload `fill` writes.
pub fn frame(out: &mut Vec<u8>, frame_type: u8, channel: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(frame_type);
    out.extend(channel.to_be_bytes());
    sized(out, fill);
    out.push(0xCE);
}

/// Appends a method frame.
pub fn method(
    out: &mut Vec<u8>,
    channel: u16,
    (class_id, method_id): (u16, u16),
    arguments: impl FnOnce(&mut Vec<u8>),
) {
    frame(out, 1, channel, |out| {
        out.extend(class_id.to_be_bytes());
        out.extend(method_id.to_be_bytes());
        arguments(out);
    });
}

/// Appends a header frame of class basic; `properties` are the flags and the values.
pub fn header(out: &mut Vec<u8>, channel: u16, body_size: usize, properties: &[u8]) {
    frame(out, 2, channel, |out| {
        out.extend(60_u16.to_be_bytes());
        out.extend(0_u16.to_be_bytes());
        out.extend((body_size as u64).to_be_bytes());
        out.extend(properties);
    });
}

/// Appends a body frame.
pub fn body(out: &mut Vec<u8>, channel: u16, octets: &[u8]) {
    frame(out, 3, channel, |out| out.extend(octets));
}

/// Appends a string of at most 255 octets.
pub fn short(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).expect("a short string"));
    out.extend(text.as_bytes());
}

/// Appends what `fill` writes, behind its length in 32 bits: long strings, tables, arrays, payloads.
pub fn sized(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; 4]);
    fill(out);
    let len = u32::try_from(out.len() - at - 4).expect("a length of 32 bits");
    out[at..at + 4].copy_from_slice(&len.to_be_bytes());
}

/// Appends a pair of a table: name, type octet, value.
pub fn pair(out: &mut Vec<u8>, name: &str, tag: u8, value: impl FnOnce(&mut Vec<u8>)) {
    short(out, name);
    out.push(tag);
    value(out);
}
