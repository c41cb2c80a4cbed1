//! A client and a server on tokio, over TCP: log in, publish with confirms, consume, close.
//!
//! ```text
//! cargo run -p amqp-tokio-example
//! ```
//!
//! `drive` is the loop between a connection and a stream, for both roles; `client` and `server` are
//! applications that it calls.
#![allow(clippy::std_instead_of_alloc, reason = "an application has std")]

mod client;
mod drive;
mod server;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::process::ExitCode;

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{Initiator, Mechanism};
use drive::Failure;
use tokio::net::{TcpListener, TcpStream};

/// For the whole run.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tokio::time::timeout(LIMIT, run()).await {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => eprintln!("amqp-tokio-example: {failure}"),
        Err(_) => eprintln!("amqp-tokio-example: not done after {LIMIT:?}"),
    }
    ExitCode::FAILURE
}

/// One session with each mechanism that the server offers.
async fn run() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    for mechanism in [Mechanism::plain("guest", "guest"), Mechanism::amqplain("guest", "guest")] {
        let name = mechanism.name().to_owned();
        let server = async {
            // A real server would accept in a loop and spawn a task for each connection.
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            server::serve(stream).await
        };
        let client = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            client::run(stream, mechanism).await
        };
        let (reason, report) = tokio::try_join!(server, client)?;
        if reason.initiator != Initiator::Peer || reason.reply_code != ReplyCode::REPLY_SUCCESS {
            return Err(format!("the server saw another end: {reason}").into());
        }
        println!("{name}: {report}; {reason}");
    }
    Ok(())
}
