//! A tour of AMQP 0-9-1: log in, declare, publish with confirms, get, consume, browse, close.
//!
//! ```text
//! cargo run --example tour                                         # a toy broker in memory
//! cargo run --example tour -- amqp://guest:guest@127.0.0.1:5672/%2f    # a real one over TCP
//! ```
//!
//! `script` is the client's application and `broker` the server's; neither knows how octets travel.
//! `memory` and `tcp` drive them, `view` shows what goes over the wire.
#![allow(clippy::std_instead_of_alloc, reason = "an application has std")]

mod address;
mod broker;
mod failure;
mod memory;
mod script;
mod tcp;
mod view;

use core::time::Duration;
use std::process::ExitCode;

use address::Address;
use amqp_proto::ClientConfig;
use failure::Failure;
use script::{Outcome, Script};
use view::View;

fn main() -> ExitCode {
    match tour() {
        Ok(outcome) => {
            view::print(&format_args!("\n{outcome}"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("tour: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tour() -> Result<Outcome, Failure> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next(), arguments.next()) {
        (None, _) => {
            let config = ClientConfig::plain("guest", "guest");
            memory::run(config, Script::new("tour"), View::new())
        }
        (Some(url), None) => {
            let address = Address::parse(&url)?;
            let mut config = ClientConfig::plain(&address.user, &address.password);
            config.virtual_host = address.virtual_host;
            config.handshake_timeout = Duration::from_secs(5);
            // Exchanges can't be exclusive, so two tours at once need two names.
            let script = Script::new(&format!("tour-{}", std::process::id()));
            tcp::run(&address.host, address.port, config, script, View::new())
        }
        (Some(_), Some(_)) => Err(Failure::Arguments),
    }
}
