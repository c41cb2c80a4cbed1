//! libFuzzer and the target of this name.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| amqp_fuzz::server(octets));
