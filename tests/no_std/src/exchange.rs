//! What the program runs: the one file that knows the crate's interface.

use alloc::vec::Vec;

use amqp_proto::frame::{self, Cut, FrameType, RawFrame};
use amqp_proto::wire::{Table, TableBuf, TableLimits, Value};

/// Runs the exchange, or says what went wrong.
pub fn run() -> Result<(), &'static str> {
    tables_and_frames()
    // The client's and the server's engine go here, from the protocol header to the closing
    // handshake, as soon as there are engines.
}

/// Sends a field table in a frame to ourselves.
fn tables_and_frames() -> Result<(), &'static str> {
    let sent = TableBuf::new()
        .with("x-max-length", 5)
        .and_then(|table| table.with("x-queue-mode", "lazy"))
        .map_err(|_| "the table was not built")?;
    let mut octets = Vec::new();
    RawFrame { frame_type: FrameType::BODY, channel: 1, payload: sent.as_octets() }
        .encode(&mut octets)
        .map_err(|_| "the frame was not encoded")?;

    let Ok(Cut::Frame { frame, consumed }) = frame::cut(&octets, 4096) else {
        return Err("the frame was not recognised");
    };
    let received = Table::parse(frame.payload, &TableLimits::default())
        .map_err(|_| "the table was not parsed")?;
    if consumed != octets.len() || received != sent.as_table() {
        return Err("the frame changed on its way");
    }
    match received.get("x-max-length") {
        Some(Value::I32(5)) => Ok(()),
        _ => Err("the value changed on its way"),
    }
}
