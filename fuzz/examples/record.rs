//! A proxy on loopback that writes down one session: `record UPSTREAM FILE`. It prints its own address,
//! takes one connection, and is done when both ends have closed.
//!
//! The file is a row of pieces as they were read: whose they are (0: the client's, 1: the server's), their
//! length in two octets, their octets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{env, fs, io, thread};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [upstream, file] = &arguments[..] else { panic!("usage: record UPSTREAM FILE") };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (client, _) = listener.accept()?;
    let server = TcpStream::connect(upstream)?;
    let record = Arc::new(Mutex::new(Vec::new()));
    let back = {
        let (from, to, record) = (server.try_clone()?, client.try_clone()?, record.clone());
        thread::spawn(move || carry(from, to, 1, &record))
    };
    carry(client, server, 0, &record)?;
    back.join().expect("a thread that only reads and writes")?;
    let record = record.lock().expect("nobody panics with it");
    fs::write(file, &*record)
}

/// Carries one direction to its end.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    whose: u8,
    record: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        // Who resets the connection in place of ending it has ended it.
        let len = from.read(&mut buffer).unwrap_or(0);
        if len == 0 {
            let _ = to.shutdown(Shutdown::Write);
            return Ok(());
        }
        // Written down first: else the answer could come before the question.
        let mut record = record.lock().expect("nobody panics with it");
        record.push(whose);
        record.extend(u16::try_from(len).expect("a short buffer").to_be_bytes());
        record.extend_from_slice(&buffer[..len]);
        drop(record);
        if to.write_all(&buffer[..len]).is_err() {
            return Ok(());
        }
    }
}
